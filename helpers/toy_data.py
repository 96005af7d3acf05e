"""Small data sets, split into training and test arrays, and a grid."""

import numpy as np
from sklearn.datasets import load_digits, make_moons
from sklearn.model_selection import train_test_split

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


def outlier_blobs(outlier):
    """Two blobs and one far point; sheet genai-ex2, task 2.

    Label +1 around (0, 0), label -1 around (1, 1), and one training sample of
    label -1 at outlier * (1, 1.75): on its own class's side, but far out.

    Parameters
    ----------
    outlier : float
        The magnitude, n in the sheet.

    Returns
    -------
    X_train : ndarray of shape (901, 2), the outlier in the last row
    y_train : ndarray of shape (901,)
    X_test : ndarray of shape (100, 2)
    y_test : ndarray of shape (100,)
    """
    rng = np.random.RandomState(0)
    X = np.concatenate([rng.randn(500, 2) * 0.2, 1 + rng.randn(500, 2) * 0.2])
    y = np.repeat([1, -1], 500)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.1, shuffle=True, random_state=0
    )
    X_train = np.vstack([X_train, [outlier, 1.75 * outlier]])
    return X_train, np.append(y_train, -1), X_test, y_test


def digits():
    """scikit-learn's handwritten digits; sheet genai-ex2, task 3.

    Returns
    -------
    X_train : ndarray of shape (1347, 64), 8 x 8 pixels from 0 to 1
    y_train : ndarray of shape (1347,), 0 to 9
    X_test : ndarray of shape (450, 64)
    y_test : ndarray of shape (450,)
    """
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(
        X / 16, y, test_size=0.25, shuffle=True, random_state=0
    )
    return X_train, y_train, X_test, y_test
