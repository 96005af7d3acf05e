import warnings

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from helpers.gradcheck import numerical_gradient
from helpers.losses import (
    BinaryCrossEntropy,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SquaredError,
)
from helpers.training import (
    EarlyStopping,
    accuracy,
    add_bias,
    minibatches,
    train,
)


@pytest.fixture
def data():
    """Three overlapping classes in the plane, with the bias's column."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, size=60)
    X = rng.normal(size=(60, 2)) + np.array([[0, 2], [2, 0], [-1, -1]])[y]
    return add_bias(X), y


START = np.full((3, 3), 0.1)


@pytest.mark.parametrize(
    "loss", [SoftmaxCrossEntropy(), SquaredError(), SigmoidSquaredError()]
)
@pytest.mark.parametrize("reduction", ["mean", "sum", 0.25])
@pytest.mark.parametrize("l2_on_bias", [True, False])
def test_a_step_follows_the_numerical_gradient_of_the_cost(
    data, loss, reduction, l2_on_bias
):
    X, y = data
    l2, learning_rate = 0.3, 0.01
    factor = {"mean": 1 / 60, "sum": 1}.get(reduction, reduction)

    def cost(weights):
        penalised = weights if l2_on_bias else weights[:-1]
        total = loss.values(X @ weights, y).sum()
        return factor * total + l2 * (penalised**2).sum()

    history = train(
        loss,
        X,
        y,
        START,
        learning_rate=learning_rate,
        num_epochs=1,
        reduction=reduction,
        l2=l2,
        l2_on_bias=l2_on_bias,
    )
    step = (START - history.weights) / learning_rate
    np.testing.assert_allclose(
        step, numerical_gradient(cost, START), rtol=1e-6, atol=1e-7
    )
    assert history.num_steps == 1


def test_by_default_the_bias_is_penalised_and_nothing_is_recorded(data):
    X, y = data
    settings = {"learning_rate": 0.1, "num_epochs": 2, "l2": 0.5}
    history = train(SquaredError(), X, y, START, **settings)
    expected = train(SquaredError(), X, y, START, l2_on_bias=True, **settings)
    np.testing.assert_array_equal(history.weights, expected.weights)
    assert history.steps.shape == (0,)
    assert history.steps.dtype == int


def test_training_reaches_the_optimum_that_sklearn_finds(data):
    X, y = data
    history = train(
        SoftmaxCrossEntropy(),
        X,
        y,
        np.zeros((3, 3)),
        learning_rate=0.3,
        num_epochs=4000,
        l2=0.05,
        l2_on_bias=False,
    )
    # sklearn minimises C * (sum of losses) + |w|^2 / 2.
    reference = LogisticRegression(C=1 / (60 * 2 * 0.05), tol=1e-10)
    reference.fit(X[:, :-1], y)
    np.testing.assert_allclose(
        history.weights[:-1].T, reference.coef_, atol=1e-4
    )


def test_minibatches_as_stored_cover_the_rows_in_order():
    rows = np.arange(10)
    batches = [rows[b].tolist() for b in minibatches(10, 4)]
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    batches = [rows[b].tolist() for b in minibatches(10, 4, drop_last=True)]
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_shuffled_minibatches_cover_every_row_once_and_differ_by_epoch():
    rng = np.random.default_rng(0)
    epochs = [
        np.concatenate(list(minibatches(10, 4, rng))).tolist()
        for _ in range(2)
    ]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert epochs[0] != epochs[1]
    sizes = [len(b) for b in minibatches(10, 4, rng, drop_last=True)]
    assert sizes == [4, 4]


@pytest.mark.parametrize(("drop_last", "num_steps"), [(True, 4), (False, 6)])
def test_minibatch_training_equals_steps_made_one_by_one(
    data, drop_last, num_steps
):
    X, y = data
    history = train(
        SoftmaxCrossEntropy(),
        X,
        y,
        START,
        learning_rate=0.1,
        num_epochs=2,
        batch_size=25,
        rng=np.random.default_rng(5),
        drop_last=drop_last,
    )
    weights, rng = START, np.random.default_rng(5)
    for _ in range(2):
        for rows in minibatches(60, 25, rng, drop_last):
            weights = train(
                SoftmaxCrossEntropy(),
                X[rows],
                y[rows],
                weights,
                learning_rate=0.1,
                num_epochs=1,
            ).weights
    np.testing.assert_allclose(history.weights, weights, rtol=1e-12)
    assert history.num_steps == num_steps


def test_the_same_generator_gives_the_same_weights(data):
    X, y = data
    runs = [
        train(
            SoftmaxCrossEntropy(),
            X,
            y,
            START,
            learning_rate=0.1,
            num_epochs=3,
            batch_size=7,
            rng=np.random.default_rng(seed),
        ).weights
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_monitors_record_after_the_named_numbers_of_updates(data):
    X, y = data
    loss = SoftmaxCrossEntropy()
    sets = {"train": (X, y), "other": (X[:9], y[:9])}

    def after(num_epochs):
        return train(
            loss,
            X,
            y,
            START,
            learning_rate=0.1,
            num_epochs=num_epochs,
            monitors=sets,
            monitor_steps=range(0, 6, 2),
        )

    history = after(5)
    assert history.steps.tolist() == [0, 2, 4]
    for i, step in enumerate(history.steps):
        scores = X[:9] @ after(step).weights
        assert history.loss["other"][i] == loss.values(scores, y[:9]).mean()
        assert history.accuracy["other"][i] == np.mean(
            scores.argmax(axis=1) == y[:9]
        )
    assert (np.diff(history.loss["train"]) < 0).all()


def test_accuracy_of_one_column_counts_from_one_half_on():
    predictions = np.array([[0.2], [0.5], [0.9], [0.4]])
    assert accuracy(predictions, np.array([[0], [1], [1], [1]])) == 0.75


@pytest.mark.parametrize(
    ("predictions", "targets", "message"),
    [
        (np.ones((3, 1)), np.ones(3), r"of shape \(3, 1\) need .* is \(3,\)"),
        (np.ones((3, 2)), np.ones((3, 1)), "the same shape"),
        (np.array([[np.nan], [0.0]]), np.ones((2, 1)), "some are NaN"),
    ],
)
def test_accuracy_of_what_does_not_fit_is_refused(
    predictions, targets, message
):
    with pytest.raises(ValueError, match=message):
        accuracy(predictions, targets)


def test_early_stopping_restores_the_best_weights(data):
    X, y = data
    validation = X[:10], (y[:10] + 1) % 3  # gets worse as training goes on
    stopping = EarlyStopping("validation", patience=3)

    def run(num_epochs, early_stopping=None):
        return train(
            SoftmaxCrossEntropy(),
            X,
            y,
            START,
            learning_rate=0.5,
            num_epochs=num_epochs,
            monitors={"validation": validation},
            monitor_steps=range(0, 100, 2),
            early_stopping=early_stopping,
        )

    for _ in range(2):  # the same stopping twice: it keeps no state
        history = run(50, stopping)
        best = history.loss["validation"].argmin()
        assert history.best_step == history.steps[best]
        assert len(history.steps) == best + 1 + 3
        assert history.num_steps == history.steps[-1] < 50
        np.testing.assert_array_equal(
            history.weights, run(history.best_step).weights
        )


def test_divergence_is_reported_and_warns_of_nothing(data):
    X, y = data
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        history = train(
            SquaredError(),
            100 * X,
            y,
            START,
            learning_rate=1.0,
            num_epochs=1000,
            monitors={"train": (100 * X, y)},
            monitor_steps=range(1000),
        )
    assert history.diverged
    assert history.num_steps < 1000
    assert history.loss["train"][-1] > 1e100
    assert not train(
        SquaredError(), X, y, START, learning_rate=0.01, num_epochs=9
    ).diverged


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_have_the_type_of_the_data(data, dtype):
    X, y = data
    history = train(
        SoftmaxCrossEntropy(),
        X.astype(dtype),
        y,
        START,
        learning_rate=0.1,
        num_epochs=20,
        l2=0.1,
    )
    assert history.weights.dtype == dtype
    reference = train(
        SoftmaxCrossEntropy(),
        X,
        y,
        START,
        learning_rate=0.1,
        num_epochs=20,
        l2=0.1,
    )
    np.testing.assert_allclose(history.weights, reference.weights, rtol=1e-4)


def test_start_weights_and_data_are_not_changed(data):
    X, y = data
    X_before, start = X.copy(), START.copy()
    train(SquaredError(), X, y, start, learning_rate=0.1, num_epochs=2, l2=1)
    np.testing.assert_array_equal(start, START)
    np.testing.assert_array_equal(X, X_before)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": np.ones((3, 2))}, "X must have 3 columns"),
        ({"X": np.full((60, 3), np.nan)}, "X must be finite"),
        ({"y": [0, 1]}, r"must be 60 labels .* shape is \(2,\)"),
        ({"y": [3] * 60}, "Labels must lie from 0 to 2"),
        ({"batch_size": 61}, "batch_size must be a whole number from 1 to 60"),
        ({"num_epochs": -1}, "num_epochs must be a whole number of at least"),
        ({"batch_size": 0}, "batch_size must be a whole number from 1 to 60"),
        ({"batch_size": False}, "from 1 to 60, but it is False"),
        ({"learning_rate": -1}, "learning_rate must be a finite number of at"),
        ({"learning_rate": np.nan}, "learning_rate must be a finite number"),
        ({"learning_rate": None}, "learning_rate must be a finite number"),
        ({"l2": -1}, "l2 must be a finite number of at least 0"),
        ({"l2": np.inf}, "l2 must be a finite number of at least 0"),
        ({"reduction": np.nan}, "reduction must be a finite number"),
        ({"y": np.full((60, 3), np.nan)}, "y must be finite"),
        ({"X": np.ones((60, 3)) * 1j}, "X must hold real numbers"),
        ({"weights": np.ones((3, 3)) * 1j}, "weights must hold real numbers"),
        ({"weights": np.ones(3)}, "weights must have shape"),
        ({"monitors": {"a": (np.ones((0, 3)), [])}}, "X of 'a' must have sh"),
        ({"monitors": {"a": (np.ones((2, 2)), [0, 0])}}, "X of 'a' must have"),
        ({"monitors": {"a": (np.ones((2, 3)), [0])}}, "must be 2 labels"),
        (
            {"monitors": {"a": (np.full((1, 3), np.nan), [0])}},
            "X of 'a' must be finite",
        ),
        (
            {"monitors": {"a": (np.ones((1, 3)), np.full((1, 3), np.nan))}},
            "y of 'a' must be finite",
        ),
        (
            {
                "monitors": {"a": (np.ones((1, 3)), [0])},
                "early_stopping": EarlyStopping("a", 0),
            },
            "patience must be a whole number of at least 1",
        ),
        ({"reduction": "median"}, "reduction must be"),
        (
            {"early_stopping": EarlyStopping("validation", 1)},
            "early_stopping watches 'validation'",
        ),
    ],
)
def test_bad_arguments_are_explained(data, changes, message):
    X, y = data
    arguments = {
        **{"X": X, "y": y, "weights": START},
        **{"learning_rate": 0.1, "num_epochs": 1, "monitor_steps": [0]},
    } | changes
    with pytest.raises(ValueError, match=message):
        train(SoftmaxCrossEntropy(), **arguments)


def test_a_list_and_a_table_of_bytes_are_trained_on(data):
    X, y = data
    settings = {"learning_rate": 0.1, "num_epochs": 2}
    found = train(SquaredError(), X.tolist(), y, START, **settings)
    expected = train(SquaredError(), X, y, START, **settings)
    np.testing.assert_array_equal(found.weights, expected.weights)
    pixels = np.abs(X).astype(np.uint8)
    found = train(SquaredError(), pixels, y, START, **settings)
    assert found.weights.dtype == np.float32


def test_the_binary_loss_trains_on_a_single_column(data):
    X, y = data
    history = train(
        BinaryCrossEntropy(),
        X,
        y == 0,
        np.zeros((3, 1)),
        learning_rate=0.5,
        num_epochs=3000,
        monitors={"train": (X, y == 0)},
        monitor_steps=[3000],
    )
    reference = LogisticRegression(C=1e10, tol=1e-10).fit(X[:, :-1], y == 0)
    np.testing.assert_allclose(
        history.weights[:-1, 0], reference.coef_[0], rtol=1e-3
    )
    assert history.accuracy["train"][-1] == reference.score(X[:, :-1], y == 0)


@pytest.mark.parametrize("rng_seed", [None, 0])
@pytest.mark.parametrize("batch_size", [None, 60, 20])
@pytest.mark.parametrize(
    "loss", [SoftmaxCrossEntropy(), SquaredError(), SigmoidSquaredError()]
)
def test_to_watch_a_training_does_not_change_it(
    data, loss, batch_size, rng_seed
):
    X, y = data

    def weights(monitors):
        return train(
            loss,
            X,
            y,
            START,
            learning_rate=0.05,
            num_epochs=4,
            batch_size=batch_size,
            rng=None if rng_seed is None else np.random.default_rng(rng_seed),
            monitors=monitors,
            monitor_steps=range(100),
        ).weights

    unwatched = weights({})
    other_labels = (y + 1) % 3
    for monitors in (
        {"train": (X, y)},
        {"copy": (X.copy(), y), "train": (X, y)},
        {"other labels": (X, other_labels)},
        {"a part": (X[:20], y[:20])},
    ):
        np.testing.assert_allclose(weights(monitors), unwatched, rtol=1e-12)


class OnlyBothAtOnce(SoftmaxCrossEntropy):
    def gradient(self, scores, targets):
        raise AssertionError("the record before has made this forward pass")


def test_the_forward_pass_of_a_record_serves_the_next_step(data):
    X, y = data
    settings = {"learning_rate": 0.1, "num_epochs": 3}
    found = train(
        OnlyBothAtOnce(),
        X,
        y,
        START,
        monitors={"train": (X, y)},
        monitor_steps=range(3),
        **settings,
    )
    expected = train(SoftmaxCrossEntropy(), X, y, START, **settings)
    np.testing.assert_allclose(found.weights, expected.weights, rtol=1e-14)


def test_nan_in_a_part_of_the_data_is_refused_as_soon_as_it_is_used(data):
    X, y = data
    X[-1, 0] = np.nan
    settings = {"learning_rate": 0.1, "num_epochs": 1, "batch_size": 50}
    with pytest.raises(ValueError, match="X must be finite"):
        train(SoftmaxCrossEntropy(), X, y, START, **settings)
    history = train(
        SoftmaxCrossEntropy(), X, y, START, drop_last=True, **settings
    )
    assert np.isfinite(history.weights).all()
