"""Panels of sheet tdt4265-a1."""

from functools import cache
from pathlib import Path

import numpy as np

from helpers import mnist
from helpers.losses import BinaryCrossEntropy, SoftmaxCrossEntropy
from helpers.mnist_classification import accuracies, sets_2023
from helpers.panel import (
    Button,
    Choice,
    Drawing,
    Handle,
    Panel,
    Pick,
    Plane,
    Slider,
)
from helpers.training import EarlyStopping, add_bias, minibatches, train

SIDE = 28  # pixels of an image
WEIGHTS = Path(__file__).with_suffix(".npz")  # of `train_digits`
RIGHT, DOWN = ("right", "left"), ("down", "up")
SHIFTS = np.arange(-4, 5)  # pixels; MNIST's digits have about that margin


def spikes_panel():
    """Scrub through the training of 06, click a spike and see its batch."""
    sets = sets_2023(digits=(2, 3), dtype=np.float32)
    X, y = sets["training"]
    run = cache(lambda seed: _descend(sets, seed))
    per_epoch, note = len(y) // 128, mnist.load().note
    run(None)  # while the panel opens

    def draw(epoch, picked, order, patience, every):
        batches, errors, losses = run(order)
        first = int(np.clip(epoch[0] - 0.5, 0, 48))  # of two epochs
        shown = per_epoch * first + np.arange(2 * per_epoch)  # their steps
        step = shown[picked[-1]]
        number, batch = divmod(step, per_epoch)
        passes = np.arange(1, len(losses), every)
        halt, best = _stop_early(passes, losses, patience)
        epochs = np.arange(len(losses)) / per_epoch
        sums = errors.sum(axis=1)

        whole = _whole_run(epochs, losses, passes, halt, best)
        for end in first, first + 2:
            whole.mark(x=end, dash=":")
        close = _close_up(shown, per_epoch, losses, passes)
        close.mark(x=step, label=f"batch {batch}")
        reach = 1.1 * np.abs(sums[shown]).max()
        bars = Plane(
            "errors ŷ − y, summed over each batch",
            close.xlim,
            (-reach, reach),
            close.xlabel,
            "sum of the errors",
            xticks=close.xticks,
            size=(390, 250),
        )
        bars.bars(shown, sums[shown], [int(s == step) for s in shown])
        bars.mark(y=0, dash="-")
        bars.mark(x=step)
        ranked = np.argsort(errors[step], kind="stable")
        chosen = [*ranked[:-9:-1], *ranked[:8]]
        costliest = _gallery(
            f"batch {batch}: its eight highest and its eight lowest errors",
            X[batches[step][chosen], :-1],
            errors[step][chosen],
        )

        end = f"after {epochs[halt]:.1f}" if halt else "in none of the 50"
        return [whole, close, bars, costliest], (
            f"Epoch {number + 1}, batch {batch}: its step takes the loss from "
            f"{losses[step]:.4f} to {losses[step + 1]:.4f}; its errors ŷ − y "
            f"sum to {sums[step]:+z.1f}, their sizes to "
            f"{np.abs(errors[step]).sum():.1f}. Early stopping halts {end} "
            f"epochs; best pass: loss {losses[best]:.4f} after "
            f"{epochs[best]:.1f} epochs. {note}"
        ).replace(" -", " −").rstrip()

    orders = {
        None: "as stored",
        **{k: f"shuffled, seed {k}" for k in range(3)},
    }
    checks = {6: "every 6 steps", per_epoch: "once an epoch"}
    return Panel(
        "Where do the spikes of the loss come from, and what stops the "
        "training?",
        draw,
        epoch=Handle("epoch", (10.5, 0.5), along="x", click=True),
        picked=Pick("step", [0], plane=1, single=True),
        order=Choice("batches", orders, None, orders.get),
        patience=Slider("patience (passes)", range(1, 41), 10),
        every=Choice("a pass", checks, 6, checks.get),
        reset=Button(
            "reset",
            epoch=(10.5, 0.5),
            picked=[0],
            order=None,
            patience=10,
            every=6,
        ),
    )


def _descend(sets, seed):
    """The 50 epochs of 06, in stored order or shuffled with a seed.

    Returns
    -------
    batches, errors : ndarrays of shape (num_steps, 128)
        The images of each step, and their y_hat - y before it.
    losses : ndarray of shape (num_steps + 1,)
        Validation loss before the first step and after each.
    """
    loss, (X, y) = BinaryCrossEntropy(), sets["training"]
    rng = None if seed is None else np.random.default_rng(seed)
    w = np.zeros((X.shape[1], 1), X.dtype)
    batches, errors, weights = [], [], [w]
    for _ in range(50):
        for batch in minibatches(len(y), 128, rng, drop_last=True):
            images = X[batch]
            batches.append(np.arange(len(y))[batch])
            errors.append(loss.gradient(images @ w, y[batch]))
            w = w - 0.05 / 128 * images.T @ errors[-1]
            weights.append(w)
    X_val, y_val = sets["validation"]
    scores = X_val @ np.hstack(weights)
    values = loss.values(scores.reshape(-1, 1), y_val.repeat(len(weights)))
    losses = values.reshape(scores.shape).mean(axis=0, dtype=float)
    return np.array(batches), np.array(errors)[..., 0], losses


