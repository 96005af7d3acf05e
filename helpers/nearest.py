"""Exact k-nearest-neighbour search, a block of queries at a time."""

import math

import numpy as np

from helpers import bounds
from helpers.checks import finite_matrix, whole_number

BLOCK_SIZE = 2**16  # distances held at a time: they stay in the cache
MANY_FEATURES = 16  # from here on it pays to rule rows out first


def nearest_neighbours(X, queries, k):
    """Find the `k` rows of `X` that are nearest to each query.

    Memory for distances is bounded by a block, not by queries times samples.
    With many features `helpers.bounds` finds the same in less time.

    Parameters
    ----------
    X : array-like of shape (n_samples, n_features)
    queries : array-like of shape (n_queries, n_features)
    k : int, from 1 to n_samples

    Returns
    -------
    indices : ndarray of shape (n_queries, k)
        Rows of `X`, nearest first; of equally near rows the first one first.
    distances : ndarray of shape (n_queries, k)
        Their Euclidean distances in float64. What is nearer than 1e-120 of
        the largest number given may count as equal.

    Raises
    ------
    ValueError
        If `k` is out of range, or an array is not a finite matrix or of
        another width than the other.

    Examples
    --------
    >>> indices, distances = nearest_neighbours([[0.], [2.], [5.]], [[4.]], 2)
    >>> indices
    array([[2, 1]])
    >>> distances
    array([[1., 2.]])
    """
    X = finite_matrix(X, "X")  # as it is: bounds need no copy in float64
    queries = finite_matrix(queries, "queries", X.shape[1], np.float64)
    k = whole_number(k, "k", 1, len(X))
    power = power_of_two(X, queries)
    if power:
        X, queries = (np.ldexp(np.float64(a), power) for a in (X, queries))
        indices, distances = nearest_neighbours(X, queries, k)
        with np.errstate(over="ignore"):
            return indices, np.ldexp(distances, -power)
    if X.shape[1] >= MANY_FEATURES:
        found = bounds.search(X, queries, k)
        if found is not None:
            return found
    X = X.astype(np.float64, copy=False)
    indices = np.empty((len(queries), k), dtype=np.intp)
    distances = np.empty((len(queries), k))
    step = max(1, BLOCK_SIZE // len(X))
    for start in range(0, len(queries), step):
        block = slice(start, start + step)
        squared = squared_distances(queries[block], X)
        indices[block] = smallest_packed(squared, k)  # `smallest`, faster
        distances[block] = np.sqrt(
            np.take_along_axis(squared, indices[block], axis=1)
        )
    return indices, distances


def power_of_two(*arrays):
    """n for which squares of 2^n times the numbers stay within float64.

    It is 0 where they do so as they are. To multiply by 2^n is exact.
    """
    ends = [float(end) for a in arrays for end in (a.min(), a.max())]
    _, exponent = math.frexp(max(map(abs, ends)))
    return 0 if -100 < exponent <= 480 else 480 - exponent


def squared_distances(queries, X):
    """Squared Euclidean distances between all queries and all samples.

    The differences are squared and summed feature by feature. The shorter
    |q|^2 - 2 q.x + |x|^2 is one matrix product, but subtracts large numbers
    to get small ones: two rows that are equal may come out apart.

    Returns
    -------
    ndarray of shape (n_queries, n_samples)

    Examples
    --------
    >>> squared_distances(np.array([[0., 0.]]), np.array([[3., 4.], [1., 0.]]))
    array([[25.,  1.]])
    """
    squared = np.zeros((len(queries), len(X)))
    for query_feature, sample_feature in zip(queries.T, X.T, strict=True):
        difference = np.subtract.outer(query_feature, sample_feature)
        difference *= difference  # in its place: arrays cost more than sums
        squared += difference
    return squared


def smallest(values, k):
    """Columns of the `k` smallest values in each row, the smallest first.

    Of equal values the one further left comes first, also where the cut
    after the k-th goes through a run of equal values.

    Returns
    -------
    ndarray of shape (n_rows, k)

    Examples
    --------
    >>> smallest(np.array([[7., 3., 7., 3., 7.]]), 3)
    array([[1, 3, 0]])
    """
    columns = np.argpartition(values, k - 1, axis=1)[:, :k]
    columns.sort(axis=1)  # left to right, which the stable sort keeps
    chosen = np.take_along_axis(values, columns, axis=1)
    order = np.argsort(chosen, axis=1, kind="stable")
    columns = np.take_along_axis(columns, order, axis=1)
    # A partition takes any of the values equal to the k-th, not the first.
    kth = chosen.max(axis=1, keepdims=True)
    cut = np.count_nonzero(values <= kth, axis=1) > k
    columns[cut] = np.argsort(values[cut], axis=1, kind="stable")[:, :k]
    return columns


def smallest_packed(values, k):
    """`smallest` of values that are not negative, in a third of the time.

    The bits of such a float64, read as an integer, are in the order of the
    values. The lowest of them make room for the column: then plain integers
    are sorted, which processors do many at a time, and bring their columns
    along. Values that agree in all other bits may be out of order; rows with
    such are left to `smallest`.

    Parameters
    ----------
    values : ndarray of float64, shape (n_rows, n_columns)
        No -0.0 among them, either.
    k : int

    Returns
    -------
    ndarray of shape (n_rows, k)

    Examples
    --------
    >>> smallest_packed(np.array([[7., 3., 7., 3., 7.]]), 3)
    array([[1, 3, 0]])
    """
    num_columns = values.shape[1]
    low = 2 ** (num_columns - 1).bit_length() - 1  # the bits of a column
    keys = values.view(np.int64) & ~low | np.arange(num_columns)
    ahead = min(k, num_columns - 1)  # one more, to see a tie at the cut
    keys = np.partition(keys, ahead, axis=1)[:, : ahead + 1]
    keys.sort(axis=1)
    columns = keys[:, :k] & low
    close = (keys[:, 1:] ^ keys[:, :-1] <= low).any(axis=1)
    if close.any():
        columns[close] = smallest(values[close], k)
    return columns
