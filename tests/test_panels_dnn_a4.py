import re
from decimal import Decimal

import numpy as np
import pytest
from planes import layers, line
from sklearn.datasets import load_digits

from helpers import mnist, panels_dnn_a4
from helpers.gradcheck import numerical_gradient
from helpers.losses import SquaredError, softmax
from helpers.mnist_regression import mean_loss
from helpers.panel import Button
from helpers.panels_dnn_a4 import overflow_panel, scientific, textbook_softmax
from helpers.training import train


@pytest.fixture(scope="module")
def valley():
    return panels_dnn_a4.valley()


@pytest.fixture(scope="module")
def valley_panel():
    return panels_dnn_a4.valley_panel()


@pytest.fixture(scope="module")
def step_panel():
    return panels_dnn_a4.step_panel()


def numbers(planes):
    """All that is drawn at a place, to see whether it is finite."""
    return np.concatenate(
        [
            np.ravel(layer[name])
            for plane in planes
            for layer in plane.layers
            for name in ("xy", "heights")
            if name in layer and layer["labels"] != [""]
        ]
    )


# ---- Down the valley -------------------------------------------------------


def test_the_valleys_minimum_and_eigenvalues_are_those_of_the_error(valley):
    eigenvalues, X, y = valley
    assert np.allclose(2 * X.T @ X / len(X), np.diag(eigenvalues), atol=1e-9)
    gradient = X.T @ SquaredError().gradient(np.zeros(y.shape), y)
    assert np.abs(gradient).max() < 1e-8
    assert np.all(np.diff(eigenvalues) < 0)


@pytest.mark.parametrize("batch", [1, 100, "all"])
def test_the_path_is_that_of_the_helper(valley, valley_panel, batch):
    eigenvalues, X, y = valley
    weights = np.zeros((len(eigenvalues), 1))
    weights[[19, 0], 0] = 0.7, -0.2
    size = len(X) if batch == "all" else batch
    weights = train(
        SquaredError(),
        X[: 15 * size],
        y[: 15 * size],
        weights,
        learning_rate=0.004,
        num_epochs=15 if batch == "all" else 1,
        batch_size=size,
    ).weights
    [plane, fall], sentence = valley_panel.see(
        start=(0.7, -0.2), rate=(0.004, 1), batch=batch, steps=15
    )
    assert line(plane, "path")[-1] == pytest.approx(weights[[19, 0], 0])
    assert len(line(plane, "path")) == 16
    error = mean_loss(weights, X, y)
    assert f"the error is {error:.3f};" in sentence
    [dot] = layers(fall, "points")
    assert dot["xy"] == pytest.approx([0.004, error])


def test_the_curve_has_the_errors_of_all_rates(valley_panel):
    [_, fall], _ = valley_panel.see(steps=33)
    for rate, error in line(fall, "all images")[[0, 40, 100]]:
        [_, one], _ = valley_panel.see(steps=33, rate=(rate, 1))
        assert layers(one, "points")[0]["xy"] == pytest.approx([rate, error])


def test_the_limit_parts_descents_that_end_from_those_that_explode(
    valley, valley_panel
):
    edge = 2 / valley[0][0]
    [_, fall], _ = valley_panel.see()
    assert layers(fall, "mark")[0]["x"] == edge
    below, above = (
        valley_panel.see(rate=(share * edge, 1), steps=100)
        for share in (0.98, 1.02)
    )
    assert "out of the picture" not in str(below)
    assert "out of the picture" in str(above)


def test_single_images_explode_at_a_rate_that_all_together_bear(valley_panel):
    if mnist.load().name != "MNIST":
        pytest.skip("The figures are those of MNIST.")
    at = {"rate": (0.018, 1), "steps": 100}
    _, alone = valley_panel.see(batch=1, **at)
    _, together = valley_panel.see(batch="all", **at)
    assert "(71.3% of the limit) the error is 0.034;" in together
    assert re.search(r"the error is .*·10⁴; with all .* it is 0\.034", alone)


def test_an_error_beyond_all_numbers_of_the_browser_is_sent(valley_panel):
    at = {"steps": 100, "rate": [0.03, 1]}
    answer = valley_panel.answer(valley_panel.start() | at)
    assert re.search("·10[²⁴⁸⁹]+; the minimum in", answer["sentence"])


def test_batches_of_one_have_the_limit_of_the_strictest_image(
    valley, valley_panel
):
    _, X, _ = valley
    for steps in 1, 7, 100:
        _, sentence = valley_panel.see(batch=1, steps=steps)
        strictest = min(1 / (x @ x) for x in X[:steps])
        assert sentence.endswith(f"its own: {strictest:.4f}.")
    [_, fall], sentence = valley_panel.see(batch=1, steps=0)
    assert sentence.endswith("no batch was seen yet.")
    assert not layers(fall, "line", "limit of the strictest batch")