def _stop_early(passes, losses, patience):
    """The steps where the training halts, or None, and of the best pass."""
    rule = EarlyStopping("validation", patience)
    for step in passes:
        if rule.should_stop(step, losses[step], np.empty(0)):
            return step, rule.best_step
    return None, rule.best_step


def _whole_run(epochs, losses, passes, halt, best):
    """A plane with the loss from the first step to the last."""
    curve = np.transpose([epochs, losses])
    plane = Plane(
        "the training: click a spike",
        (0, epochs[-1]),
        (0.9 * losses.min(), 1.2 * losses.max()),
        "epochs",
        "validation loss",
        log="y",
        size=(390, 300),
    )
    plane.line(curve, "muted", width=1, label="each step")
    plane.line(curve[passes], label="passes")
    plane.points(curve[[best]], 3, 6, hollow=True, label="best pass")
    if halt:
        plane.mark(x=epochs[halt], label="halt", colour=1)
    return plane


def _close_up(shown, per_epoch, losses, passes):
    """A plane with the loss after some steps, to pick one of them."""
    low, high = np.quantile(losses[shown[0] : shown[-1] + 2], [0, 1])
    room = (high - low) / 10
    first, last = shown[[0, -1]] // per_epoch + 1
    plane = Plane(
        f"epochs {first} and {last}: click a step",
        (shown[0] - 1.5, shown[-1] + 1),
        (low - room, high + room),
        "batch, counted from 0 in each epoch",
        "validation loss after it",
        xticks={
            step: step % per_epoch
            for step in shown
            if step % per_epoch in (0, 10, 20)
        },
        size=(390, 300),
    )
    curve = np.transpose([np.arange(len(losses)) - 1, losses])
    plane.line(curve[shown[0] : shown[-1] + 2], "muted")
    plane.points(curve[shown + 1], size=3, label="step", pick="picked")
    seen = np.intersect1d(shown + 1, passes)
    plane.points(curve[seen], 3, 6, hollow=True, label="step with a pass")
    return plane


def _gallery(title, pictures, errors):
    """A plane with two rows of eight pictures, the error below each."""
    plane = Plane(
        title, (-0.5, 239.5), (75.5, -0.5), size=(390, 190), axes=False
    )
    for i, (picture, error) in enumerate(zip(pictures, errors, strict=True)):
        row, column = divmod(i, 8)
        x, y = np.arange(SIDE) + 30 * column, np.arange(SIDE) + 38 * row
        plane.image(x, y, picture.reshape(SIDE, SIDE), (-1, 1), "Greys")
        plane.text(x.mean(), y[-1] + 5, f"{error:+z.2f}".replace("-", "−"))
    return plane


def drawing_panel():
    """Draw a digit for the model of 07 and shift it; see why it answers."""
    W = np.load(WEIGHTS)["weights"]
    data = mnist.load()
    predict = SoftmaxCrossEntropy().predict
    X, y = _inputs(data.X_test), data.y_test
    shares = accuracies(_shifted_weights(W), X, y).reshape(9, 9)
    worst = np.argmin(predict(X @ W)[np.arange(len(y)), y])
    three, seven, hard = (
        data.X_test[i].reshape(SIDE, SIDE)
        for i in (np.argmax(y == 3), np.argmax(y == 7), worst)
    )

    def draw(picture, shift, asked):
        right, down = np.clip(np.rint(shift), -4, 4).astype(int).tolist()
        x = _inputs(_shifted(picture)).reshape(9, 9, -1)
        scores = x @ W
        x, z = x[down + 4, right + 4], scores[down + 4, right + 4]
        before, p = predict(np.array([scores[4, 4], z]))
        answer = p.argmax()
        digit = answer if asked == "the answer" else asked
        rival = np.argmax(np.where(np.arange(10) == digit, -np.inf, z))
        *parts, bias = x * (W[:, digit] - W[:, rival])
        parts = np.array(parts)
        pro, con = parts[parts > 0].sum(), -parts[parts < 0].sum()
        blank = np.abs(parts[x[:-1] == -1]).sum() / (pro + con)

        bars = Plane(
            "probability of each digit",
            (-0.6, 9.6),
            (0, 1.02),
            "digit",
            "probability",
            xticks={k: k for k in range(10)},
            size=(330, 320),
        )
        bars.bars(range(10), p, label="now")
        unshifted = np.transpose([range(10), before])
        bars.points(unshifted, "text", 4, True, label="without the shift")
        evidence = _evidence(
            f"pixels for {digit} (red, +), for {rival} (blue, −)", x, parts
        )
        moved = " and ".join(
            f"{abs(pixels)} {words[pixels < 0]}"
            for pixels, words in ((right, RIGHT), (down, DOWN))
            if pixels
        )
        return [bars, evidence, _answers(scores.argmax(axis=2))], (
            f"{f'Moved {moved}' if moved else 'As drawn'} it is read as "
            f"{answer}, with probability {p[answer]:.3f}. Pixels speak with "
            f"{pro:.1f} for {digit} rather than {rival} and with {con:.1f} "
            f"against ({blank:.0%} of both is blank paper); with the bias, "
            f"the log-odds are {pro - con + bias:z.1f}. Of {len(y)} test "
            f"images "
            f"{shares[down + 4, right + 4]:.1%} are read right"
            f"{' when moved so' if moved else ''}. {data.note}"
        ).replace("are -", "are −").rstrip()

    start = {"shift": (0, 0), "asked": "the answer"}
    return Panel(
        "Is your digit read right, which pixels say so, and what if it "
        "moves by three pixels?",
        draw,
        picture=Drawing("draw a digit", three),
        shift=Handle("shift", (0, 0), plane=2, click=True, colour=1),
        asked=Choice("evidence for", ["the answer", *range(10)], "the answer"),
        seven=Button("a seven", picture=seven, **start),
        hard=Button(f"the worst mistake, a {y[worst]}", picture=hard, **start),
        reset=Button("reset", picture=three, **start),
    )


