"""Exact neighbour search among many features: rule rows out, measure the rest.

A matrix product in float32 bounds all squared distances from below. The k-th
smallest of a few measured distances bounds the k-th smallest of all from
above. Rows whose lower bound is larger than that cannot be neighbours; the
others are measured in float64, and ranked by that alone. So rounding never
costs a neighbour. On MNIST, 45 of 60 000 rows are measured for each query, and
all of it takes less time than the product of all 784 features.
"""

import numpy as np

BOUNDS = 2**24  # held at a time: 64 MiB of float32
TILE = 32  # rows of which only the smallest bound is ranked
CHUNK = 2048  # rows of a product that stays in the cache
PAIRS = 128  # pairs that are measured at a time
NUM_AXES = 112
MIN_SHARE = 0.75  # of the squared norms, for axes to be worth it
MIN_QUERIES = 4  # for fewer it takes longer to prepare than to measure all
MAX_SHARE = 1 / 64  # of the rows, to be measured
UNIT = 2.0**-24  # the largest relative rounding error of float32


@np.errstate(over="ignore", invalid="ignore")  # is seen, and all is measured
def search(X, queries, k):
    """`helpers.nearest.nearest_neighbours`, faster.

    Parameters
    ----------
    X : ndarray of float32 or float64, shape (n_samples, n_features)
    queries : ndarray of float64, shape (n_queries, n_features)
    k : int

    Returns
    -------
    indices, distances : ndarrays of shape (n_queries, k)
        None if the bounds rule out too little, or float32 cannot hold them.
    """
    if len(queries) < MIN_QUERIES:
        return None
    centre, axes = principal_axes(X[:: len(X) // 2000 + 1])
    bounds = LowerBounds(X, centre, axes, k)
    indices = np.empty((len(queries), k), dtype=np.intp)
    squared = np.empty((len(queries), k))
    start, step = 0, block_size(X)
    while start < len(queries):
        block = slice(start, start + step)
        found = bounds.neighbours(queries[block])
        if found is not None:
            indices[block], squared[block] = found
            start += step
        elif bounds.axes is not None:
            bounds = LowerBounds(X, centre, None, k)
        else:
            return None
    return indices, np.sqrt(squared)


class LowerBounds:
    """Lower bounds of squared distances, and the search they allow.

    A row x becomes z: its coordinates along orthonormal axes and, as one more,
    the norm r of what the axes leave of it. With p for the part along the
    axes, Pythagoras and the triangle inequality give

        |x - q|^2 = |p_x - p_q|^2 + |rest_x - rest_q|^2
                 >= |p_x - p_q|^2 + (r_x - r_q)^2 = |z_x - z_q|^2.

    Without axes, z is x itself. Either way |z_x - z_q|^2 is taken as
    |z_x|^2 - 2 z_x.z_q + |z_q|^2, in float32. A sum of d products is off by at
    most d UNIT times the sum of their sizes; so all roundings, those of z
    included, stay below (2d + 10 sqrt(d) + 11) UNIT (|z_x|^2 + |z_q|^2). Both
    squared norms are shrunk by 4 (d + 8) UNIT, which is more: what comes out
    is a lower bound for certain.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
    centre : ndarray of shape (n_features,)
        Subtracted from every row: smaller norms give tighter bounds.
    axes : ndarray of shape (n_features, n_axes), or None
    k : int
    """

    def __init__(self, X, centre, axes, k):
        self.X, self.centre, self.axes, self.k = X, centre, axes, k
        self.tile = min(TILE, len(X) // k)
        num_rows = -(-len(X) // self.tile) * self.tile
        self.rows, norms = self.coordinates(X, num_rows)
        self.rows[:, -1] = norms
        self.rows[len(X) :, -1] = 1e30  # what fills the last tile is far away
        self.largest = norms.max()
        # Once for all blocks: new memory costs as much as what is written.
        self.memory = np.empty(num_rows * block_size(X), np.float32)

    def coordinates(self, X, num_rows):
        """z with a column to spare, and the shrunk squared norms."""
        width = X.shape[1] if self.axes is None else self.axes.shape[1] + 1
        z = np.zeros((num_rows, width + 1), np.float32)
        norms = np.zeros(num_rows)
        for start in range(0, len(X), PAIRS):
            part = slice(start, min(start + PAIRS, len(X)))
            rows = X[part] - self.centre
            norms[part] = squared_norms(rows)
            if self.axes is not None:
                rows = rows @ self.axes
                rest = norms[part] - squared_norms(rows)
                z[part, -2] = np.sqrt(np.maximum(rest, 0))
            z[part, : rows.shape[1]] = rows
        return z, norms * (1 - 4 * (X.shape[1] + 8) * UNIT)

    def neighbours(self, queries):
        """Indices and squared distances; None if too little is ruled out."""
        z, norms = self.coordinates(queries, len(queries))
        if not max(self.largest, norms.max()) < 1e25:
            return None  # NaN, or what could overflow float32
        tiles, minima, near = self.bounds(z)
        # At least k rows are no farther than the k-th of some measured rows.
        at = np.repeat(np.arange(len(queries)), near.shape[1])
        squared = paired_distances(self.X, near.ravel(), queries, at)
        kth = np.partition(squared.reshape(near.shape), self.k - 1)
        limits = kth[:, self.k - 1] - norms + 2.0**-100  # for underflow
        limits = np.nextafter(np.float32(limits), np.float32(np.inf))
        few = len(queries) * (MAX_SHARE * len(self.X) + 2 * self.k)
        possible = minima <= limits
        if np.count_nonzero(possible) > few:
            return None
        tile, at = np.nonzero(possible)
        pair, inside = np.nonzero(tiles[tile, :, at] <= limits[at, np.newaxis])
        if len(pair) > few:
            return None
        rows, at = tile[pair] * self.tile + inside, at[pair]
        squared = paired_distances(self.X, rows, queries, at)
        order = np.lexsort((squared, at))  # stable, and the rows ascend
        first = np.searchsorted(at[order], np.arange(len(queries)))
        chosen = order[first[:, np.newaxis] + np.arange(self.k)]
        return rows[chosen], squared[chosen]

    def bounds(self, z):
        """Bounds less |z_q|^2, their minima, and some near rows.

        The bounds have the shape (tiles, rows of a tile, queries).

        The k smallest values lie in the k tiles with the smallest minima:
        any other tile has k values before it. Ranking a minimum of each tile
        takes a TILE-th of ranking all rows.
        """
        z[:, :-1] *= -2
        z[:, -1] = 1  # meets the column of norms
        bounds = self.memory[: len(self.rows) * len(z)].reshape(-1, len(z))
        tiles = bounds.reshape(-1, self.tile, len(z))
        minima = np.empty((len(tiles), len(z)), z.dtype)
        step = CHUNK // self.tile
        for start in range(0, len(tiles), step):
            some = slice(start, start + step)
            rows = slice(start * self.tile, (start + step) * self.tile)
            np.matmul(self.rows[rows], z.T, out=bounds[rows])
            tiles[some].min(axis=1, out=minima[some])
        num_near = min(self.k + 3, len(minima))  # a few more tighten the limit
        near = np.argpartition(minima.T.copy(), num_near - 1)[:, :num_near]
        inside = tiles[near, :, np.arange(len(z))[:, np.newaxis]]
        return tiles, minima, near * self.tile + inside.argmin(axis=2)


def block_size(X):
    """How many queries are searched at a time."""
    return max(1, BOUNDS // len(X))


def principal_axes(sample):
    """The mean of some rows and about their leading principal axes.

    By subspace iteration, which leaves the columns orthonormal however far it
    has come. The axes are None where they hold too little of the norms.
    """
    centre = sample.mean(axis=0, dtype=np.float64)
    sample = sample - centre
    num_axes = min(NUM_AXES, sample.shape[1] // 4)
    axes = sample[:num_axes].T
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(4):
            axes = np.linalg.qr(sample.T @ (sample @ axes))[0]
        share = (
            squared_norms(sample @ axes).sum() / squared_norms(sample).sum()
        )
    return centre, axes if share > MIN_SHARE else None


def squared_norms(rows):
    """|row|^2 of each row."""
    return np.einsum("ij,ij->i", rows, rows)


def paired_distances(X, rows, queries, at):
    """Squared distances of X[rows] from queries[at], pair by pair.

    Bit by bit those of `helpers.nearest.squared_distances`: a sum over the
    first axis adds feature after feature, as long as there is more than one
    column; so the width is fixed.
    """
    squared = np.empty(len(rows))
    squares = np.zeros((X.shape[1], PAIRS))
    for start in range(0, len(rows), PAIRS):
        part = slice(start, start + PAIRS)
        differences = X[rows[part]].astype(np.float64, copy=False)
        differences -= queries[at[part]]
        differences *= differences
        squares[:, : len(differences)] = differences.T
        squared[part] = squares.sum(axis=0)[: len(differences)]
    return squared
