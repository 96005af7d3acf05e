import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import multivariate_normal
from sklearn.datasets import load_iris
from sklearn.model_selection import KFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier

from helpers.knn import KNN, cross_validate


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    return X[order], y[order]


@pytest.mark.parametrize("k", [1, 2, 5, 6, 40, 100])
def test_predictions_equal_those_of_sklearn_for_three_classes(iris, k):
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    # Iris holds duplicates, so brute force with our tie rule is the reference
    model = KNN(k).fit(X[:100], names[:100])
    reference = KNeighborsClassifier(k, algorithm="brute")
    reference.fit(X[:100], names[:100])
    votes = reference.predict_proba(X[100:])
    clear = np.sort(votes)[:, -1] > np.sort(votes)[:, -2]
    found = model.predict(X[100:])
    assert clear.sum() > 40
    np.testing.assert_array_equal(
        found[clear], reference.predict(X[100:])[clear]
    )


def test_a_tied_vote_goes_to_the_smallest_label_as_in_sklearn():
    X, y = [[-1.0], [1.0], [3.0], [-3.0]], ["b", "a", "b", "a"]
    for k in 2, 4:
        found = KNN(k).fit(X, y).predict([[0.0]])
        reference = KNeighborsClassifier(k).fit(X, y).predict([[0.0]])
        assert found == reference == ["a"]


def test_all_samples_as_neighbours_give_the_majority_everywhere(iris):
    X, _ = iris
    y = np.arange(len(X)) % 5 == 0
    model = KNN(len(X)).fit(X, y)
    assert not model.predict(X).any()


def test_one_neighbour_gives_each_training_sample_its_own_label():
    X = np.random.default_rng(0).normal(size=(60, 2))
    y = np.arange(60) % 3
    np.testing.assert_array_equal(KNN(1).fit(X, y).predict(X), y)


def test_predictions_for_several_k_equal_those_made_one_by_one(iris):
    X, y = iris
    ks = [7, 1, 30, 2]
    each = KNN(1).fit(X, y).predict_each(X, ks)
    for k, predictions in zip(ks, each, strict=True):
        np.testing.assert_array_equal(predictions, KNN(k).fit(X, y).predict(X))


def test_one_query_is_answered_as_among_many(iris):
    X, y = iris
    model = KNN(4).fit(X, y)
    alone = [model.predict(query[np.newaxis])[0] for query in X[:20]]
    np.testing.assert_array_equal(alone, model.predict(X[:20]))


def test_a_single_query_needs_no_matrix(iris):
    X, y = iris
    model = KNN(4).fit(X, y)
    indices, distances = model.kneighbours(X[0])
    assert indices.shape == distances.shape == (4,)
    np.testing.assert_array_equal(indices, model.kneighbours(X[:1])[0][0])
    assert model.predict(X[0]) == model.predict(X[:1])[0]


def test_kneighbours_gives_k_columns_nearest_first(iris):
    X, y = iris
    indices, distances = KNN(5).fit(X, y).kneighbours(X[:7])
    assert indices.shape == distances.shape == (7, 5)
    assert (np.diff(distances, axis=1) >= 0).all()


def test_class_densities_obey_bayes_rule(iris):
    X, y = iris
    queries = X + 0.01
    model = KNN(1).fit(X, y)
    ks = [2, 9, 50]
    joint = model.priors[:, np.newaxis] * model.class_density(queries, ks)
    np.testing.assert_allclose(
        joint.sum(axis=1), model.density(queries, ks), rtol=1e-12
    )
    posterior = joint / joint.sum(axis=1, keepdims=True)
    reference = KNeighborsClassifier(50).fit(X, y).predict_proba(queries)
    np.testing.assert_allclose(posterior[2].T, reference, atol=1e-12)


@pytest.mark.parametrize("num_features", [1, 2, 3])
def test_the_density_approaches_a_known_one(num_features):
    normal = multivariate_normal(np.zeros(num_features))
    X = normal.rvs(20_000, random_state=0).reshape(-1, num_features)
    queries = np.zeros((1, num_features))
    found = KNN(1).fit(X, np.zeros(len(X))).density(queries, [400])
    np.testing.assert_allclose(found, normal.pdf(queries[0]), rtol=0.15)


