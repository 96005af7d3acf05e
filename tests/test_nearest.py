from fractions import Fraction

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist

from helpers import nearest
from helpers.nearest import nearest_neighbours, smallest, smallest_packed


def by_sorting(X, queries, k):
    """All distances by SciPy, each row sorted as a whole."""
    distances = cdist(queries, X)
    indices = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return indices, np.take_along_axis(distances, indices, axis=1)


@pytest.mark.parametrize("num_features", [1, 2, 7])
@pytest.mark.parametrize("k", [1, 3, 49, 50])
def test_neighbours_are_those_of_a_whole_sort(num_features, k):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, num_features))
    queries = rng.normal(size=(30, num_features))
    indices, distances = nearest_neighbours(X, queries, k)
    expected_indices, expected_distances = by_sorting(X, queries, k)
    np.testing.assert_array_equal(indices, expected_indices)
    np.testing.assert_allclose(distances, expected_distances, rtol=1e-14)


@pytest.mark.parametrize("k", range(1, 28))
def test_ties_come_by_index_wherever_the_cut_falls(k):
    X = np.stack(np.meshgrid(*[[0, 1, 2]] * 3), axis=-1).reshape(-1, 3)
    indices, _ = nearest_neighbours(X, X, k)
    np.testing.assert_array_equal(indices, by_sorting(X, X, k)[0])


def exactly(X, queries, k):
    """Neighbours by whole-number arithmetic, which rounds nothing."""
    return [
        sorted(
            range(len(X)),
            key=lambda i: sum(
                (Fraction(float(x)) - Fraction(float(q))) ** 2
                for x, q in zip(X[i], query, strict=True)
            ),
        )[:k]
        for query in queries
    ]


@pytest.mark.parametrize("num_features", [1, 3, 20])
@pytest.mark.parametrize("power", [-1074, -700, -530, -90, 0, 500, 700, 1010])
def test_neighbours_are_right_at_any_scale(power, num_features):
    rng = np.random.default_rng(4)
    whole = rng.integers(-99, 99, (2, 30, num_features))
    X, queries = np.ldexp(whole, power)  # so that ties stay ties
    indices, distances = nearest_neighbours(X, queries, 4)
    assert indices.tolist() == exactly(X, queries, 4)
    expected = by_sorting(*whole, 4)[1]
    if power < -1000:  # where there are no fractions
        expected = expected.round()
    np.testing.assert_allclose(np.ldexp(distances, -power), expected, 1e-14)


def test_a_distance_beyond_the_largest_number_is_infinite():
    X = [[1.7e308], [-1.7e308], [0.0]]
    indices, distances = nearest_neighbours(X, [[-1.6e308]], 3)
    assert indices.tolist() == [[1, 2, 0]]
    assert distances[0, 1] == pytest.approx(1.6e308)
    assert distances[0, 2] == np.inf


def test_duplicates_are_at_distance_zero_and_come_by_index():
    X = np.full((20, 4), 1e8 + 0.1)
    indices, distances = nearest_neighbours(X, X[:3], 5)
    assert indices.tolist() == [[0, 1, 2, 3, 4]] * 3
    assert not distances.any()


def test_the_block_size_does_not_change_the_result(monkeypatch):
    rng = np.random.default_rng(1)
    X, queries = rng.normal(size=(40, 2)), rng.normal(size=(33, 2))
    expected = nearest_neighbours(X, queries, 4)
    for size in 1, 40, 3 * 40, 100:
        monkeypatch.setattr(nearest, "BLOCK_SIZE", size)
        for found, want in zip(
            nearest_neighbours(X, queries, 4), expected, strict=True
        ):
            np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8])
def test_other_number_types_give_the_same_as_float64(dtype):
    X = np.random.default_rng(2).integers(0, 200, (30, 3)).astype(dtype)
    found = nearest_neighbours(X, X, 6)
    expected = nearest_neighbours(X.astype(float), X.astype(float), 6)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_smallest_equals_a_stable_sort_when_values_repeat():
    values = np.random.default_rng(3).integers(0, 4, (200, 15)).astype(float)
    for k in range(1, 16):
        expected = np.argsort(values, axis=1, kind="stable")[:, :k]
        np.testing.assert_array_equal(smallest(values, k), expected)


def test_only_rows_with_a_tie_at_the_cut_are_sorted_as_a_whole(monkeypatch):
    shapes, argsort = [], np.argsort
    monkeypatch.setattr(
        np, "argsort", lambda a, **k: shapes.append(a.shape) or argsort(a, **k)
    )
    values = np.array([[1, 2, 3, 4], [2, 9, 1, 2], [2, 2, 3, 4], [5, 6, 8, 7]])
    assert smallest(values, 2).tolist() == [[0, 1], [2, 0], [0, 1], [0, 1]]
    assert shapes == [(4, 2), (1, 4)]


def test_no_queries_are_refused_as_an_empty_matrix():
    with pytest.raises(ValueError, match=r"queries must have shape"):
        nearest_neighbours(np.eye(2), np.empty((0, 2)), 1)


@pytest.mark.parametrize(
    ("X", "queries", "k", "message"),
    [
        ([[0.0], [np.nan]], [[0.0]], 1, "X must be finite"),
        ([[0.0]], [[np.inf]], 1, "queries must be finite"),
        ([[0.0]], [[0.0, 1.0]], 1, "queries must have 1 columns"),
        ([0.0, 1.0], [[0.0]], 1, r"X must have shape .* \(2,\)"),
        ([0.0, 1.0], [[0.0]], 1, "Reshape your data"),
        (np.empty((2, 0)), [[]], 1, r"with at least one of each.* \(2, 0\)"),
        ([[1j]], [[0.0]], 1, "real numbers, but its type is complex128"),
        ([["1"]], [[0.0]], 1, "X must hold real numbers, but its type is <U1"),
        (csr_array([[1.0]]), [[0.0]], 1, r"X is sparse, .* X\.toarray"),
        ([[0.0]], csr_array([[1.0]]), 1, "queries is sparse"),
        (np.ma.array([[1.0]], mask=True), [[0.0]], 1, "X has masked values"),
        ([[0.0]], [[0.0]], 0, "k must be a whole number from 1 to 1"),
        ([[0.0]], [[0.0]], 2, "from 1 to 1, but it is 2"),
        ([[0.0]], [[0.0]], 1.5, "but it is 1.5"),
    ],
)
def test_bad_input_is_named(X, queries, k, message):
    with pytest.raises(ValueError, match=message):
        nearest_neighbours(X, queries, k)


@pytest.mark.parametrize("k", [1, 2, 7, 63, 64])
@pytest.mark.parametrize(
    "make",
    [
        lambda rng: rng.random((50, 64)),
        lambda rng: rng.integers(0, 9, (50, 64)).astype(float),
        lambda rng: 1 + rng.integers(0, 200, (50, 64)) * 2.0**-52,
        lambda rng: rng.choice([0, 5e-324, 1e-310, 1e308, np.inf], (50, 64)),
        lambda rng: np.zeros((50, 64)),
    ],
    ids=["random", "ties", "nearly equal", "extreme", "zeros"],
)
def test_the_packed_order_is_the_plain_one(make, k):
    values = make(np.random.default_rng(k))
    np.testing.assert_array_equal(
        smallest_packed(values, k), smallest(values, k)
    )


def test_the_packed_order_of_a_single_column():
    assert smallest_packed(np.array([[3.0], [0.0]]), 1).tolist() == [[0], [0]]
