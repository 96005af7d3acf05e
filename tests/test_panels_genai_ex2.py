import re

import numpy as np
import pytest
from planes import layers, line
from sklearn.datasets import make_moons

from helpers import panels_genai_ex2 as panels
from helpers.knn import KNN
from helpers.lls import LinearLeastSquares
from helpers.losses import (
    BinaryCrossEntropy,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
)
from helpers.panel import Slider
from helpers.toy_data import digits, outlier_blobs
from helpers.training import add_bias, train

SHEET = [(n, 1.75 * n) for n in (1, 2, 4, 8, 16)]
TURNED = re.compile(r"(least squares|logistic|bounded) ([−\d.]+)° \((\d+)")


@pytest.fixture(scope="module")
def luck():
    return panels.luck_panel()


@pytest.fixture(scope="module")
def outlier():
    return panels.outlier_panel()


@pytest.fixture(scope="module")
def weights():
    return panels.weights_panel()


def settings(panel, number, seed=0):
    """Random values of all controls but handles and buttons."""
    rng = np.random.default_rng(seed)
    sliders = {
        name: control.values
        for name, control in panel.controls.items()
        if isinstance(control, Slider)
    }
    for _ in range(number):
        yield {
            name: values[rng.integers(len(values))]
            for name, values in sliders.items()
        }


def is_drawn(planes, sentence):
    """Whether all that is said and drawn is a number."""
    shown = [
        layer[name]
        for plane in planes
        for layer in plane.layers
        for name in ("x", "xy", "heights")
        if layer["layer"] in ("points", "bars") and name in layer
    ]
    limits = [[*plane.xlim, *plane.ylim] for plane in planes]
    return (
        not re.search(r"\b(nan|inf)\b", sentence)
        and np.isfinite(np.concatenate(shown)).all()
        and np.isfinite(limits).all()
    )


# ---- Twenty draws of the moons ---------------------------------------------


def test_the_stored_draws_are_those_of_the_moons(luck):
    made = panels.twenty_draws([3])
    with np.load(panels.STORED) as stored:
        labels, right = stored["labels"][:, 2], stored["right"][:, 2, 2]
    differing = np.unpackbits(labels ^ made["labels"][:, 0])
    assert differing.sum() <= 10  # where rounding breaks a tie
    assert np.abs(right - made["right"][:, 0, 0].astype(int)).max() <= 1
    for k, true in zip(panels.POWERS, made["in_truth"][:, 0], strict=True):
        [_, bars], _ = luck.see(k=k, number=3)
        shown = line(bars, "draw 3, on new samples")[:, 0]
        assert shown == pytest.approx(true, abs=1e-4)


def test_the_label_changes_at_the_boundary_of_a_draw(luck):
    X, y = make_moons(1000, noise=0.2, random_state=4)
    around = 0.04 * panels.CIRCLE[::12, np.newaxis]
    for k in 1, 16, 512:
        [plane, _], _ = luck.see(k=k, number=4)
        boundary = line(plane, "draw 4")
        places = boundary[np.isfinite(boundary[:, 0])][::5]
        assert len(places) > 20
        labels = (
            KNN(k)
            .fit(X[:900], y[:900])
            .predict((places + around).reshape(-1, 2))
        )
        labels = labels.reshape(len(around), len(places))
        assert (np.ptp(labels, axis=0) == 1).all()


def test_a_draw_is_tested_on_its_own_hundred_samples(luck):
    for k, number in (1, 3), (16, 1), (64, 12), (512, 20):
        X, y = make_moons(1000, noise=0.2, random_state=number)
        model = KNN(k).fit(X[:900], y[:900])
        right = np.sum(model.predict(X[900:]) == y[900:])
        _, sentence = luck.see(k=k, number=number)
        assert f"draw {number} has {right} of its 100" in sentence