def test_the_density_among_many_features_is_that_of_its_formula():
    for num_features in 341, 342, 784:
        # A ball that holds both samples, and whose volume is about 1.
        log_unit = num_features / 2 * np.log(np.pi) - gammaln(
            num_features / 2 + 1
        )
        radius = np.exp(-log_unit / num_features)
        X = np.zeros((2, num_features))
        X[1, 0] = radius
        found = KNN(1).fit(X, [0, 1]).density(X[:1], [2])
        np.testing.assert_allclose(found, 1, rtol=1e-11)


def test_the_density_at_coinciding_samples_is_infinite_for_their_classes():
    X, y = np.array([[0.0], [0.0], [1.0], [5.0]]), [0, 0, 0, 1]
    model = KNN(1).fit(X, y)
    found = model.density([[0.0]], [1, 2, 3])[:, 0]
    np.testing.assert_allclose(found, [np.inf, np.inf, 3 / (4 * 2)])
    found = model.class_density([[0.0]], [2])
    assert found[0, :, 0].tolist() == [np.inf, 0]


def test_the_model_does_not_follow_changes_of_the_callers_array(iris):
    X, y = iris
    given = X.copy()
    model = KNN(3).fit(given, y)
    given[:] = 0
    np.testing.assert_array_equal(
        model.predict(X), KNN(3).fit(X, y).predict(X)
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
def test_data_are_kept_in_their_own_type(dtype):
    X = np.random.default_rng(0).integers(0, 120, (200, 30)).astype(dtype)
    y = np.arange(200) % 4
    model = KNN(3).fit(X, y)
    assert model.X.dtype == dtype
    expected = KNN(3).fit(X.astype(float), y)
    for found, want in zip(
        model.kneighbours(X[:50]), expected.kneighbours(X[:50]), strict=True
    ):
        np.testing.assert_array_equal(found, want)


def test_priors_are_the_shares_of_the_classes():
    model = KNN(1).fit(np.eye(4), ["b", "a", "b", "b"])
    assert model.classes.tolist() == ["a", "b"]
    assert model.priors.tolist() == [0.25, 0.75]


def test_cross_validation_equals_that_of_sklearn(iris):
    X, y = iris
    found = cross_validate(X, y, [1, 5])
    for column, k in enumerate([1, 5]):
        reference = cross_val_score(
            KNeighborsClassifier(k), X, y, cv=KFold(10)
        )
        np.testing.assert_allclose(found[:, column], reference)


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (lambda: KNN(0), "k must be a whole number of at least 1"),
        (lambda: KNN("3"), "but it is '3'"),
        (lambda: KNN(3).fit(np.eye(2), [0, 1]), "from 1 to 2, but it is 3"),
        (lambda: KNN(1).fit(np.eye(2), [0]), "one label for each of the 2"),
        (lambda: KNN(1).fit([[np.nan]], [0]), "X must be finite"),
        (lambda: KNN(1).predict([[0.0]]), "call fit"),
        (
            lambda: KNN(1).fit(np.eye(2), [0, 1]).predict([[0.0]]),
            "queries must have 2 columns",
        ),
        (
            lambda: KNN(1).fit(np.eye(2), [0, 1]).density(np.eye(2), [1, 0]),
            "from 1 to 2, but it is 0",
        ),
        (
            lambda: KNN(1).fit(np.eye(2), [0, 1]).predict_each(np.eye(2), []),
            "ks must hold at least one k",
        ),
        (lambda: KNN(1).fit(np.eye(2), [0.0, np.nan]), "y must hold classes"),
        (lambda: KNN(1).fit(np.eye(2), [np.inf, 0.0]), "y must hold classes"),
        (lambda: KNN(1).fit(np.eye(2), [0.5, 1.0]), "names or whole numbers"),
        (lambda: cross_validate(np.eye(4), [0, 1, 1], [1]), "each of the 4"),
        (lambda: cross_validate(np.eye(4), [0] * 5, [1]), "each of the 4"),
        (lambda: cross_validate(np.eye(4), [0] * 4, [1], 0), "from 2 to 4"),
        (lambda: cross_validate(np.eye(4), [0] * 4, [1], 1), "from 2 to 4"),
        (lambda: cross_validate(np.eye(4), [0] * 4, [1], 5), "from 2 to 4"),
        (lambda: cross_validate(np.eye(4), [0] * 4, [4], 4), "from 1 to 3"),
    ],
)
def test_bad_use_is_explained(act, message):
    with pytest.raises(ValueError, match=message):
        act()
