"""Gradient descent for every loss: scores = X W, the bias as W's last row."""

from dataclasses import dataclass, field, replace

import numpy as np

from helpers.checks import finite_matrix, matrix, number, whole_number


def add_bias(X):
    """Append a column of ones, so that the last row of W is the bias.

    Raises
    ------
    ValueError
        If `X` is not a finite matrix.

    Examples
    --------
    >>> add_bias(np.array([[2., 3.]]))
    array([[2., 3., 1.]])
    """
    X = finite_matrix(X, "X")
    return np.hstack([X, np.ones((len(X), 1), X.dtype)])


def minibatches(num_samples, batch_size, rng=None, drop_last=False):
    """The batches of one epoch, as something to index rows with.

    Parameters
    ----------
    num_samples, batch_size : int
    rng : numpy.random.Generator or RandomState, optional
        Shuffles; without it, batches are consecutive rows as stored.
    drop_last : bool
        Whether a last batch that is not full is left out.

    Yields
    ------
    slice or ndarray of int

    Examples
    --------
    >>> list(minibatches(5, 2))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    >>> list(minibatches(5, 2, drop_last=True))
    [slice(0, 2, None), slice(2, 4, None)]
    """
    order = None if rng is None else rng.permutation(num_samples)
    end = num_samples - num_samples % batch_size if drop_last else num_samples
    for start in range(0, end, batch_size):
        batch = slice(start, min(start + batch_size, end))
        yield batch if order is None else order[batch]


@dataclass
class EarlyStopping:
    """Stop when the loss on a monitored set has not improved for a while.

    Parameters
    ----------
    name : str
        The monitored set to watch.
    patience : int
        How many passes in a row without a new lowest loss end the training.
    """

    name: str
    patience: int
    best_loss: float = field(default=np.inf, init=False)
    best_step: int | None = field(default=None, init=False)
    best_weights: np.ndarray | None = field(default=None, init=False)
    waited: int = field(default=0, init=False)

    def should_stop(self, step, loss, weights):
        """Note the loss after a step; whether patience has run out."""
        if loss < self.best_loss:
            self.best_loss, self.best_step = loss, step
            self.best_weights, self.waited = weights.copy(), 0
        else:
            self.waited += 1
        return self.waited >= self.patience


@dataclass
class History:
    """What a training did, as arrays ready to plot.

    Attributes
    ----------
    weights : ndarray of shape (n_features, n_columns)
        The last ones; with early stopping the best ones.
    steps : ndarray of int
        The number of updates made before each record.
    loss, accuracy : dict of set name -> ndarray, one entry for each of `steps`
        Mean over the set, without the L2 term.
    num_steps : int
        Updates made.
    diverged : bool
        Whether the weights left the range of floating-point numbers.
    best_step : int or None
        The step whose weights early stopping restored.
    """

    weights: np.ndarray
    steps: np.ndarray
    loss: dict
    accuracy: dict
    num_steps: int
    diverged: bool = False
    best_step: int | None = None


def accuracy(predictions, targets):
    """Share of samples whose prediction is right.

    Parameters
    ----------
    predictions : ndarray of shape (n, C)
        The largest column is the predicted class; a single column predicts
        1 from 0.5 on, else 0.
    targets : ndarray of the same shape
        0 and 1, one-hot or a single column.

    Raises
    ------
    ValueError
        If the shapes differ or a prediction is NaN.

    Examples
    --------
    >>> accuracy(np.array([[0.7], [0.5]]), np.array([[1], [0]]))
    0.5
    """
    if np.shape(predictions) != np.shape(targets):
        raise ValueError(
            f"Predictions of shape {np.shape(predictions)} need targets of "
            f"the same shape, but theirs is {np.shape(targets)}."
        )
    if np.isnan(predictions).any():
        raise ValueError("predictions must be numbers, but some are NaN.")
    return _share_right(predictions, targets)


def _share_right(predictions, targets):
    """`accuracy` while training, where numbers may have left their range."""
    if predictions.shape[1] == 1:
        return float(np.mean((predictions >= 0.5) == targets))
    right = targets[np.arange(len(targets)), predictions.argmax(axis=1)]
    return float(right.mean(dtype=np.float64))


