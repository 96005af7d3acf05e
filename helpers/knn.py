"""k-nearest-neighbour classification and density estimation."""

import math

import numpy as np

from helpers.checks import finite_matrix, label_vector, whole_number
from helpers.nearest import nearest_neighbours


class KNN:
    """k-nearest-neighbour classifier and density estimator.

    Sheet genai-ex2, questions 1.2 to 1.8. The model is its training data:
    `fit` copies it, all work is done when a query comes. Whatever takes `ks`
    answers for those instead of `k`, from one search for the largest.

    Parameters
    ----------
    k : int
        Number of neighbours, at least 1.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The labels seen by `fit`, sorted.
    priors : ndarray of shape (n_classes,)
        p(c), the share of each class in the training data.

    Examples
    --------
    >>> model = KNN(k=3).fit([[0.], [1.], [2.], [9.]], ["a", "b", "b", "a"])
    >>> model.predict([[0.4], [8.]])
    array(['b', 'b'], dtype='<U1')
    """

    def __init__(self, k):
        self.k = whole_number(k, "k", 1)

    def fit(self, X, y):
        """Store the training data.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Raises
        ------
        ValueError
            If `X` is not a finite matrix, `y` does not fit it, or there are
            fewer than k samples.
        """
        X = finite_matrix(X, "X")
        y = label_vector(y, len(X))
        whole_number(self.k, "k", 1, len(X))
        self.X = X.copy()  # the caller may change his, and in his type: small
        self.classes, self.codes = np.unique(y, return_inverse=True)
        self.priors = np.bincount(self.codes) / len(X)
        return self

    def kneighbours(self, queries):
        """Indices and distances of the k nearest training samples.

        Returns
        -------
        indices, distances : ndarrays of shape (n_queries, k)
            Nearest first; of equally near samples the first one first. For a
            single query, of shape (n_features,), their shape is (k,).

        Raises
        ------
        ValueError
            If the model is not fitted or the queries do not fit its data.
        """
        rows, is_single = _as_rows(queries)
        found = self._search(rows, [self.k])
        return tuple(part[0] if is_single else part for part in found)

    def predict(self, queries):
        """The label that most of the k neighbours have, for each query.

        Of equally frequent labels the smallest wins, as in scikit-learn.

        Returns
        -------
        ndarray of shape (n_queries,), or one label for a single query
        """
        rows, is_single = _as_rows(queries)
        labels = self.predict_each(rows, [self.k])[0]
        return labels[0] if is_single else labels

    def predict_each(self, queries, ks):
        """`predict` for every k in `ks`.

        Returns
        -------
        ndarray of shape (len(ks), n_queries)
        """
        indices, _ = self._search(queries, ks)
        votes = self._class_counts(indices, ks)
        return self.classes[votes.argmax(axis=1)]

    def density(self, queries, ks):
        """p(x) = k / (N V), V the volume of the ball to the k-th neighbour.

        Where k training samples coincide with the query it is infinite. Among
        hundreds of features it may leave the range of numbers: 0 or infinite.

        Returns
        -------
        ndarray of shape (len(ks), n_queries)
            For each k, in units of 1 / volume.
        """
        _, distances = self._search(queries, ks)
        shares = np.reshape(ks, (-1, 1)) / len(self.X)
        return _per_volume(shares, self._log_volumes(distances, ks))

    def class_density(self, queries, ks):
        """p(x|c) = k_c / (N_c V), with k_c of the k neighbours in class c.

        V is the ball of `density`, the same for all classes. Where k_c is 0
        it is 0, however small the ball.

        Returns
        -------
        ndarray of shape (len(ks), n_classes, n_queries)
        """
        indices, distances = self._search(queries, ks)
        counts = self._class_counts(indices, ks)
        shares = counts / np.bincount(self.codes)[:, np.newaxis]
        log_volumes = self._log_volumes(distances, ks)[:, np.newaxis]
        return _per_volume(shares, log_volumes)

    def _search(self, queries, ks):
        """One search that serves every k."""
        if not hasattr(self, "X"):
            raise ValueError(
                "This KNN has no training data yet; call fit(X, y) first."
            )
        if len(ks) == 0:
            raise ValueError("ks must hold at least one k, but it is empty.")
        k_max = max(whole_number(k, "k", 1, len(self.X)) for k in ks)
        return nearest_neighbours(self.X, queries, k_max)

    def _class_counts(self, indices, ks):
        """How many of the k nearest are in each class, for every k."""
        codes = self.codes[indices]
        counts = [
            [
                np.count_nonzero(codes[:, :k] == c, axis=1)
                for c in range(len(self.classes))
            ]
            for k in ks
        ]
        return np.array(counts)  # (ks, classes, queries)

    def _log_volumes(self, distances, ks):
        """Of the ball to the k-th neighbour, for every k and query.

        A radius to the power of 784 would soon be out of range.
        """
        dim = self.X.shape[1]
        unit_ball = dim / 2 * math.log(math.pi) - math.lgamma(dim / 2 + 1)
        radii = distances[:, np.subtract(ks, 1)].T
        with np.errstate(divide="ignore"):
            return unit_ball + dim * np.log(radii)


def _as_rows(queries):
    """Queries as a matrix, and whether it holds a single one."""
    array = np.asanyarray(queries)
    return (array[np.newaxis], True) if array.ndim == 1 else (queries, False)


@np.errstate(divide="ignore", over="ignore", invalid="ignore")
def _per_volume(shares, log_volumes):
    """Shares divided by volumes; a share of nothing is 0, as is 0 / 0."""
    return np.where(shares, np.exp(np.log(shares) - log_volumes), 0)


def cross_validate(X, y, ks, num_folds=10):
    """Accuracy of KNN on each fold when it is trained on the others.

    The folds are consecutive rows, so shuffle sorted data first.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    y : array-like of shape (n_samples,)
    ks : sequence of int
        Each at most as large as the smallest training part.
    num_folds : int, from 2 to n_samples

    Returns
    -------
    ndarray of shape (num_folds, len(ks))

    Raises
    ------
    ValueError
        If the data do not fit each other, or `num_folds` or a k them.
    """
    X = finite_matrix(X, "X")
    y = label_vector(y, len(X))
    whole_number(num_folds, "num_folds", 2, len(X))
    accuracies = []
    for fold in np.array_split(np.arange(len(X)), num_folds):
        train = np.delete(np.arange(len(X)), fold)
        model = KNN(max(ks)).fit(X[train], y[train])
        predictions = model.predict_each(X[fold], ks)
        accuracies.append(np.mean(predictions == y[fold], axis=1))
    return np.array(accuracies)
