"""Ruling rows out first gives, bit by bit, what measuring all rows gives."""

import numpy as np
import pytest

from helpers import bounds, nearest
from helpers.nearest import nearest_neighbours

rng = np.random.default_rng(0)


def low_rank(num_rows, num_features, rank=10, noise=0.05):
    """Rows near a subspace, as pictures are, and 90 queries."""
    axes = rng.normal(size=(rank, num_features))
    axes *= np.exp(-np.arange(rank) / 5)[:, np.newaxis]
    X = rng.normal(size=(num_rows + 90, rank)) @ axes
    X += noise * rng.normal(size=X.shape)
    return X[:-90], X[-90:]


def uniform(num_rows, num_features):
    """Rows without any structure, and 90 queries."""
    X = rng.random((num_rows + 90, num_features))
    return X[:-90], X[-90:]


def assert_same_as_plain(X, queries, k, monkeypatch):
    found = nearest_neighbours(X, queries, k)
    with monkeypatch.context() as patch:
        patch.setattr(nearest, "MANY_FEATURES", np.inf)
        expected = nearest_neighbours(X, queries, k)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("k", [1, 5, 40])
@pytest.mark.parametrize("num_features", [16, 17, 100, 784])
def test_neighbours_of_data_with_structure(num_features, k, monkeypatch):
    X, queries = low_rank(3000, num_features)
    assert bounds.search(X, queries, k) is not None
    assert_same_as_plain(X, queries, k, monkeypatch)


@pytest.mark.parametrize("k", [1, 5, 1500])
@pytest.mark.parametrize("num_features", [16, 64, 784])
def test_neighbours_of_data_without_structure(num_features, k, monkeypatch):
    assert_same_as_plain(*uniform(1500, num_features), k, monkeypatch)


@pytest.mark.parametrize("scale", [1e-160, 1e-60, 1e-12, 1e3, 1e12, 1e120])
@pytest.mark.parametrize("offset", [0, 1, 1e6])
def test_neighbours_at_any_scale_and_far_from_the_origin(
    scale, offset, monkeypatch
):
    X, queries = low_rank(1000, 40)
    X, queries = (scale * (part + offset) for part in (X, queries))
    assert_same_as_plain(X, queries, 4, monkeypatch)


def rounded(X, queries):
    return np.round(2 * X), np.round(2 * queries)


def repeated(X, queries):
    return np.repeat(X[:3], 400, axis=0)[rng.permutation(1200)], queries


def constant(X, queries):
    return np.full_like(X, 1e8 + 0.1), np.full_like(queries, 1e8 + 0.1)


def closer_than_float32(X, queries):
    return np.r_[X, X + 1e-9 * rng.normal(size=X.shape)], X[:90]


def some_columns_constant(X, queries):
    X[:, ::2] = queries[:, ::2] = 3.7
    return X, queries


def columns_of_all_sizes(X, queries):
    sizes = 10.0 ** rng.integers(-30, 10, X.shape[1])
    return X * sizes, queries * sizes


def a_far_outlier(X, queries):
    X[7] = queries[3] = 1e5
    return X, queries


def rows_with_equal_sums(X, queries):
    values = np.arange(X.shape[1]) * 0.1
    return rng.permuted(
        np.tile(values, (len(X), 1)), axis=1
    ), queries * 0 + 0.7


@pytest.mark.parametrize("k", [1, 5, 33])
@pytest.mark.parametrize(
    "change",
    [
        *(rounded, repeated, constant, closer_than_float32),
        *(some_columns_constant, columns_of_all_sizes, a_far_outlier),
        rows_with_equal_sums,
    ],
)
def test_ties_and_rounding_cost_no_neighbour(change, k, monkeypatch):
    X, queries = change(*low_rank(1200, 50))
    assert_same_as_plain(X, queries, k, monkeypatch)


@pytest.mark.parametrize("seed", range(20))
def test_neighbours_at_odd_sizes(seed, monkeypatch):
    sizes = np.random.default_rng(seed)
    num_rows, num_features = sizes.integers(1, 500), sizes.integers(16, 90)
    k = int(sizes.integers(1, num_rows + 1))
    X, queries = low_rank(num_rows, num_features)
    queries = queries[: sizes.integers(1, 91)]
    assert_same_as_plain(X, queries, k, monkeypatch)


@pytest.mark.parametrize("size", [1, 2500, 9001])
def test_the_block_size_does_not_change_the_result(size, monkeypatch):
    monkeypatch.setattr(bounds, "BOUNDS", size)
    assert_same_as_plain(*low_rank(1003, 50), 6, monkeypatch)


def test_bounds_are_never_above_the_distances():
    for X, queries in low_rank(800, 60), uniform(800, 60):
        centre, axes = bounds.principal_axes(X)
        for some_axes in axes, np.linalg.qr(X[:15].T)[0], None:
            lower = bounds.LowerBounds(X, centre, some_axes, k=1)
            z, norms = lower.coordinates(queries, len(queries))
            bound = lower.bounds(z)[0].reshape(-1, len(z))[: len(X)] + norms
            assert (bound <= nearest.squared_distances(X, queries)).all()


@pytest.mark.parametrize("d", [16, 100, 784, 10**4])
def test_the_norms_are_shrunk_by_more_than_all_roundings(d):
    lower = bounds.LowerBounds(np.ones((2, d)), np.zeros(d), None, k=1)
    shrunk = 1 - lower.coordinates(np.ones((1, d)), 1)[1][0] / d
    assert shrunk >= (2 * d + 10 * np.sqrt(d) + 11) * 2.0**-24 * (1 - 1e-9)


def test_data_that_float32_cannot_hold_are_left_to_measuring():
    X, queries = low_rank(200, 40)
    for scale in 1e-200, 1e200:
        assert bounds.search(scale * X, scale * queries, 3) is None


def test_few_rows_are_measured_where_there_is_structure(monkeypatch):
    measured = []
    measure = bounds.paired_distances

    def count(X, rows, queries, at):
        measured.append(len(rows))
        return measure(X, rows, queries, at)

    monkeypatch.setattr(bounds, "paired_distances", count)
    X, queries = low_rank(20000, 200)
    bounds.search(X, queries, 5)
    assert sum(measured) < 0.01 * len(X) * len(queries)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8])
def test_other_number_types_give_the_same_as_float64(dtype):
    values = np.random.default_rng(2).integers(0, 200, (2, 600, 40))
    X, queries = values.astype(dtype)
    found = nearest_neighbours(X, queries, 6)
    expected = nearest_neighbours(values[0] * 1.0, values[1] * 1.0, 6)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_an_array_of_float32_is_not_copied_to_float64(monkeypatch):
    types = []
    search = bounds.search
    monkeypatch.setattr(
        bounds,
        "search",
        lambda X, *rest: types.append(X.dtype) or search(X, *rest),
    )
    X, queries = low_rank(300, 40)
    nearest_neighbours(X.astype(np.float32), queries, 3)
    assert types == [np.float32]
