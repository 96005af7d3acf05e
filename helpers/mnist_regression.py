"""Question 1d of sheet dnn-a4 as a function of its settings.

A module of its own, so that worker processes can import it.
"""

from functools import lru_cache

import numpy as np

from helpers import mnist
from helpers.losses import SquaredError, one_hot
from helpers.training import accuracy, add_bias, train


@lru_cache
def split():
    """Training, evaluation and test set; evaluation is the first sixth.

    Returns
    -------
    dict of name -> (X, y)
        `X` of shape (n, 785): pixels from 0 to 1, and the bias's ones.
    """
    data = mnist.load()
    X, X_test = (add_bias(X / 255) for X in (data.X_train, data.X_test))
    first = len(X) // 6
    return {
        "training": (X[first:], data.y_train[first:]),
        "evaluation": (X[:first], data.y_train[:first]),
        "test": (X_test, data.y_test),
    }


def run(learning_rate, num_epochs, batch_size, loss=None, monitors=()):
    """Train as the sheet says: weights at 0.01, batches in stored order.

    Parameters
    ----------
    learning_rate : float
    num_epochs, batch_size : int
    loss : object of helpers.losses, optional
        The squared error by default.
    monitors : names of the sets to record after every epoch

    Returns
    -------
    helpers.training.History
    """
    sets = split()
    X, y = sets["training"]
    per_epoch = -(-len(X) // batch_size)
    return train(
        loss or SquaredError(),
        X,
        y,
        np.full((X.shape[1], 10), 0.01),
        learning_rate=learning_rate,
        num_epochs=num_epochs,
        batch_size=batch_size,
        monitors={name: sets[name] for name in monitors},
        monitor_steps=range(per_epoch, per_epoch * num_epochs + 1, per_epoch),
    )


def score(weights, name, loss=None):
    """Mean loss and accuracy of weights on one of the sets."""
    loss = loss or SquaredError()
    X, y = split()[name]
    scores = X @ weights
    targets = one_hot(y, 10)
    mean = float(loss.values(scores, targets).mean())
    return mean, accuracy(loss.predict(scores), targets)


def evaluate(learning_rate, batch_size, num_epochs):
    """Mean loss on the evaluation set after each epoch.

    Returns
    -------
    ndarray of shape (num_epochs,)
        Infinite from where the training has diverged.
    """
    history = run(
        learning_rate, num_epochs, batch_size, monitors=["evaluation"]
    )
    errors = np.full(num_epochs, np.inf)
    found = history.loss["evaluation"]
    errors[: len(found)] = found
    return errors