def test_what_new_samples_would_show_is_what_many_show(luck):
    X, y = make_moons(1000, noise=0.2, random_state=5)
    X_new, y_new = make_moons(5000, noise=0.2, random_state=99)
    labels = KNN(1).fit(X[:900], y[:900]).predict_each(X_new, [1, 16, 512])
    for k, one in zip([1, 16, 512], labels, strict=True):
        [_, bars], _ = luck.see(k=k, number=5)
        true = line(bars, "draw 5, on new samples")[0, 0]
        assert true == pytest.approx(np.mean(one == y_new), abs=0.01)


@pytest.mark.parametrize("draw", [12, 16])
def test_every_k_that_is_best_on_a_draws_own_test_set_is_named(luck, draw):
    X, y = make_moons(1000, noise=0.2, random_state=draw)
    labels = KNN(1).fit(X[:900], y[:900]).predict_each(X[900:], panels.POWERS)
    right = np.sum(labels == y[900:], axis=1)
    best = np.array(panels.POWERS)[right == right.max()]
    assert len(best) == {12: 1, 16: 7}[draw]
    told = ", ".join(map(str, best))
    assert luck.see(number=draw)[1].endswith(f"is right at k = {told}.")


def test_the_histogram_counts_the_pairs_that_are_chosen(luck):
    for shown in luck.controls["shown"].values:
        for k in panels.POWERS:
            [_, bars], sentence = luck.see(k=k, shown=shown)
            [layer] = layers(bars, "bars")
            heights, x = layer["heights"], layer["x"][layer["heights"] > 0]
            assert heights.sum() == pytest.approx(1)
            between = f"lie between {x[0]:.2f} and {x[-1]:.2f}."
            assert between in sentence
            assert bars.xlim[0] < x[0] - 0.004
            assert x[-1] + 0.004 < bars.xlim[1]
            assert heights.max() < bars.ylim[1]


def test_the_luck_of_the_test_set_exceeds_that_of_the_training_set(luck):
    def spread(shown):
        [_, bars], _ = luck.see(k=16, shown=shown)
        [layer] = layers(bars, "bars")
        x = layer["x"][layer["heights"] > 0]
        return x[-1] - x[0]

    models = spread("twenty models, this test set")
    assert spread("this model, twenty test sets") > 2 * models


def test_every_setting_of_the_draws_is_drawn(luck):
    for values in settings(luck, 40):
        planes, sentence = luck.see(**values)
        assert is_drawn(planes, sentence)
        assert len(layers(planes[0], "line")) == 22


# ---- The outlier -----------------------------------------------------------


def turned(sentence):
    """Turn and number of wrong samples for each loss."""
    return {
        name: (float(angle.replace("−", "-")), int(wrong))
        for name, angle, wrong in TURNED.findall(sentence)
    }


def test_least_squares_turns_as_the_notebook_says(outlier):
    turns = [1.3, 4.9, 19.2, 48.3, 66.7]
    leverages = [0.012, 0.051, 0.187, 0.490, 0.797]
    for place, turn, leverage in zip(SHEET, turns, leverages, strict=True):
        _, sentence = outlier.see(outlier=place, sign=-1)
        assert turned(sentence)["least squares"][0] == turn
        assert f"leverage of the outlier is {leverage:.3f}." in sentence
    _, sentence = outlier.see(outlier=SHEET[-1], sign=1)
    assert turned(sentence)["least squares"][0] == 68.3


def test_the_scores_are_zero_on_the_line_of_least_squares(outlier):
    X, y, _, _ = outlier_blobs(1)
    for place, sign in ((2, 3.5), -1), ((-7, 1), 1):
        X[-1], y[-1] = place, sign
        model = LinearLeastSquares().fit(X, y)
        planes, sentence = outlier.see(outlier=place, sign=sign)
        on_line = line(planes[1], "least squares")
        assert model.decision_function(on_line) == pytest.approx(0, abs=1e-9)
        wrong = np.sum(model.predict(X[:-1]) != y[:-1])
        assert turned(sentence)["least squares"][1] == wrong