def test_the_point_stays_in_the_picture_at_every_setting(valley_panel):
    rng = np.random.default_rng(0)
    controls = valley_panel.controls
    [_, fall], _ = valley_panel.see()
    for _ in range(200):
        [plane, fall], sentence = valley_panel.see(
            start=tuple(rng.uniform([-1, -0.55], [1, 0.55])),
            rate=(rng.choice([0, 1, rng.uniform()]) * fall.xlim[1], 1),
            **{
                name: rng.choice(np.array(controls[name].values, object))
                for name in ("batch", "flat", "steps")
            },
        )
        for one in plane, fall:
            x, y = layers(one, "points")[-1]["xy"]
            assert one.xlim[0] <= x <= one.xlim[1]
            assert one.ylim[0] <= y <= one.ylim[1]
        assert np.isfinite(numbers([plane, fall])).all()
        assert "nan" not in sentence
        assert "inf" not in sentence


def test_the_valley_says_when_it_is_not_of_mnist(monkeypatch):
    images, labels = load_digits(return_X_y=True)
    pixels = np.kron(images.reshape(-1, 8, 8), np.ones((3, 3)))
    pixels = np.pad(pixels, ((0, 0), (2, 2), (2, 2))).reshape(-1, 784) * 15.9
    data = mnist.Mnist(pixels, labels, pixels, labels, mnist.STANDIN)
    monkeypatch.setattr(mnist, "load", lambda: data)
    [plane, _], sentence = panels_dnn_a4.valley_panel().see(batch=100)
    assert plane.title.endswith("1797 images of digits stand-in")
    assert "nan" not in sentence


# ---- Break the softmax -----------------------------------------------------


def exact_losses(scores):
    """The losses in 50 digits."""
    scores = [Decimal(float(score)) for score in scores]
    total = sum(score.exp() for score in scores).ln()
    return [float(total - score) for score in scores]


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize("times", [1, 10, 100, 1000])
def test_the_stable_version_has_the_exact_losses(bits, times):
    panel = overflow_panel()
    for added in -1000, -740, 0, 80, 1000:
        [plane, table], sentence = panel.see(
            bits=bits, times=times, added=added
        )
        exact = exact_losses(times * np.array([1, 0, -1]) + added)
        shown = [bars["heights"][2] for bars in layers(table, "bars")]
        assert shown == pytest.approx(exact, rel=1e-6, abs=1e-6)
        assert sentence.endswith("Stable log-softmax: right.")
        words = [word.replace("−", "-") for word in plane.xticks.values()]
        assert words == [f"{times * h + added}" for h in (1, 0, -1)]


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "Textbook: right."),
        ({"added": -710}, "Textbook: right. Stable"),
        ({"added": 700}, "Textbook: right."),
        (
            {"added": 710, "first": (0, -0.5), "second": (1, -0.5)},
            "Textbook: infinite for class 0, 1, 2, as the sum of the "
            "exponentials is too large.",
        ),
        ({"added": 710}, "NaN for class 0, 1 and infinite for class 2, as e"),
        ({"added": 1000}, "NaN for class 0, 1, 2, as e to the 1001 is too"),
        ({"added": -750}, "class 0, 1, 2, as all exponentials round to 0."),
        (
            {"added": -740},
            "wrong by up to 0.0048, as exponentials so near 0 have",
        ),
        ({"added": 80, "bits": 32}, "Textbook: right."),
        ({"added": 90, "bits": 32}, "as e to the 91 is too large."),
        ({"times": 1000}, "NaN for class 0 and infinite for class 1, 2, as e"),
        ({"times": 1000}, "log: infinite for class 1, 2, as a softmax"),
        (
            {
                **{"times": 1000, "bits": 32},
                **{"first": (0, 0.103), "third": (2, 0)},
            },
            "wrong by up to 0.28, as a softmax so near 0 has few digits",
        ),
        ({"times": 100}, "Stable softmax, then log: right."),
        (
            {"times": 100, "bits": 32},
            "log: infinite for class 2, as a softmax",
        ),
    ],
)
def test_the_sentence_says_which_version_breaks_and_why(values, told):
    assert told in overflow_panel().see(**values)[1]


def test_the_buttons_give_the_three_rows_of_the_notebooks_table():
    panel = overflow_panel()
    buttons = [c for c in panel.controls.values() if isinstance(c, Button)]
    for button in buttons:
        [plane, _], _ = panel.see(**button.sets)
        assert ", ".join(plane.xticks.values()) == button.label


