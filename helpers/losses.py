"""Losses of linear models: from scores X W to a cost and its gradient.

Every loss offers these methods. With n samples and C columns of scores:

- `predict(scores)`: the model's output, shape (n, C);
- `values(scores, targets)`: one cost for each sample, shape (n,);
- `gradient(scores, targets)`: d values / d scores, shape (n, C);
- `values_and_gradient(scores, targets)`: both at once.

Targets are class labels of shape (n,) or a matrix of shape (n, C), such as
one-hot rows. Nothing overflows, however large the scores: the maximum is
subtracted before exponentials are taken, and logarithms are taken of sums.
"""

import numpy as np


def one_hot(labels, num_classes, dtype=np.float64):
    """Rows with a 1 at the label and 0 elsewhere.

    Parameters
    ----------
    labels : array-like of int, shape (n,), from 0 to num_classes - 1
    num_classes : int

    Returns
    -------
    ndarray of shape (n, num_classes)

    Raises
    ------
    ValueError
        If a label is no whole number or out of range.

    Examples
    --------
    >>> one_hot([2, 0], 3)
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    labels = _labels(labels, num_classes)
    rows = np.zeros((len(labels), num_classes), dtype, order="F")
    rows[np.arange(len(labels)), labels] = 1
    return rows


def sigmoid(x):
    """1 / (1 + exp(-x)), with no exponential of a positive number.

    Examples
    --------
    >>> sigmoid(np.array([-1000., 0., 1000.]))
    array([0. , 0.5, 1. ])
    """
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, small) / (1 + small)


def softmax(scores):
    """exp(scores) normalised over each row, shifted by the row's maximum.

    Examples
    --------
    >>> softmax(np.array([[1000., 1000.], [0., -1000.]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    exponentials = np.exp(_shifted(scores))
    exponentials /= exponentials.sum(axis=1, keepdims=True)
    return exponentials


def log_softmax(scores):
    """The logarithm of `softmax`, also where softmax underflows to 0.

    Examples
    --------
    >>> log_softmax(np.array([[0., -1000.]]))
    array([[    0., -1000.]])
    """
    shifted = _shifted(scores)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _shifted(scores):
    """Scores minus the maximum of their row.

    Column by column in memory: what goes along rows of ten then works on all
    rows at a time, which makes softmax five times as fast.
    """
    scores = np.asfortranarray(scores)
    return scores - scores.max(axis=1, keepdims=True)


class Loss:
    """What the losses have in common."""

    def encode(self, targets, num_columns, dtype=np.float64):
        """Targets as a matrix: labels become one-hot rows."""
        targets = np.asarray(targets)
        if targets.ndim == 1:
            return one_hot(targets, num_columns, dtype)
        return _target_matrix(targets, num_columns, dtype)

    def values_and_gradient(self, scores, targets):
        """`values` and `gradient` at once."""
        return self.values(scores, targets), self.gradient(scores, targets)


class SoftmaxCrossEntropy(Loss):
    """-log p(c | x) of the true class, p = softmax(scores).

    Sheets genai-ex2 (3.1), dnn-a4 (2b, 2c) and tdt4265-a1 (1b, 3a).

    Examples
    --------
    >>> loss = SoftmaxCrossEntropy()
    >>> loss.values(np.zeros((1, 10)), [3]) == np.log(10)
    array([ True])
    >>> loss.gradient(np.zeros((1, 2)), [0])
    array([[-0.5,  0.5]])
    """

    def predict(self, scores):
        """The probabilities of the classes."""
        return softmax(scores)

    def values(self, scores, targets):
        """-log p of the true class, for each sample."""
        targets = self.encode(targets, scores.shape[1], scores.dtype)
        return -(targets * log_softmax(scores)).sum(axis=1)

    def gradient(self, scores, targets):
        """p - target."""
        targets = self.encode(targets, scores.shape[1], scores.dtype)
        gradient = softmax(scores)
        gradient -= targets
        return gradient

    def values_and_gradient(self, scores, targets):
        """`values` and `gradient` from the same exponentials, a third faster.

        -log p is the logarithm of the sum that p is divided by, minus the
        shifted score.
        """
        targets = self.encode(targets, scores.shape[1], scores.dtype)
        shifted = _shifted(scores)
        gradient = np.exp(shifted)
        sums = gradient.sum(axis=1, keepdims=True)
        gradient /= sums
        gradient -= targets
        shifted -= np.log(sums)
        shifted *= targets
        return -shifted.sum(axis=1), gradient


class BinaryCrossEntropy(Loss):
    """-log p(y | x) for y = 1 or 0, p = sigmoid(score), in a single column.

    Sheet tdt4265-a1 (1a, 2a).

    Examples
    --------
    >>> loss = BinaryCrossEntropy()
    >>> loss.values(np.array([[1000.], [-1000.]]), [0, 0])
    array([1000.,    0.])
    >>> loss.gradient(np.array([[0.], [0.]]), [0, 1])
    array([[ 0.5],
           [-0.5]])
    """

    def encode(self, targets, num_columns, dtype=np.float64):
        """Labels 0 and 1 as a column."""
        targets = np.asarray(targets)
        if targets.ndim == 1:
            targets = _labels(targets, num_classes=2)[:, np.newaxis]
        return _target_matrix(targets, num_columns, dtype)

    def predict(self, scores):
        """The probability of label 1."""
        return sigmoid(scores)

    def values(self, scores, targets):
        """-log p of the true label: log(1 + exp(score)) - target * score."""
        targets = self.encode(targets, scores.shape[1], scores.dtype)
        softplus = np.maximum(scores, 0) + np.log1p(np.exp(-np.abs(scores)))
        return (softplus - targets * scores).sum(axis=1)

    def gradient(self, scores, targets):
        """p - target."""
        targets = self.encode(targets, scores.shape[1], scores.dtype)
        return sigmoid(scores) - targets


class SquaredError(Loss):
    """Squared distance of the scores from the one-hot target.

    Sheet dnn-a4 (1a to 1d).

    Examples
    --------
    >>> SquaredError().values(np.array([[3., 0.]]), [1])
    array([10.])
    """

    def predict(self, scores):
        """The scores themselves."""
        return scores

    def values(self, scores, targets):
        """|score - target|^2, for each sample."""
        targets = self.encode(targets, scores.shape[1], scores.dtype)
        return ((scores - targets) ** 2).sum(axis=1)

    def gradient(self, scores, targets):
        """2 (score - target)."""
        targets = self.encode(targets, scores.shape[1], scores.dtype)
        return 2 * (scores - targets)


class SigmoidSquaredError(SquaredError):
    """Squared distance of sigmoid(scores) from the one-hot target.

    Sheet dnn-a4 (1e). Bounded by the number of columns.

    Examples
    --------
    >>> SigmoidSquaredError().values(np.array([[0., -1000.]]), [0])
    array([0.25])
    """

    def predict(self, scores):
        """The sigmoid of each score."""
        return sigmoid(scores)

    def values(self, scores, targets):
        """|p - target|^2, for each sample."""
        return super().values(sigmoid(scores), targets)

    def gradient(self, scores, targets):
        """2 (p - target) p (1 - p)."""
        p = sigmoid(scores)
        return super().gradient(p, targets) * p * (1 - p)


def _labels(labels, num_classes):
    """Labels as a vector of whole numbers below num_classes."""
    labels = np.asarray(labels)
    whole = labels.astype(np.intp)
    if labels.ndim != 1 or not np.array_equal(whole, labels):
        raise ValueError(
            f"Labels must be a vector of whole numbers, but they have shape "
            f"{labels.shape} and type {labels.dtype}."
        )
    if len(whole) and not 0 <= whole.min() <= whole.max() < num_classes:
        raise ValueError(
            f"Labels must lie from 0 to {num_classes - 1}, but they run "
            f"from {whole.min()} to {whole.max()}."
        )
    return whole


def _target_matrix(targets, num_columns, dtype):
    if targets.ndim != 2 or targets.shape[1] != num_columns:
        raise ValueError(
            f"Targets must be labels or a matrix of {num_columns} columns "
            f"like the scores, but their shape is {targets.shape}."
        )
    return targets.astype(dtype, copy=False)
