"""Linear least squares as a classifier."""

import numpy as np

from helpers.checks import finite_matrix, label_vector
from helpers.training import add_bias


class LinearLeastSquares:
    """Classifier whose scores fit the labels -1 and +1 in least squares.

    Sheet genai-ex2, question 2.1. Solved by `numpy.linalg.lstsq`, which also
    copes with columns that depend on each other, where the inverse of X'X of
    the normal equations does not exist or is worthless.

    Attributes
    ----------
    theta : ndarray of shape (n_features + 1,)
        The weights, and the bias last.

    Examples
    --------
    >>> model = LinearLeastSquares().fit([[0.], [1.], [2.]], [-1, -1, 1])
    >>> model.theta.round(3)
    array([ 1.   , -1.333])
    >>> model.predict([[0.5], [1.5]])
    array([-1,  1])
    """

    def fit(self, X, y):
        """Minimise the sum of (f(x) - y)^2 over the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), of -1 and +1

        Raises
        ------
        ValueError
            If `X` is not a finite matrix, or `y` does not fit it or holds
            other labels.
        """
        X = finite_matrix(X, "X", dtype=np.float64)
        y = label_vector(y, len(X))
        if not np.isin(y, (-1, 1)).all():
            raise ValueError(
                f"y must hold the labels -1 and +1 only, but it holds "
                f"{np.unique(y).tolist()}."
            )
        self.theta = np.linalg.lstsq(add_bias(X), y, rcond=None)[0]
        return self

    def decision_function(self, X):
        """The scores f(x) = <w, x> + b, shape (n_samples,).

        Raises
        ------
        ValueError
            If the model is not fitted or `X` is of another width.
        """
        if not hasattr(self, "theta"):
            raise ValueError(
                "This LinearLeastSquares is not fitted yet; call fit(X, y) "
                "first."
            )
        X = finite_matrix(X, "X", len(self.theta) - 1, np.float64)
        return add_bias(X) @ self.theta

    def predict(self, X):
        """The sign of the score, -1 or +1, shape (n_samples,); +1 at zero."""
        return np.where(self.decision_function(X) >= 0, 1, -1)
