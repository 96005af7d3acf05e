import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from helpers.lls import LinearLeastSquares
from helpers.toy_data import outlier_blobs


@pytest.mark.parametrize("outlier", [1, 4, 16])
def test_theta_is_that_of_sklearns_linear_regression(outlier):
    X, y, X_test, _ = outlier_blobs(outlier)
    model = LinearLeastSquares().fit(X, y)
    reference = LinearRegression().fit(X, y)
    np.testing.assert_allclose(
        model.theta, [*reference.coef_, reference.intercept_]
    )
    np.testing.assert_allclose(
        model.decision_function(X_test), reference.predict(X_test)
    )


def test_known_thetas_and_test_accuracies_are_reproduced():
    thetas = {
        1: (-0.9397, -0.8992, 0.9119),
        2: (-0.9841, -0.8297, 0.9018),
        4: (-1.1502, -0.5557, 0.8509),
    }
    accuracies = {1: 1.00, 2: 1.00, 4: 1.00, 8: 0.98, 16: 0.93}
    for outlier, expected in accuracies.items():
        X, y, X_test, y_test = outlier_blobs(outlier)
        model = LinearLeastSquares().fit(X, y)
        if outlier in thetas:
            np.testing.assert_allclose(model.theta, thetas[outlier], atol=5e-5)
        assert np.mean(model.predict(X_test) == y_test) == expected


def test_data_of_other_types_are_fitted_as_float64():
    X, y, X_test, _ = outlier_blobs(4)
    X, X_test = X.astype(np.float32), X_test.astype(np.float32)
    found = LinearLeastSquares().fit(X, y)
    expected = LinearLeastSquares().fit(X.astype(float), y)
    np.testing.assert_array_equal(found.theta, expected.theta)
    np.testing.assert_array_equal(
        found.decision_function(X_test),
        expected.decision_function(X_test.astype(float)),
    )


def test_a_score_of_zero_is_plus_one():
    model = LinearLeastSquares().fit([[-1.0], [1.0]], [-1, 1])
    model.theta = np.array([1.0, 0.0])
    assert model.decision_function([[0.0]]) == 0
    assert model.predict([[0.0], [-0.0], [-1e-300]]).tolist() == [1, 1, -1]


def test_dependent_columns_are_fitted_all_the_same():
    x = np.linspace(-1, 1, 20)
    X, y = np.stack([x, 2 * x, 0 * x], axis=1), np.where(x > 0, 1, -1)
    plain = LinearLeastSquares().fit(X[:, :1], y)
    np.testing.assert_allclose(
        LinearLeastSquares().fit(X, y).decision_function(X),
        plain.decision_function(X[:, :1]),
        atol=1e-12,
    )


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: LinearLeastSquares().fit([[1.0]], [0]), r"it holds \[0\]"),
        (lambda: LinearLeastSquares().fit([[np.nan]], [1]), "X must be fin"),
        (lambda: LinearLeastSquares().fit([[1j]], [1]), "X must hold real"),
        (lambda: LinearLeastSquares().fit([[1.0]], [np.nan]), "y must hold"),
        (lambda: LinearLeastSquares().fit([[1.0]], [1 + 0j]), "or complex"),
        (lambda: LinearLeastSquares().fit([[1.0]], [1, 1]), "one label for"),
        (lambda: LinearLeastSquares().predict([[1.0]]), "not fitted yet"),
        (
            lambda: LinearLeastSquares().fit([[1.0]], [1]).predict([[1, 2]]),
            "must have 1 columns",
        ),
    ],
)
def test_bad_use_is_explained(act, message):
    with pytest.raises(ValueError, match=message):
        act()