def train(
    loss,
    X,
    y,
    weights,
    *,
    learning_rate,
    num_epochs,
    batch_size=None,
    rng=None,
    drop_last=False,
    reduction="mean",
    l2=0.0,
    l2_on_bias=True,
    monitors=None,
    monitor_steps=(),
    early_stopping=None,
):
    """Minimise a loss by gradient descent, in full batches or mini-batches.

    Parameters
    ----------
    loss : object of helpers.losses
    X : ndarray of shape (n_samples, n_features)
        Its last column is the bias's, see `add_bias`. All is computed in its
        type; in float32 where it holds bytes or float16.
    y : ndarray
        Labels of shape (n_samples,) or targets of shape (n_samples, C).
    weights : ndarray of shape (n_features, C)
        Where to start; not changed.
    learning_rate : float
    num_epochs : int
    batch_size : int, optional
        All samples by default: one update an epoch.
    rng, drop_last
        See `minibatches`.
    reduction : "mean", "sum" or float
        How the gradients of a batch's samples are put together: their mean,
        their sum, or their sum times a factor.
    l2 : float
        Adds l2 times the sum of the squared weights to the cost.
    l2_on_bias : bool
        Whether that sum includes the bias.
    monitors : dict of name -> (X, y), optional
        Sets on which loss and accuracy are recorded.
    monitor_steps : container of int
        After how many updates they are recorded: `range(0, 11, 5)` is before
        the first update, after the fifth and after the tenth.
    early_stopping : EarlyStopping, optional
        Asked at each record.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        If the shapes do not fit, a value is NaN, or an argument is out of
        its range.
    """
    X = matrix(X, "X", len(weights))
    X = X.astype(np.result_type(X, np.float32), copy=False)
    weights = finite_matrix(weights, "weights", dtype=X.dtype).copy()
    targets = loss.encode(y, (len(X), weights.shape[1]), X.dtype)
    finite_matrix(targets, "y")
    number(learning_rate, "learning_rate", 0)
    number(l2, "l2", 0)
    whole_number(num_epochs, "num_epochs", 0)
    if batch_size is None:
        batch_size = len(X)
    whole_number(batch_size, "batch_size", 1, len(X))
    penalty = np.full((len(weights), 1), 2 * l2, X.dtype)
    if not l2_on_bias:
        penalty[-1] = 0
    batches = (
        batch
        for _ in range(num_epochs)
        for batch in minibatches(len(X), batch_size, rng, drop_last)
    )
    in_one_batch = batch_size == len(X) and rng is None
    records = _Records(
        loss, monitors or {}, monitor_steps, early_stopping, weights
    )
    records.take(0, weights)
    with np.errstate(over="ignore", invalid="ignore"):
        for step, batch in enumerate(batches, 1):
            X_batch = X[batch]
            slopes = records.gradient_of(X, y) if in_one_batch else None
            if slopes is None:
                slopes = loss.gradient(X_batch @ weights, targets[batch])
            gradient = X_batch.T @ slopes
            gradient *= _factor(reduction, len(X_batch))
            if l2:
                gradient += penalty * weights
            gradient *= learning_rate
            weights -= gradient
            if records.take(step, weights):
                break
    if records.diverged:
        finite_matrix(X, "X")  # a NaN in X is a mistake, not a divergence
    return records.history(weights)


def _factor(reduction, batch_size):
    """What the sum of the gradients of a batch is multiplied by."""
    if not isinstance(reduction, str):
        return number(reduction, "reduction", 0)
    named = {"sum": 1.0, "mean": 1 / batch_size}
    if reduction not in named:
        raise ValueError(
            f"reduction must be 'mean', 'sum' or a number, but it is "
            f"{reduction!r}."
        )
    return named[reduction]


class _Records:
    """Keeps the curves of a training and knows when it has to stop."""

    def __init__(self, loss, monitors, steps, early_stopping, weights):
        if early_stopping and early_stopping.name not in monitors:
            raise ValueError(
                f"early_stopping watches {early_stopping.name!r}, which is "
                f"not among the monitors {list(monitors)}."
            )
        if early_stopping:
            whole_number(early_stopping.patience, "patience", 1)
        self.loss = loss
        self.monitors = {}
        for name, (X, y) in monitors.items():
            X = matrix(X, f"X of {name!r}", len(weights))
            shape = len(X), weights.shape[1]
            targets = loss.encode(y, shape, weights.dtype)
            self.monitors[name] = X, y, targets
        self.steps = steps
        self.stopping = early_stopping and replace(early_stopping)
        self.taken = []
        self.losses = {name: [] for name in monitors}
        self.accuracies = {name: [] for name in monitors}
        self.num_steps, self.diverged = 0, False

    def take(self, step, weights):
        """Record after a step; whether the training has to stop."""
        self.num_steps = step
        self.gradients = []
        if not np.isfinite(weights).all():
            self.diverged = True
            return True
        if step not in self.steps:
            return False
        self.taken.append(step)
        for name, (X, y, targets) in self.monitors.items():
            scores = X @ weights
            values, gradient = self.loss.values_and_gradient(scores, targets)
            self.gradients.append((X, y, gradient))
            self.losses[name].append(values.mean())
            if np.isnan(values.mean()):  # of a mistake, or of divergence
                finite_matrix(X, f"X of {name!r}")
                finite_matrix(targets, f"y of {name!r}")
            if scores.shape[1] == 1:
                scores = self.loss.predict(scores)
            # Else the largest score is the largest prediction.
            self.accuracies[name].append(_share_right(scores, targets))
        return self.stopping is not None and self.stopping.should_stop(
            step, self.losses[self.stopping.name][-1], weights
        )

    def gradient_of(self, X, y):
        """d values / d scores as the last record took it, or None.

        With the training set among the monitors, every record has made the
        forward pass of the next step: a third of the time of full batches.
        """
        for monitor_X, monitor_y, gradient in self.gradients:
            if monitor_X is X and monitor_y is y:
                return gradient
        return None

    def history(self, weights):
        """The records as a History."""
        best_step = None
        if self.stopping and self.stopping.best_step is not None:
            weights = self.stopping.best_weights
            best_step = self.stopping.best_step
        return History(
            weights=weights,
            steps=np.array(self.taken, dtype=int),
            loss={name: np.array(v) for name, v in self.losses.items()},
            accuracy={k: np.array(v) for k, v in self.accuracies.items()},
            num_steps=self.num_steps,
            diverged=self.diverged,
            best_step=best_step,
        )
