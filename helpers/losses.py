"""Losses of linear models: from scores X W to a cost and its gradient.

Every loss offers these methods. With n samples and C columns of scores:

- `predict(scores)`: the model's output, shape (n, C);
- `values(scores, targets)`: one cost for each sample, shape (n,);
- `gradient(scores, targets)`: d values / d scores, shape (n, C);
- `values_and_gradient(scores, targets)`: both at once.

Targets are class labels of shape (n,) or a matrix of shape (n, C), such as
one-hot rows. Cross-entropies do not overflow, however large the scores: the
maximum is subtracted before exponentials are taken, and logarithms are taken
of sums. Integers are taken as float64.
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
    x = _floats(x)
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
    shifted = _bounded(_shifted(scores))
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _shifted(scores):
    """Scores minus the maximum of their row.

    Column by column in memory: what goes along rows of ten then works on all
    rows at a time, which makes softmax five times as fast.
    """
    scores = np.asfortranarray(_floats(scores))
    with np.errstate(over="ignore"):  # exp(-inf) is right
        return scores - scores.max(axis=1, keepdims=True)


def _bounded(shifted):
    """The lowest number for -inf: 0 times that is 0, not NaN."""
    return np.maximum(shifted, np.finfo(shifted.dtype).min, out=shifted)


class Loss:
    """What the losses have in common."""

    def encode(self, targets, shape, dtype=np.float64):
        """Targets as a matrix of the scores' shape: labels become one-hot."""
        given = np.asarray(targets)
        targets = given
        if given.ndim == 1:
            targets = self.encode_labels(given, shape[1], dtype)
        if targets.shape != shape:
            raise ValueError(
                f"Targets must be {shape[0]} labels or a matrix of shape "
                f"{shape} like the scores, but their shape is {given.shape}."
            )
        return targets.astype(dtype, copy=False)

    def encode_labels(self, labels, num_columns, dtype):
        """One-hot rows."""
        return one_hot(labels, num_columns, dtype)

    def matched(self, scores, targets):
        """Scores as floats, and targets as a matrix like them."""
        scores = _floats(scores)
        return scores, self.encode(targets, scores.shape, scores.dtype)

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
        scores, targets = self.matched(scores, targets)
        return -(targets * log_softmax(scores)).sum(axis=1)

    def gradient(self, scores, targets):
        """p - target."""
        scores, targets = self.matched(scores, targets)
        gradient = softmax(scores)
        gradient -= targets
        return gradient

    def values_and_gradient(self, scores, targets):
        """`values` and `gradient` from the same exponentials, a third faster.

        -log p is the logarithm of the sum that p is divided by, minus the
        shifted score.
        """
        scores, targets = self.matched(scores, targets)
        shifted = _bounded(_shifted(scores))
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

    def encode_labels(self, labels, num_columns, dtype):
        """Labels 0 and 1 as a column."""
        return _labels(labels, num_classes=2)[:, np.newaxis]

    def predict(self, scores):
        """The probability of label 1."""
        return sigmoid(scores)

    def values(self, scores, targets):
        """-log p of the true label: log(1 + exp(score)) - target * score."""
        scores, targets = self.matched(scores, targets)
        softplus = np.maximum(scores, 0) + np.log1p(np.exp(-np.abs(scores)))
        return (softplus - targets * scores).sum(axis=1)

    def gradient(self, scores, targets):
        """p - target."""
        scores, targets = self.matched(scores, targets)
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
        scores, targets = self.matched(scores, targets)
        return ((scores - targets) ** 2).sum(axis=1)

    def gradient(self, scores, targets):
        """2 (score - target)."""
        scores, targets = self.matched(scores, targets)
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


def _floats(values):
    """Values as they are, or integers as float64; complex ones are refused."""
    values = np.asarray(values)
    dtype = values.dtype if values.dtype.kind == "f" else np.float64
    return values.astype(dtype, casting="same_kind", copy=False)


def _labels(labels, num_classes):
    """Labels as a vector of whole numbers below num_classes."""
    labels = np.asarray(labels)
    with np.errstate(invalid="ignore"):  # NaN becomes some number
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