@pytest.mark.parametrize("loss", [BinaryCrossEntropy(), SigmoidSquaredError()])
def test_no_step_of_a_descent_leaves_the_lowest_weights(loss):
    X, y, _, _ = outlier_blobs(16)
    X_bar, ones = add_bias(X), (y[:, np.newaxis] + 1) / 2
    alone = panels.lowest(loss, X_bar[:-1], ones[:-1], np.zeros((3, 1)))
    rng = np.random.default_rng(1)
    for distance in 10 ** rng.uniform(-1, 1.6, 100):
        X_bar[-1, :2] = 0.5 + distance * rng.uniform(-1, 1, 2)
        ones[-1] = rng.integers(2)
        theta = panels.lowest(loss, X_bar, ones, alone)
        options = {"learning_rate": 1, "num_epochs": 1, "l2": panels.L2}
        step = train(loss, X_bar, ones, theta, **options)
        assert step.weights == pytest.approx(theta, abs=1e-6)


def test_the_logistic_fit_does_not_depend_on_the_start():
    X, y, _, _ = outlier_blobs(16)
    X, ones = add_bias(X), (np.append(y[:-1], 1)[:, np.newaxis] + 1) / 2
    rng = np.random.default_rng(0)
    fits = [
        panels.lowest(BinaryCrossEntropy(), X, ones, start)
        for start in 5 * rng.normal(size=(5, 3, 1))
    ]
    assert fits[1:] == pytest.approx(np.repeat(fits[:1], 4, 0), abs=1e-5)


def test_only_the_wrong_side_moves_the_logistic_and_nothing_the_bounded(
    outlier,
):
    for place in SHEET[1:]:
        own = turned(outlier.see(outlier=place, sign=-1)[1])
        other = turned(outlier.see(outlier=place, sign=1)[1])
        assert own["logistic"] == own["bounded"] == (-0.2, 0)
        assert other["bounded"] == (-0.2, 0)
        assert other["logistic"][0] > 10
    assert other["logistic"][0] == pytest.approx(45.2, abs=3)  # without L2


def test_the_bars_are_the_costs_that_the_notebook_names(outlier):
    [*_, paid], _ = outlier.see(outlier=SHEET[-1], sign=-1)
    before, now, others = (bar["heights"] for bar in layers(paid, "bars"))
    assert before[0] == pytest.approx(1476, abs=0.5)
    assert now[0] == pytest.approx((-8.79 + 1) ** 2, rel=1e-2)
    assert others[0] > 62  # what they would pay without the outlier
    [*_, paid], _ = outlier.see(outlier=SHEET[-1], sign=1)
    assert layers(paid, "bars")[0]["heights"][2] == pytest.approx(1)


def test_the_view_holds_the_outlier_and_comes_to_rest(outlier):
    place = np.array([2.0, 3.5])
    for _ in range(200):  # a pointer that stays at a tenth from the edge
        [plane, *_], _ = outlier.see(outlier=tuple(place))
        (low, high), _ = plane.xlim, plane.ylim
        assert (low < place).all()
        assert (place < high).all()
        place = np.full(2, low + 0.9 * (high - low))
    [plane, *_], _ = outlier.see(outlier=tuple(place))
    assert plane.xlim[1] == pytest.approx(high)
    [plane, *_], _ = outlier.see(outlier=(40.5, -39.5))
    assert plane.xlim == plane.ylim == (-39.5, 40.5)


def test_an_outlier_anywhere_is_drawn(outlier):
    rng = np.random.default_rng(0)
    for values in settings(outlier, 60):
        place = 0.5 + rng.uniform(-1, 1, 2) * 10 ** rng.uniform(-1, 1.6)
        planes, sentence = outlier.see(outlier=tuple(place), **values)
        assert is_drawn(planes, sentence)
        assert len(turned(sentence)) == 3


# ---- The training ----------------------------------------------------------


