"""The panels of sheet tdt4265-a1 say what its notebooks found."""

import re

import numpy as np
import pytest

from data.fetch_mnist import write_standin
from helpers import mnist
from helpers import panels_tdt4265_a1 as panels
from helpers.losses import BinaryCrossEntropy
from helpers.mnist_classification import accuracies, sets_2023
from helpers.training import train


def is_mnist():
    try:
        return mnist.find()[1] == "MNIST"
    except FileNotFoundError:
        return False


known_data = pytest.mark.skipif(not is_mnist(), reason="needs MNIST")


@pytest.fixture(scope="module")
def spikes():
    return panels.spikes_panel()


@pytest.fixture(scope="module")
def drawing():
    return panels.drawing_panel()


@pytest.fixture(params=["MNIST", "digits stand-in"])
def both(request, tmp_path, monkeypatch):
    """Run with MNIST, then with its stand-in."""
    if request.param != "MNIST":
        write_standin(tmp_path / "standin")
        monkeypatch.delenv("MNIST_DIR", raising=False)
        monkeypatch.setattr(mnist, "DATA", tmp_path)
    elif not is_mnist():
        pytest.skip("needs MNIST")
    mnist.load.cache_clear()
    yield request.param
    mnist.load.cache_clear()


def layer(plane, kind, number=0):
    return [one for one in plane.layers if one["layer"] == kind][number]


def points(plane, number=0):
    return layer(plane, "points", number)["xy"].reshape(-1, 2)


def numbers(sentence):
    found = re.findall(r"−?\d+(?:\.\d+)?", sentence)
    return [float(text.replace("−", "-")) for text in found]


@known_data
def test_batch_18_of_epoch_2_and_50_raises_the_loss_as_in_the_notebook(spikes):
    for epoch, picked, rise in (1.5, 18, 0.225), (50, 31 + 18, 0.035):
        sentence = spikes.see(epoch=(epoch, 0.5), picked=[picked])[1]
        assert f"Epoch {epoch + 0.5:.0f}, batch 18:" in sentence
        _, _, before, after, *_ = numbers(sentence)
        assert after - before == pytest.approx(rise, abs=0.001)


@known_data
def test_early_stopping_halts_where_the_notebook_says(spikes):
    halts = {
        10: "halts after 33.5 epochs; best pass: loss 0.0657 after 31.6",
        31: "halts in none of the 50 epochs",
    }
    for patience, words in halts.items():
        assert words in spikes.see(patience=patience)[1]
    assert "halts after 11.6 epochs" in spikes.see(order=0)[1]


@known_data
def test_checked_once_an_epoch_not_even_patience_1_halts(spikes):
    assert "none of the 50" in spikes.see(every=31, patience=1)[1]
    assert "halts after 3.0" in spikes.see(order=0, every=31, patience=1)[1]


@pytest.mark.parametrize("seed", [None, 1])
def test_the_run_is_that_of_train(seed):
    sets = sets_2023(digits=(2, 3), dtype=np.float32)
    X, y = sets["training"]
    history = train(
        BinaryCrossEntropy(),
        X,
        y,
        np.zeros((785, 1), np.float32),
        learning_rate=0.05,
        num_epochs=2,
        batch_size=128,
        drop_last=True,
        rng=None if seed is None else np.random.default_rng(seed),
        monitors={"validation": sets["validation"]},
        monitor_steps=range(0, 100),
    )
    losses = panels._descend(sets, seed)[2]
    assert losses[0] == pytest.approx(np.log(2))
    recorded = history.loss["validation"]
    assert np.allclose(losses[: len(recorded)], recorded, rtol=1e-4)


def test_the_step_picked_is_the_one_described(spikes):
    planes, sentence = spikes.see(epoch=(20.5, 0.5), picked=[5])
    step, loss = points(planes[1])[5]
    assert layer(planes[1], "mark")["x"] == step
    assert numbers(sentence)[3] == pytest.approx(loss, abs=1e-4)
    sums = layer(planes[2], "bars")
    assert numbers(sentence)[4] == pytest.approx(sums["heights"][5], abs=0.06)


def test_the_two_epochs_shown_lie_around_the_handle(spikes):
    for place in 0, 6.6, 10.4, 33.5, 49.9, 50:
        whole, close, *_ = spikes.see(epoch=(place, 0.5))[0]
        ends = [one["x"] for one in whole.layers if one["layer"] == "mark"]
        first, last = ends[-2:]
        assert last - first == 2
        assert first + 0.5 <= max(0.5, min(place, 49.5)) <= last - 0.5
        assert f"epochs {first + 1} and {last}:" in close.title


