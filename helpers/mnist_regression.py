"""Question 1 of sheet dnn-a4 as functions of its settings.

A module of its own, so that worker processes can import it.
"""

from functools import lru_cache

import numpy as np

from helpers import mnist, training
from helpers.losses import SquaredError, one_hot

SQUARED_ERROR = SquaredError()


@lru_cache
def load_sets(dtype="float64"):
    """Training, evaluation and test set; evaluation is the first sixth.

    Returns
    -------
    dict of name -> (X, y)
        `X` of shape (n, 785): pixels from 0 to 1, and the bias's ones.
    """
    data = mnist.load()
    X, X_test = (
        training.add_bias(np.divide(pixels, 255, dtype=dtype))
        for pixels in (data.X_train, data.X_test)
    )
    sixth = len(X) // 6
    return {
        "training": (X[sixth:], data.y_train[sixth:]),
        "evaluation": (X[:sixth], data.y_train[:sixth]),
        "test": (X_test, data.y_test),
    }


def fit(
    learning_rate,
    num_epochs,
    batch_size,
    loss=SQUARED_ERROR,
    training_set=None,
    start=None,
    monitors=(),
    monitor_every=1,
    rng=None,
    dtype="float64",
):
    """Train as the sheet says: weights at 0.01, batches in stored order.

    Parameters
    ----------
    learning_rate : float
    num_epochs, batch_size : int
    loss : object of helpers.losses
    training_set : (X, y), optional
        By default that of `load_sets`.
    start : ndarray of shape (785, 10), optional
        The weights to start with, if not 0.01.
    monitors : names of the sets to record
    monitor_every : int
        After how many epochs they are recorded.
    rng : numpy.random.Generator, optional
        Shuffles the images before every epoch.
    dtype : str

    Returns
    -------
    helpers.training.History
    """
    sets = load_sets(dtype)
    X, y = training_set or sets["training"]
    batch_size = min(batch_size, len(X))
    steps = -(-len(X) // batch_size) * monitor_every
    return training.train(
        loss,
        X,
        y,
        np.full((X.shape[1], 10), 0.01) if start is None else start,
        learning_rate=learning_rate,
        num_epochs=num_epochs,
        batch_size=batch_size,
        rng=rng,
        monitors={name: sets[name] for name in monitors},
        monitor_steps=range(steps, steps * num_epochs + 1, steps),
    )


def mean_loss(weights, X, y, loss=SQUARED_ERROR):
    """Mean loss of a linear model on a set: the chapter's "error"."""
    return float(loss.values(X @ weights, y).mean(dtype=np.float64))


def accuracy(weights, X, y):
    """Share of images whose largest score is that of their digit."""
    return training.accuracy(X @ weights, one_hot(y, 10))


def epoch_map(learning_rate, batch_size):
    """What an epoch in stored order makes of any weights: A @ weights + B.

    Each step is affine in the weights, and so is an epoch. Columns of weights
    do not mix: those that start as the identity and have no targets end as A,
    those that start at 0 end as B. So many epochs cost little more than one.

    Parameters
    ----------
    learning_rate : float
    batch_size : int

    Returns
    -------
    A, B : ndarrays of shape (785, 785) and (785, 10)
        In single precision. Not finite if the training diverges within the
        epoch.
    """
    X, y = load_sets("float32")["training"]
    num_features = X.shape[1]
    weights = np.eye(num_features, num_features + 10, dtype=X.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for batch in training.minibatches(len(X), batch_size):
            slopes = X[batch] @ weights
            slopes[:, num_features:] -= one_hot(y[batch], 10, X.dtype)
            slopes *= 2 * learning_rate / len(slopes)
            weights -= X[batch].T @ slopes
            if not np.isfinite(slopes).all():
                break
    return np.split(weights, [num_features], axis=1)


def evaluation_errors(learning_rate, batch_size, num_epochs, every=10):
    """Error on the evaluation set after every tenth epoch.

    Returns
    -------
    ndarray of shape (num_epochs // every,)
        Infinite from where the training has diverged.
    """
    A, B = epoch_map(learning_rate, batch_size)
    evaluation = load_sets("float32")["evaluation"]
    weights, errors = np.full_like(B, 0.01), []
    with np.errstate(over="ignore", invalid="ignore"):
        for epoch in range(1, num_epochs + 1):
            weights = A @ weights + B
            if epoch % every == 0:
                errors.append(mean_loss(weights, *evaluation))
    return np.nan_to_num(errors, nan=np.inf, posinf=np.inf)


def fit_by_rate(loss, learning_rates, num_epochs=10, starts=None, rng=None):
    """Weights trained in batches of 100 for each of several learning rates.

    The rates are trained side by side, each with ten columns of the weights,
    so that one product serves all.

    Parameters
    ----------
    loss : object of helpers.losses
    learning_rates : sequence of float
    num_epochs : int
    starts : sequence of ndarrays of shape (785, 10), optional
        The weights to start with for each rate, if not 0.01.
    rng : numpy.random.Generator, optional
        Shuffles the images before every epoch.

    Returns
    -------
    ndarray of shape (len(learning_rates), 785, 10)
        In single precision; not finite where the training has diverged.
    """
    X, y = load_sets("float32")["training"]
    num = len(learning_rates)
    rates = np.repeat(np.array(learning_rates, X.dtype), 10)
    weights = np.full((X.shape[1], 10 * num), 0.01, X.dtype)
    if starts is not None:
        weights = np.hstack(starts).astype(X.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for batch in _batches(len(X), num_epochs, rng):
            images, labels = X[batch], y[batch]
            scores = (images @ weights).reshape(-1, 10)
            slopes = loss.gradient(scores, np.repeat(labels, num))
            slopes = slopes.reshape(-1, 10 * num) * (rates / len(labels))
            weights -= images.T @ slopes
    return np.stack(np.split(weights, num, axis=1))


def left_out_errors(order):
    """Errors with each of six blocks of the 60 000 images left out.

    The six models are trained side by side as in `fit_by_rate`: a
    batch does not move the weights of the model that leaves it out.

    Parameters
    ----------
    order : "stored" or "random"
        Whether a block is a piece of the file or a random sixth.

    Returns
    -------
    ndarray of shape (2, 6)
        Error on the block, and on the images that its model was trained with.
    """
    sets = load_sets("float32")
    X, y = (
        np.concatenate([sets[name][i] for name in ("evaluation", "training")])
        for i in (0, 1)
    )
    if order == "random":
        rows = np.random.default_rng(0).permutation(len(X))
        X, y = X[rows], y[rows]
    block = np.arange(len(X)) * 6 // len(X)  # of each image
    targets = one_hot(y, 10, X.dtype)[:, np.newaxis]
    weights = np.full((X.shape[1], 60), 0.01, X.dtype)
    for batch in _batches(len(X), num_epochs=10):
        slopes = (X[batch] @ weights).reshape(-1, 6, 10) - targets[batch]
        slopes[np.arange(len(slopes)), block[batch]] = 0
        slopes *= 0.01 * 2 / len(slopes)
        weights -= X[batch].T @ slopes.reshape(-1, 60)
    distances = (X @ weights).reshape(-1, 6, 10) - targets
    errors = np.sum(distances**2, axis=2, dtype=np.float64)
    is_left_out = block[:, np.newaxis] == np.arange(6)
    return np.array(
        [np.mean(errors, axis=0, where=w) for w in (is_left_out, ~is_left_out)]
    )


def _batches(num_samples, num_epochs, rng=None):
    """The batches of 100 of several epochs."""
    for _ in range(num_epochs):
        yield from training.minibatches(num_samples, 100, rng)
