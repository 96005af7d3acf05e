"""MNIST as the editions of sheet tdt4265-a1 split it, and curves over it."""

from functools import partial

import numpy as np

from helpers import mnist
from helpers.training import add_bias

NUM_TRAINING, NUM_TEST = 60_000, 10_000  # images in MNIST's two files
NUM_USED = 20_000  # of the training file, by both editions


def sets_2023(digits=None, dtype=np.float64):
    """Pixels from -1 to 1; the whole test file is the validation set.

    Parameters
    ----------
    digits : (int, int), optional
        Keep only these two; the first becomes label 1, the second label 0.
    dtype : type of `X`

    Returns
    -------
    dict of name -> (X, y)
        The sets "training", "validation" and "unseen", which is the rest of
        the training file; `X` of shape (n, 785) with the bias's ones last.
    """
    images, labels, test_images, test_labels = _files()
    sets = {
        "training": (images[:NUM_USED], labels[:NUM_USED]),
        "validation": (test_images, test_labels),
        "unseen": (images[NUM_USED:], labels[NUM_USED:]),
    }
    ready = partial(_ready, lambda pixels: pixels / 127.5 - 1, digits, dtype)
    return {name: ready(*given) for name, given in sets.items()}


def sets_2020(rng, digits=None, dtype=np.float64):
    """Pixels from 0 to 1; a shuffled tenth of the images for validation.

    Parameters
    ----------
    rng : numpy.random.Generator or RandomState
        Shuffles the first 20 000 training images before they are split.
    digits, dtype
        As in `sets_2023`.

    Returns
    -------
    dict of name -> (X, y)
        The sets "training", "validation" and "test", the last 2000 images of
        the test file.
    """
    images, labels, test_images, test_labels = _files()
    ready = partial(_ready, lambda pixels: pixels / 255, digits, dtype)
    order = rng.permutation(NUM_USED)
    X, y = ready(images[order], labels[order])
    end = len(y) * 9 // 10
    return {
        "training": (X[:end], y[:end]),
        "validation": (X[end:], y[end:]),
        "test": ready(test_images[-2000:], test_labels[-2000:]),
    }


def losses_and_accuracies(weights, X, y):
    """Mean cross-entropy and accuracy of softmax models on a set.

    Parameters
    ----------
    weights : sequence of ndarrays of shape (785, 10), the models
        Their scores come from one matrix product, which takes a fraction of
        the time of many.
    X, y : ndarrays of shape (n, 785) and (n,), the labels

    Returns
    -------
    losses, accuracies : ndarrays of shape (len(weights),)
    """
    scores = _scores(weights, X)
    shares = _shares_right(scores, y)
    scores -= scores.max(axis=1, keepdims=True)
    of_label = scores[np.arange(len(y)), y]
    sums = np.exp(scores, out=scores).sum(axis=1)
    losses = np.mean(np.log(sums) - of_label, axis=0, dtype=np.float64)
    return losses, shares


def accuracies(weights, X, y):
    """Accuracy alone, in half the time of `losses_and_accuracies`."""
    return _shares_right(_scores(weights, X), y)


def _shares_right(scores, y):
    """Share of images whose largest score is that of their label."""
    return np.mean(scores.argmax(axis=1) == y[:, np.newaxis], axis=0)


def _scores(weights, X):
    """Array of shape (n, 10, len(weights))."""
    columns = np.stack(list(weights), axis=2).astype(X.dtype)
    return (X @ columns.reshape(X.shape[1], -1)).reshape(len(X), 10, -1)


def _files():
    """MNIST's arrays; a smaller stand-in is repeated up to MNIST's sizes.

    So the number of batches is the same with both.
    """
    data = mnist.load()
    sizes = NUM_TRAINING, NUM_TRAINING, NUM_TEST, NUM_TEST
    return [
        np.resize(array, (size, *array.shape[1:]))
        for array, size in zip(data[:4], sizes, strict=True)
    ]


def _ready(scale, digits, dtype, images, labels):
    """X and y of one set."""
    if digits:
        chosen = np.isin(labels, digits)
        images, labels = images[chosen], labels[chosen] == digits[0]
    return add_bias(scale(images).astype(dtype)), labels.astype(int)
