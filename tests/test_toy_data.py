import numpy as np
from sklearn.datasets import make_moons

from helpers.toy_data import (
    digits,
    grid,
    moons,
    moons_density,
    outlier_blobs,
)


def test_moons_are_the_rows_of_the_sheet_in_order():
    X, y = make_moons(n_samples=1000, noise=0.2, random_state=0)
    X_train, y_train, X_test, y_test = moons()
    np.testing.assert_array_equal(np.concatenate([X_train, X_test]), X)
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), y)
    assert np.bincount(y_train).tolist() == [453, 447]


def test_the_true_density_integrates_to_one():
    x1, x2, points = grid((-3, 4), (-3, 3), num=200)
    for values in moons_density(points):
        rows = np.trapezoid(values.reshape(200, 200), x1)
        np.testing.assert_allclose(np.trapezoid(rows, x2), 1, rtol=1e-3)


def test_the_true_density_predicts_how_many_samples_fall_into_a_box():
    X, y = make_moons(n_samples=100_000, noise=0.2, random_state=7)
    x1, x2, points = grid((0.0, 1.0), (0.0, 1.0), num=60)
    inside = ((points[0] <= X) & (points[-1] >= X)).all(axis=1)
    for c, values in enumerate(moons_density(points)):
        rows = np.trapezoid(values.reshape(60, 60), x1)
        expected = np.trapezoid(rows, x2)
        np.testing.assert_allclose(inside[y == c].mean(), expected, rtol=0.05)


def test_each_moon_is_where_its_name_says():
    # The upper one's top, the lower one's bottom, and the middle of the arcs.
    upper, lower = moons_density([[0, 1], [1, -0.5], [0.5, 0.25]])
    assert upper[0] > 0.2 > 0.02 > upper[1]
    assert lower[1] > 0.2 > 0.02 > lower[0]
    np.testing.assert_allclose(upper[2], lower[2])  # they mirror each other
    X, y, *_ = moons()
    for c in 0, 1:
        own, other = moons_density(X[y == c])[[c, 1 - c]]
        assert np.mean(own > other) > 0.95


def test_grid_points_run_along_the_first_axis_first():
    x1, x2, points = grid((0, 2), (5, 6), num=3)
    values = points[:, 0] * 10 + points[:, 1]
    np.testing.assert_array_equal(
        values.reshape(3, 3), x1 * 10 + x2[:, np.newaxis]
    )


def test_the_blobs_are_those_of_the_sheet_with_the_outlier_last():
    X, y, X_test, y_test = outlier_blobs(4)
    assert X.shape == (901, 2)
    assert X_test.shape == (100, 2)
    assert X[-1].tolist() == [4, 7]
    assert y[-1] == -1
    assert np.unique(y).tolist() == np.unique(y_test).tolist() == [-1, 1]
    np.testing.assert_allclose(X[y == 1].mean(axis=0), [0, 0], atol=0.03)
    np.testing.assert_allclose(X[:-1][y[:-1] == -1].mean(axis=0), 1, atol=0.03)
    np.testing.assert_allclose(X[0], [0.797645, 1.016994], atol=1e-6)
    assert y_test[:8].tolist() == [-1, -1, 1, -1, -1, -1, 1, 1]
    near = outlier_blobs(1)
    np.testing.assert_array_equal(near[0][:-1], X[:-1])


def test_digits_are_scaled_and_split_as_the_sheet_says():
    X, y, X_test, y_test = digits()
    assert X.shape == (1347, 64)
    assert X_test.shape == (450, 64)
    assert X.min() == 0
    assert X.max() == 1
    assert sorted({*y, *y_test}) == list(range(10))
    assert y_test[:8].tolist() == [2, 8, 2, 6, 6, 7, 1, 9]
