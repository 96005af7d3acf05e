import numpy as np
import pytest
from scipy.special import expit
from scipy.special import log_softmax as scipy_log_softmax
from scipy.special import softmax as scipy_softmax
from sklearn.metrics import log_loss

from helpers.gradcheck import gradient_errors
from helpers.losses import (
    BinaryCrossEntropy,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SquaredError,
    log_softmax,
    one_hot,
    sigmoid,
    softmax,
)

LOSSES = [
    SquaredError(),
    SigmoidSquaredError(),
    BinaryCrossEntropy(),
    SoftmaxCrossEntropy(),
]
MULTI_CLASS = [SquaredError(), SigmoidSquaredError(), SoftmaxCrossEntropy()]
by_name = pytest.mark.parametrize(
    "loss", LOSSES, ids=lambda loss: type(loss).__name__
)
EXTREME = np.array([[1000.0, -1000.0], [-1000.0, 1000.0], [0.0, 0.0]])


@pytest.fixture
def scores():
    return np.random.default_rng(0).normal(scale=3, size=(6, 4))


def labels_for(loss, num_columns):
    """Labels of three samples that fit a loss."""
    if isinstance(loss, BinaryCrossEntropy):
        return np.array([[0, 1], [1, 1], [0, 0]])[:, :num_columns]
    return np.array([1, 1, 0]) % num_columns


def test_sigmoid_and_softmax_agree_with_scipy(scores):
    np.testing.assert_allclose(sigmoid(scores), expit(scores), rtol=1e-14)
    np.testing.assert_allclose(
        softmax(scores), scipy_softmax(scores, axis=1), rtol=1e-13
    )
    np.testing.assert_allclose(
        log_softmax(scores), scipy_log_softmax(scores, axis=1), rtol=1e-13
    )


def test_softmax_subtracts_the_maximum_of_each_row_not_of_all():
    scores = np.array([[0.0, 1.0], [1000.0, 1001.0]])
    np.testing.assert_allclose(softmax(scores)[0], softmax(scores)[1])


def test_softmax_does_not_change_its_argument(scores):
    before = scores.copy()
    softmax(scores)
    log_softmax(scores)
    np.testing.assert_array_equal(scores, before)


@by_name
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("num_samples", [1, 3])
@pytest.mark.parametrize("num_columns", [1, 2])
def test_extreme_scores_give_finite_results_of_their_own_type(
    loss, dtype, num_samples, num_columns
):
    scores = EXTREME[:num_samples, :num_columns].astype(dtype)
    targets = labels_for(loss, num_columns)[:num_samples]
    with np.errstate(all="raise", under="ignore"):
        values = loss.values(scores, targets)
        gradient = loss.gradient(scores, targets)
        predictions = loss.predict(scores)
    assert values.shape == (num_samples,)
    assert gradient.shape == predictions.shape == scores.shape
    for result in values, gradient, predictions:
        assert result.dtype == dtype
        assert np.isfinite(result).all()


@by_name
def test_the_gradient_is_that_of_the_values(loss, scores):
    rng = np.random.default_rng(1)
    targets = one_hot(rng.integers(0, 4, size=6), 4)
    errors = gradient_errors(
        lambda s: loss.values(s, targets).sum(),
        loss.gradient(scores, targets),
        scores,
    )
    assert errors.max() < 1e-9


@pytest.mark.parametrize("loss", MULTI_CLASS)
def test_labels_and_one_hot_targets_give_the_same(loss, scores):
    labels = np.array([0, 3, 1, 1, 2, 0])
    for method in loss.values, loss.gradient:
        np.testing.assert_array_equal(
            method(scores, labels), method(scores, one_hot(labels, 4))
        )


def test_cross_entropies_agree_with_sklearn(scores):
    labels = np.array([0, 3, 1, 1, 2, 0])
    np.testing.assert_allclose(
        SoftmaxCrossEntropy().values(scores, labels).mean(),
        log_loss(labels, softmax(scores)),
    )
    binary = np.array([0, 1, 1, 0, 0, 1])
    np.testing.assert_allclose(
        BinaryCrossEntropy().values(scores[:, :1], binary).mean(),
        log_loss(binary, sigmoid(scores[:, 0])),
    )


def test_two_classes_of_softmax_are_the_binary_cross_entropy(scores):
    labels = np.array([0, 1, 1, 0, 0, 1])
    column = scores[:, :1]
    two = np.hstack([np.zeros_like(column), column])
    np.testing.assert_allclose(
        SoftmaxCrossEntropy().values(two, labels),
        BinaryCrossEntropy().values(column, labels),
        rtol=1e-12,
    )


