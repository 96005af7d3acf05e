"""Small data sets, split into training and test arrays, and a grid."""

import numpy as np
from sklearn.datasets import make_moons

NUM_TRAIN_MOONS = 900
MOONS_NOISE = 0.2


def moons():
    """Two moons, 900 training and 100 test samples; sheet genai-ex2, task 1.

    Returns
    -------
    X_train : ndarray of shape (900, 2)
    y_train : ndarray of shape (900,), 0 for the upper moon, 1 for the lower
    X_test : ndarray of shape (100, 2)
    y_test : ndarray of shape (100,)
    """
    X, y = make_moons(n_samples=1000, noise=MOONS_NOISE, random_state=0)
    n = NUM_TRAIN_MOONS
    return X[:n], y[:n], X[n:], y[n:]


def moons_density(queries):
    """The true p(x|c) of the two moons: what `moons` draws its samples from.

    scikit-learn puts 500 points at even steps on each half circle and adds
    Gaussian noise, so p(x|c) is the mean of 500 Gaussians.

    Parameters
    ----------
    queries : array-like of shape (n_queries, 2)

    Returns
    -------
    ndarray of shape (2, n_queries)
    """
    angle = np.linspace(0, np.pi, 500)
    upper = np.stack([np.cos(angle), np.sin(angle)])
    lower = np.array([[1.0], [0.5]]) - upper
    variance = MOONS_NOISE**2
    x1, x2 = np.transpose(queries)
    densities = []
    for centre1, centre2 in (upper, lower):
        squared = (
            np.subtract.outer(x1, centre1) ** 2
            + np.subtract.outer(x2, centre2) ** 2
        )
        gaussians = np.exp(-squared / (2 * variance))
        densities.append(gaussians.mean(axis=1) / (2 * np.pi * variance))
    return np.array(densities)


def grid(x1_range, x2_range, num=100):
    """A num x num grid over a box, as axes and as points.

    Returns
    -------
    x1, x2 : ndarrays of shape (num,)
        The two axes.
    points : ndarray of shape (num * num, 2)
        Row after row, x1 running fastest, so that values at the points can
        be reshaped to (num, num) and drawn over `x1` and `x2`.

    Examples
    --------
    >>> grid((0, 1), (5, 6), num=2)[2]
    array([[0., 5.],
           [1., 5.],
           [0., 6.],
           [1., 6.]])
    """
    x1, x2 = np.linspace(*x1_range, num), np.linspace(*x2_range, num)
    points = np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)
    return x1, x2, points