def trained(steps, **options):
    """The training in double precision."""
    X, y, X_test, y_test = digits()
    X, X_test = add_bias(X), add_bias(X_test)
    return train(
        SoftmaxCrossEntropy(),
        X,
        y,
        np.zeros((65, 10)),
        num_epochs=steps,
        monitors={"training": (X, y), "test": (X_test, y_test)},
        monitor_steps=range(steps + 1),
        **options,
    )


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("l2", [0, 0.1])
def test_the_sentence_says_where_a_training_is(weights, reduction, l2):
    steps = weights.controls["step"].values[30]
    options = {"reduction": reduction, "l2": l2}
    run = trained(steps, learning_rate=0.002, **options)
    planes, sentence = weights.see(step=steps, rate=0.002, **options)
    said = [float(number) for number in re.findall(r"\d+\.\d+", sentence)]
    assert sentence.startswith(f"Step {steps}: ")
    loss, accuracy = run.loss, run.accuracy
    for name, shown, right in (
        ("training", said[0], said[2]),
        ("test", said[1], said[3]),
    ):
        assert shown == pytest.approx(loss[name][-1], rel=1e-3)
        assert right == pytest.approx(accuracy[name][-1], abs=0.005)
        drawn = line(planes[1], name)
        assert drawn[:, 0].tolist() == list(range(1, steps + 2))
        assert drawn[:, 1] == pytest.approx(loss[name], rel=1e-3)


def test_the_pictures_are_the_weights_of_the_classes(weights):
    pixels = trained(20, learning_rate=0.001, reduction="sum").weights[:-1]
    step = 20
    [pictures, *_], _ = weights.see(step=step)
    codes = [raster["codes"] for raster in layers(pictures, "raster")]
    shares = (np.array(codes, float) / 254 - 0.5) * 2
    assert shares == pytest.approx(pixels.T / np.abs(pixels).max(), abs=0.01)


def test_the_first_step_has_one_accuracy_at_every_rate(weights):
    for rate in weights.controls["rate"].values:
        for reduction in "sum", "mean":
            _, sentence = weights.see(step=1, rate=rate, reduction=reduction)
            assert "accuracy 0.763 and 0.729." in sentence


def test_the_known_loss_is_reached_on_the_way(weights):
    _, sentence = weights.see(step=100, rate=0.01)
    assert "so far is 20.81." in sentence  # 28 031 for 1347 images
    assert "accuracy 0.985 and 0.962" in sentence


def test_what_is_shown_does_not_depend_on_what_was_shown(weights):
    values = {"rate": 0.03, "l2": 0.01}
    weights.see(step=100, **values)
    shown = []
    for panel in weights, panels.weights_panel():
        [pictures, *_], sentence = panel.see(step=5, **values)
        codes = [one["codes"] for one in layers(pictures, "raster")]
        shown.append((sentence, np.array(codes).tolist()))
    assert shown[0] == shown[1]


def test_a_training_that_diverges_says_so(weights):
    _, sentence = weights.see(step=100, rate=3, l2=1)
    assert "later the loss is not finite: the training ends." in sentence
    assert re.match(r"Step \d\d:", sentence)
    _, sentence = weights.see(step=5, rate=3, l2=1)
    assert "not finite" not in sentence


def test_every_setting_of_the_training_is_drawn(weights):
    for values in settings(weights, 60):
        planes, sentence = weights.see(**values)
        assert is_drawn(planes, sentence)
        for name in "training", "test":
            for plane in planes[1:]:
                x, y = line(plane, name).T
                assert plane.xlim[0] <= x[0]
                assert x[-1] < plane.xlim[1]
                assert y.max() < plane.ylim[1]
                assert plane.ylim[0] <= y.min()


def test_a_tie_of_votes_is_named():
    knn = panels.knn_panel()
    assert "1; a tie counts for class 0: the" in knn.see(k=2)[1]
    assert "tie" not in knn.see(k=3)[1]


def test_flips_are_counted_and_the_curves_stay_in_their_plane():
    knn = panels.knn_panel()
    assert knn.see(flipped=[3])[1].startswith("1 label flipped. k = 5.")
    [_, curve], sentence = knn.see(flipped=list(range(0, 900, 2)))
    assert sentence.startswith("450 labels flipped.")
    for layer in layers(curve, "line"):
        assert layer["xy"][1::2].min() >= curve.ylim[0]


def test_weights_that_are_all_zero_are_told_so(weights):
    assert weights.see(step=0)[0][0].title.endswith("all 0 (white)")