def test_one_class_of_softmax_costs_nothing():
    loss, scores = SoftmaxCrossEntropy(), np.array([[7.0]])
    assert loss.values(scores, [0]) == 0
    assert loss.gradient(scores, [0]) == 0


def test_squared_errors_are_those_of_their_formulas(scores):
    targets = one_hot([0, 3, 1, 1, 2, 0], 4)
    np.testing.assert_allclose(
        SquaredError().values(scores, targets),
        np.linalg.norm(scores - targets, axis=1) ** 2,
    )
    np.testing.assert_allclose(
        SigmoidSquaredError().values(scores, targets),
        np.linalg.norm(expit(scores) - targets, axis=1) ** 2,
    )


@pytest.mark.parametrize(
    ("loss", "targets", "message"),
    [
        (SoftmaxCrossEntropy(), [0, 4], "from 0 to 3, but they run from 0 to"),
        (SquaredError(), [-1, 0], "but they run from -1 to 0"),
        (SigmoidSquaredError(), [0.5, 1], "must be a vector of whole numbers"),
        (SoftmaxCrossEntropy(), np.eye(3), r"a matrix of shape \(3, 4\)"),
        (BinaryCrossEntropy(), np.eye(3), r"a matrix of shape \(3, 4\)"),
        (BinaryCrossEntropy(), [1, 2], "from 0 to 1"),
        (SquaredError(), [0.0, np.nan], "must be a vector of whole numbers"),
    ],
)
def test_targets_that_do_not_fit_are_refused(loss, targets, message):
    scores = np.zeros((len(targets), 4))
    with pytest.raises(ValueError, match=message):
        loss.values(scores, targets)
    with pytest.raises(ValueError, match=message):
        loss.gradient(scores, targets)


@by_name
@pytest.mark.parametrize("count", [1, 5, 7])
def test_another_number_of_targets_is_not_broadcast(loss, count):
    scores = np.zeros((6, 1))
    for targets in np.zeros(count, int), np.zeros((count, 1)):
        for method in loss.values, loss.gradient, loss.values_and_gradient:
            with pytest.raises(ValueError, match="must be 6 labels"):
                method(scores, targets)
    with pytest.raises(ValueError, match=r"must be 1 labels .* is \(6,\)"):
        loss.gradient(scores[:1], np.zeros(6, int))


@by_name
@pytest.mark.parametrize("dtype", [np.int64, np.uint8, bool])
def test_scores_that_are_integers_are_taken_as_float64(loss, dtype):
    scores, targets = np.array([[0, 1], [1, 0]]), np.array([[0.5, 0.5]] * 2)
    whole = scores.astype(dtype)
    for method in loss.values, loss.gradient:
        np.testing.assert_array_equal(
            method(whole, targets), method(1.0 * scores, targets)
        )
    for function in loss.predict, log_softmax, sigmoid:
        np.testing.assert_array_equal(function(whole), function(1.0 * scores))


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_scores_from_end_to_end_of_their_range_have_a_cost(dtype):
    end = np.finfo(dtype).max
    scores = np.array([[end, -end], [-end, end]], dtype)
    loss = SoftmaxCrossEntropy()
    with np.errstate(all="raise", under="ignore"):
        values, gradient = loss.values_and_gradient(scores, [0, 0])
        np.testing.assert_array_equal(loss.values(scores, [0, 0]), values)
    assert values.tolist() == [0, end]
    assert gradient.tolist() == [[0, 0], [-1, 1]]


@by_name
def test_complex_scores_are_refused(loss):
    for method in loss.values, loss.gradient:
        with pytest.raises(TypeError, match="from dtype\\('complex128'\\)"):
            method(np.array([[1j]]), [0])


def test_a_score_of_minus_infinity_is_an_impossible_class():
    values = SoftmaxCrossEntropy().values(np.array([[0.0, -np.inf]]), [0])
    assert values == 0


@pytest.mark.parametrize("scale", [1, 1000])
@pytest.mark.parametrize("loss", LOSSES)
def test_both_at_once_are_the_values_and_the_gradient(loss, scale):
    rng = np.random.default_rng(0)
    num_columns = 1 if isinstance(loss, BinaryCrossEntropy) else 4
    scores = scale * rng.normal(size=(30, num_columns))
    labels = rng.integers(0, max(num_columns, 2), 30)
    values, gradient = loss.values_and_gradient(scores, labels)
    np.testing.assert_allclose(
        values, loss.values(scores, labels), rtol=1e-13, atol=1e-15
    )
    np.testing.assert_allclose(
        gradient, loss.gradient(scores, labels), atol=1e-15
    )