def test_no_score_breaks_the_panel():
    rng = np.random.default_rng(0)
    panel = overflow_panel()
    for _ in range(200):
        [_, table], sentence = panel.see(
            **{n: (0, rng.uniform(-3, 3)) for n in ("first", "second")},
            third=(0, rng.choice([-3, 3])),
            **{
                name: rng.choice(panel.controls[name].values)
                for name in ("times", "added", "bits")
            },
        )
        heights = [bars["heights"] for bars in layers(table, "bars")]
        assert np.max(heights) <= table.ylim[1]
        assert np.isfinite(heights).all()
        assert sentence.endswith("Stable log-softmax: right.")


def test_the_textbook_softmax_is_the_stable_one_for_small_scores():
    scores = np.random.default_rng(0).normal(size=(20, 5))
    assert np.allclose(textbook_softmax(scores), softmax(scores), rtol=1e-14)


# ---- The step of a numerical gradient ---------------------------------------


def point():
    """Point 1 of the notebook, its loss and derived gradients, once more."""
    rng = np.random.default_rng(0)
    a, y = rng.normal(size=10), rng.integers(10)

    def loss(a):
        return np.log(np.exp(a - a.max()).sum()) - (a - a.max())[y]

    def gradient(guard):
        exponentials = np.exp(a - a.max())
        return exponentials / (exponentials.sum() + guard) - np.eye(10)[y]

    return a, loss, gradient


@pytest.mark.parametrize("scheme", ["forward", "central"])
@pytest.mark.parametrize("bug", [0, 1e-6, 1e-2])
def test_the_errors_are_those_of_the_notebook(step_panel, scheme, bug):
    bug = min(step_panel.controls["bug"].values, key=lambda b: abs(b - bug))
    a, loss, gradient = point()
    [plane, _], sentence = step_panel.see(step=(1e-2, 1), bug=bug)
    numerical = numerical_gradient(loss, a, scheme, 1e-2)
    error = np.abs(numerical - gradient(bug)).max()
    dots = {"forward": 0, "central": 1}
    xy = layers(plane, "points")[dots[scheme]]["xy"]
    assert xy == pytest.approx([1e-2, error], rel=1e-6)
    curve = line(plane, scheme)
    assert curve[56] == pytest.approx([1e-2, error], rel=1e-6)
    assert scientific(error) in sentence


def test_a_bug_makes_the_central_curve_flat_at_its_size(step_panel):
    _, _, gradient = point()
    bug = step_panel.controls["bug"].values[8]
    [plane, _], sentence = step_panel.see(bug=bug)
    size = np.abs(gradient(bug) - gradient(0)).max()
    steps, errors = line(plane, "central").T
    flat = errors[(steps > 3e-7) & (steps < 3e-4)]
    assert flat == pytest.approx(size, rel=0.05)
    assert line(plane, "central, no bug")[:, 1].min() < size / 1000
    assert sentence.endswith(f"by {scientific(size)}.")


def test_larger_scores_want_a_larger_step(step_panel):
    best = []
    for added in step_panel.controls["added"].values:
        [plane, _], _ = step_panel.see(added=added)
        steps, errors = line(plane, "central").T
        best.append(steps[errors.argmin()])
    assert best[0] < best[1] < best[2]


def test_the_lens_shows_the_slopes_that_the_schemes_measure(step_panel):
    a, loss, _ = point()
    for step in 1.0, 1e-6, 1e-15:
        [_, lens], _ = step_panel.see(step=(step, 1))
        for scheme in "forward", "central":
            (x0, y0), (x1, y1) = line(lens, scheme)
            slope = numerical_gradient(loss, a, scheme, step)[a.argmax()]
            assert (y1 - y0) / (x1 - x0) == pytest.approx(slope, abs=0.5e-15)
            if scheme == "forward":
                assert y0 + y1 == pytest.approx(0)


def test_no_step_breaks_the_panel(step_panel):
    rng = np.random.default_rng(0)
    for _ in range(100):
        step = 10 ** rng.choice([-16, 0.25, rng.uniform(-16, 0.25)])
        planes, sentence = step_panel.see(
            step=(step, 1e-12),
            **{
                name: rng.choice(np.array(step_panel.controls[name].values))
                for name in ("bug", "added")
            },
        )
        for layer in layers(planes[0], "points"):
            assert planes[0].ylim[0] < layer["xy"][1] < planes[0].ylim[1]
        assert np.isfinite(numbers(planes)).all()
        assert "nan" not in sentence