def test_the_costliest_images_belong_to_the_batch_picked(spikes):
    sets = sets_2023(digits=(2, 3))
    X, y = sets["training"]
    plane = spikes.see(epoch=(0, 0.5), picked=[2])[0][3]
    own = [X[i, :-1] for i in range(256, 384)], y[256:384]
    for i, number in (0, 0), (8, 1):
        codes = layer(plane, "raster", i)["codes"]
        found = [
            np.array_equal(np.rint(127 * (image + 1)), codes)
            for image in own[0]
        ]
        assert own[1][np.argmax(found)] == number  # a three, a two
        assert any(found)


@known_data
def test_the_weights_stored_are_those_of_the_training():
    stored = np.load(panels.WEIGHTS)["weights"]
    trained = panels.train_digits()
    assert np.abs(stored - trained).max() < 1e-4 * np.abs(trained).max()
    assert panels.WEIGHTS.stat().st_size < 100_000


@known_data
def test_three_pixels_halve_the_accuracy(drawing):
    for shift, share in ((0, 0), "91.6%"), ((3, 0), "44.5%"):
        assert f"test images {share}" in drawing.see(shift=shift)[1]


def test_shifted_weights_see_what_weights_see_in_shifted_images():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (20, 28, 28), dtype=np.uint8)
    labels = rng.integers(0, 10, 20)
    W = rng.normal(size=(785, 10)).astype(np.float32)
    shares = accuracies(
        panels._shifted_weights(W), panels._inputs(images), labels
    )
    shifted = np.array([panels._shifted(image) for image in images])
    for i, share in enumerate(shares):
        pictures = shifted.reshape(20, 81, 28, 28)[:, i]
        moved = panels._inputs(pictures)
        assert accuracies([W], moved, labels)[0] == share


def test_a_shift_moves_the_ink_right_and_down():
    picture = np.zeros((28, 28), np.uint8)
    picture[10, 20] = 255
    shifted = panels._shifted(picture)
    assert shifted[4, 4][10, 20] == 255
    assert shifted[4 + 2, 4 - 3][12, 17] == 255
    assert shifted.sum() == 81 * 255


def test_the_evidence_adds_up_to_the_log_odds_of_the_bars(drawing):
    for asked in "the answer", 4:
        planes, sentence = drawing.see(shift=(2, -1), asked=asked)
        title = planes[1].title
        digit, rival = map(int, re.findall(r"for (\d)", title))
        p = layer(planes[0], "bars")["heights"]
        log_odds = float(
            re.search(r"log-odds are (−?[\d.]+)\.", sentence)[1].replace(
                "−", "-"
            )
        )
        assert np.log(p[digit] / p[rival]) == pytest.approx(log_odds, abs=0.06)
        others = np.delete(p, digit)
        assert p[rival] == others.max()
        assert p.sum() == pytest.approx(1)
        if asked == "the answer":
            assert digit == p.argmax()


def test_the_map_of_answers_agrees_with_the_bars_at_each_shift(drawing):
    for right, down in (-4, -4), (4, 0), (0, 3), (-5, 5):
        planes, _ = drawing.see(shift=(right, down))
        inside = np.clip([right, down], -4, 4)
        [told] = [
            one["text"]
            for one in planes[2].layers
            if one["layer"] == "text" and (one["x"], one["y"]) == (*inside,)
        ]
        assert int(told) == layer(planes[0], "bars")["heights"].argmax()


def test_both_panels_draw_at_all_values_with_both_data(both):
    rng = np.random.default_rng(0)
    spikes, drawing = panels.spikes_panel(), panels.drawing_panel()
    every = spikes.controls["every"].values
    seen = []
    for _ in range(10):
        seen.append(
            spikes.see(
                epoch=(rng.uniform(0, 50), 0.5),
                picked=[int(rng.integers(0, 2 * every[1]))],
                order=[None, 0][rng.integers(2)],
                patience=int(rng.integers(1, 41)),
                every=every[rng.integers(2)],
            )
        )
        picture = rng.integers(0, 256, (28, 28)) * (rng.random() < 0.8)
        seen.append(
            drawing.see(
                picture=picture.astype(np.uint8),
                shift=tuple(rng.uniform(-5, 5, 2)),
                asked=["the answer", *range(10)][rng.integers(11)],
            )
        )
    for planes, sentence in seen:
        assert ("Not MNIST" in sentence) == (both != "MNIST")
        assert "nan" not in sentence
        for plane in planes:
            assert np.isfinite([*plane.xlim, *plane.ylim]).all()


def test_the_buttons_set_values_that_the_controls_have(spikes, drawing):
    for panel in spikes, drawing:
        told = panel.told()
        for name, control in panel.controls.items():
            for other, value in told[name].get("sets", {}).items():
                panel.controls[other].read(value)
            if name == "reset":
                assert panel.see(**control.sets)[1] == panel.see()[1]