def _evidence(title, x, parts):
    """A plane with what each pixel adds to the log-odds, and the ink."""
    plane = Plane(
        title,
        (-0.5, SIDE - 0.5),
        (SIDE - 0.5, -0.5),
        equal=True,
        axes=False,
        size=(310, 330),
    )
    pixels, reach = np.arange(SIDE), np.abs(parts).max()
    plane.image(pixels, pixels, parts, (-reach, reach), "RdBu_r")
    plane.contour(pixels, pixels, x[:-1], 0, colour="#333333", width=2)
    ranked = np.argsort(parts, kind="stable")
    for sign, strongest in ("+", ranked[-12:]), ("−", ranked[:12]):
        for row, column in zip(*divmod(strongest, SIDE), strict=True):
            plane.text(column, row, sign)
    return plane


def _answers(answers):
    """A plane with the answers after 9 x 9 shifts, to shift by a handle.

    Its width is ten pixels, so that ten steps of the keyboard are one.
    """
    plane = Plane(
        "the answer after each shift; blue: the same",
        (-5, 5),
        (5, -5),
        "pixels to the right",
        "pixels down",
        equal=True,
        size=(340, 350),
    )
    plane.regions(SHIFTS, SHIFTS, answers != answers[4, 4])
    for (row, column), digit in np.ndenumerate(answers):
        plane.text(SHIFTS[column], SHIFTS[row], str(digit))
    return plane


def train_digits():
    """The weights of 07 after 50 epochs, which `drawing_panel` has stored."""
    return train(
        SoftmaxCrossEntropy(),
        *sets_2023(dtype=np.float32)["training"],
        np.zeros((SIDE * SIDE + 1, 10), np.float32),
        learning_rate=0.01,
        num_epochs=50,
        batch_size=128,
        drop_last=True,
        rng=np.random.RandomState(0),
    ).weights


def _inputs(pictures):
    """Pictures from 0 to 255 as rows of pixels from -1 to 1, and the 1."""
    pixels = np.reshape(pictures, (-1, SIDE * SIDE)).astype(np.float32)
    return add_bias(pixels / np.float32(127.5) - 1)


def _windows(pictures):
    """A margin of four zeros, and all 9 x 9 windows of 28 x 28 in it."""
    margin = [(0, 0)] * (pictures.ndim - 2) + [(4, 4)] * 2
    return np.lib.stride_tricks.sliding_window_view(
        np.pad(pictures, margin), (SIDE, SIDE), axis=(-2, -1)
    )


def _shifted(picture):
    """The picture shifted by -4 to 4 pixels down (first axis) and right."""
    return _windows(picture)[::-1, ::-1]


def _shifted_weights(W):
    """Weights that see an image as W sees the shifted image.

    They are W's picture, shifted back. What of it leaves the image has met
    paper, -1, which the bias makes up for.
    """
    windows = _windows(W[:-1].T.reshape(10, SIDE, SIDE))
    seen = np.moveaxis(windows, 0, -1).reshape(81, SIDE * SIDE, 10)
    bias = W[-1] + seen.sum(axis=1) - W[:-1].sum(axis=0)
    return np.concatenate([seen, bias[:, np.newaxis]], axis=1)


if __name__ == "__main__":
    np.savez_compressed(WEIGHTS, weights=train_digits())
