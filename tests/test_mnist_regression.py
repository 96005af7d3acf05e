"""What is trained side by side or by powers is what `fit` gives alone."""

import numpy as np
import pytest

from helpers import mnist_regression
from helpers.losses import SigmoidSquaredError, SquaredError
from helpers.mnist_regression import (
    epoch_map,
    evaluation_errors,
    fit,
    fit_by_rate,
    left_out_errors,
    mean_loss,
)


@pytest.fixture(autouse=True)
def sets(monkeypatch):
    """Six hundred samples in place of MNIST; the evaluation set is a sixth."""
    rng = np.random.default_rng(0)
    X = rng.random((600, 20)).astype(np.float32)
    y = (X @ rng.normal(size=(20, 10))).argmax(axis=1)
    found = {"training": (X[100:], y[100:]), "evaluation": (X[:100], y[:100])}
    monkeypatch.setattr(mnist_regression, "load_sets", lambda dtype="": found)
    return found


def test_epochs_by_the_map_are_epochs_of_training():
    A, B = epoch_map(0.01, 30)
    weights = np.full((20, 10), 0.01)
    for _ in range(3):
        weights = A @ weights + B
    trained = fit(0.01, 3, 30).weights
    assert np.allclose(weights, trained, rtol=0, atol=1e-6)


def test_the_search_has_the_errors_of_training_and_infinity_beyond(sets):
    errors = evaluation_errors(0.01, 30, 20)
    trained = [fit(0.01, num, 30).weights for num in (10, 20)]
    expected = [mean_loss(w, *sets["evaluation"]) for w in trained]
    assert np.allclose(errors, expected, rtol=1e-5)
    assert np.isinf(evaluation_errors(10.0, 30, 20)).all()


@pytest.mark.parametrize("loss", [SquaredError(), SigmoidSquaredError()])
def test_rates_trained_side_by_side_have_the_weights_they_have_alone(loss):
    rates = [0.001, 0.1, 1e6]
    runs = [fit(rate, 10, 100, loss) for rate in rates]
    together = fit_by_rate(loss, rates)
    for weights, run in zip(together, runs, strict=True):
        assert np.isfinite(weights).all() == (not run.diverged)
        if not run.diverged:
            assert np.allclose(weights, run.weights, rtol=1e-4, atol=1e-5)
    assert runs[2].diverged == (type(loss) is SquaredError)


def test_side_by_side_the_samples_are_shuffled_and_starts_taken_as_alone():
    starts = np.random.default_rng(1).normal(size=(2, 20, 10))
    together = fit_by_rate(
        SquaredError(), [0.01, 0.02], 3, starts, np.random.default_rng(0)
    )
    for i, rate in enumerate([0.01, 0.02]):
        rng = np.random.default_rng(0)
        alone = fit(rate, 3, 100, start=starts[i], rng=rng).weights
        assert np.allclose(together[i], alone, rtol=0, atol=1e-5)


def test_a_block_is_left_out_of_its_own_model_only(sets):
    left_out, rest = left_out_errors("stored")
    trained = fit(0.01, 10, 100).weights
    assert np.isclose(left_out[0], mean_loss(trained, *sets["evaluation"]))
    assert np.isclose(rest[0], mean_loss(trained, *sets["training"]))
    X, y = (
        np.concatenate([sets[name][i] for name in ("evaluation", "training")])
        for i in (0, 1)
    )
    for_last = fit(0.01, 10, 100, training_set=(X[:500], y[:500])).weights
    assert np.isclose(left_out[5], mean_loss(for_last, X[500:], y[500:]))


def test_random_blocks_are_others_of_the_same_samples():
    stored, drawn = map(left_out_errors, ["stored", "random"])
    assert not np.isclose(stored, drawn).any()
    assert np.isclose(stored.mean(), drawn.mean(), rtol=0.1)
