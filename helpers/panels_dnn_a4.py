"""Interactive panels of sheet dnn-a4."""

from functools import cache, lru_cache
from itertools import cycle, islice

import numpy as np

from helpers import mnist
from helpers.gradcheck import BEST_STEP, numerical_gradient
from helpers.losses import SoftmaxCrossEntropy, log_softmax, one_hot, softmax
from helpers.mnist_regression import SQUARED_ERROR, mean_loss
from helpers.panel import (
    Button,
    Choice,
    Handle,
    Panel,
    Plane,
    Slider,
    Time,
    scientific,
)
from helpers.training import add_bias, minibatches

NUM_IMAGES, NUM_DIRECTIONS, NUM_STEPS = 2000, 50, 100
CROSS_ENTROPY = SoftmaxCrossEntropy()
DASHES = ["-", "--"]


def valley_panel():
    """Descend with a learning rate and a batch size, from any start."""
    eigenvalues, X, y = valley()
    edge = 2 / eigenvalues[0]  # the largest stable learning rate
    lowest = mean_loss(np.zeros((X.shape[1], 1)), X, y)
    rates = np.linspace(0, 1.5 * edge, 151)
    far, wide, bottom, top = 1, 0.55, lowest / 5, 1000  # limits of the planes
    along, across = np.linspace(-far, far, 101), np.linspace(-wide, wide, 91)
    levels = 4.0 ** np.arange(-4, 2)  # above the lowest error
    data = f"{len(X)} images of {mnist.load().name}"

    def error(weights):
        """The error over all images, by the eigenvalues of its Hessian."""
        return lowest + weights**2 @ eigenvalues / 2

    def at_once(start, rates, steps):
        """The weights after some steps over all images."""
        return start * (1 - rates * eigenvalues) ** steps

    @lru_cache(1)  # another frame needs no new descent
    def path(flat, start, rate, batch):
        weights = np.zeros(NUM_DIRECTIONS)
        weights[[flat, 0]] = start
        if batch == "all":
            return at_once(weights, rate, np.arange(NUM_STEPS + 1)[:, None])
        return descend(X, y, weights, rate, batch, NUM_STEPS)

    strictest = cache(lambda batch: strictest_edges(X, batch, NUM_STEPS))

    def draw(start, rate, batch, flat, steps):
        rate = rate[0]
        walked = path(flat, start, rate, batch)[: steps + 1]
        reached = error(walked[-1])
        done = "1 step" if steps == 1 else f"{steps} steps"

        steep, level = eigenvalues[0], eigenvalues[flat]
        place = walked[:, [flat, 0]]
        shown = np.clip(
            place[-1], [-0.97 * far, -0.93 * wide], [0.97 * far, 0.93 * wide]
        )
        is_out = np.any(shown != place[-1])
        weights = Plane(
            f"digit 0: error on {data}",
            (-far, far),
            (-wide, wide),
            f"{flat + 1}th steepest direction (λ = {level:.2g})",
            f"steepest (λ = {steep:.0f})",
            equal=True,
            size=(455, 320),
        )
        heights = np.add.outer(across**2 * steep, along**2 * level) / 2
        for height in levels:
            weights.contour(along, across, heights, height, width=0.5)
        weights.points([[0, 0]], "text", 4, label="minimum")
        weights.line(place, colour=1, label="path")
        weights.points(place, 1, 2)
        weights.points([shown], 0, 6, is_out, label="after the last step")
        if is_out:
            weights.text(0, 0.85 * wide, "out of the picture")

        fall = Plane(
            f"error after {done}",
            (0, rates[-1]),
            (bottom, top),
            "learning rate",
            "error",
            log="y",
            size=(355, 320),
        )
        errors = error(at_once(walked[0], rates[:, None], steps))
        fall.line(np.transpose([rates, errors]), label="all images")
        fall.mark(x=edge, label=f"limit {edge:.4f}")
        fall.mark(y=lowest, label="minimum", dash=":")
        fall.points(
            [[rate, min(reached, top / 2)]],
            0,
            6,
            reached > top,
            "this descent",
        )
        now = (
            f"After {done} at rate {rate:.4f} ({rate / edge:.1%} of "
            f"the limit) the error is {_size(reached)}"
        )
        if batch == "all":
            return [weights, fall], (
                f"{now}; the minimum in the {NUM_DIRECTIONS} steepest "
                f"directions has {lowest:.3f}. Each step multiplies the "
                f"distance by {1 - rate * steep:z.3f} along the steepest "
                f"direction, by {1 - rate * level:z.3f} along the other."
            ).replace("-", "−")
        if not steps:
            return [weights, fall], f"{now}; no batch was seen yet."
        own = strictest(batch)[steps - 1]
        ends = [[own, bottom], [own, top]]
        fall.line(ends, 2, "-.", label="limit of the strictest batch")
        whole = error(at_once(walked[0], rate, steps))
        return [weights, fall], (
            f"{now}; with all images in each step it is {_size(whole)}. The "
            f"strictest batch so far, of {batch}, has a limit of its own: "
            f"{own:.4f}."
        )

    start = {"start": (-0.9, 0.3), "rate": (0.01, 2 * bottom)}
    return Panel(
        "Which learning rate gets down the valley soonest, and do small "
        "batches bear it?",
        draw,
        start=Handle("start", start["start"], click=True),
        rate=Handle("rate", start["rate"], plane=1, along="x"),
        batch=Choice("images in a batch", [1, 100, "all"], "all"),
        flat=Choice(
            "flat direction",
            [9, 19, 49],
            19,
            lambda flat: f"the {flat + 1}th steepest",
        ),
        steps=Time("steps", range(NUM_STEPS + 1), 20),
        again=Button("start again", **start, batch="all", flat=19, steps=20),
    )


def valley():
    """The squared error of the digit 0's output, seen from its minimum.

    The pixels are turned to the steepest directions of the error. So each
    weight belongs to one of them, and at the minimum all weights are 0.

    Returns
    -------
    eigenvalues : ndarray of shape (NUM_DIRECTIONS,)
        Of the Hessian, the largest first.
    X : ndarray of shape (NUM_IMAGES, NUM_DIRECTIONS)
    y : ndarray of shape (NUM_IMAGES, 1)
        What the output lacks at the minimum.
    """
    data = mnist.load()
    X = add_bias(data.X_train[:NUM_IMAGES] / 255)
    eigenvalues, directions = np.linalg.eigh(2 * X.T @ X / len(X))
    directions *= np.sign(directions.sum(axis=0))  # else LAPACK's choice
    steepest = slice(-1, -1 - NUM_DIRECTIONS, -1)
    eigenvalues, X = eigenvalues[steepest], X @ directions[:, steepest]
    targets = one_hot(data.y_train[:NUM_IMAGES], 10)[:, :1]
    minimum = 2 * X.T @ targets / len(X) / eigenvalues[:, np.newaxis]
    return eigenvalues, X, targets - X @ minimum


def descend(X, y, start, learning_rate, batch_size, num_steps):
    """The weights of one output, first those of the start, after each step.

    Returns
    -------
    ndarray of shape (num_steps + 1, n_features)
    """
    path = [start[:, np.newaxis]]
    batches = cycle(minibatches(len(X), batch_size))
    for batch in islice(batches, num_steps):
        slopes = SQUARED_ERROR.gradient(X[batch] @ path[-1], y[batch])
        gradient = X[batch].T @ slopes / len(slopes)
        path.append(path[-1] - learning_rate * gradient)
    return np.array(path)[:, :, 0]


def strictest_edges(X, batch_size, num_steps):
    """The lowest of the largest stable rates of the batches so far.

    That of a batch is 2 / lambda, and lambda the largest eigenvalue of
    2 X^T X / n.

    Returns
    -------
    ndarray of shape (num_steps,)
    """
    batches = list(minibatches(len(X), batch_size))
    edges = [
        len(X[batch]) / np.linalg.norm(X[batch], 2) ** 2
        for batch in batches[:num_steps]
    ]
    return np.minimum.accumulate(np.resize(edges, num_steps))


def _size(error):
    """An error in words that stay short when it explodes."""
    return f"{error:.3f}" if error < 1000 else scientific(error)


def textbook_softmax(scores):
    """exp(scores) normalised over each row, as the textbook writes it."""
    exponentials = np.exp(scores)
    return exponentials / exponentials.sum(axis=1, keepdims=True)


SMALL = ", as a softmax so near 0 has few digits or none"
VERSIONS = {
    "Textbook": lambda a: -np.log(textbook_softmax(a)),
    "Stable softmax, then log": lambda a: -np.log(softmax(a)),
    "Stable log-softmax": lambda a: -log_softmax(a),
}


def overflow_panel():
    """Drag three scores, stretch and shift them: which loss breaks?"""

    def draw(first, second, third, times, added, bits):
        heights = np.round([first[1], second[1], third[1]], 3)
        a = (times * heights + added).astype(f"float{bits}")[np.newaxis]
        words = [f"{x:z.5g}".replace("-", "−") for x in a[0]]
        with np.errstate(all="ignore"):  # to break is the point
            losses = {n: loss(a)[0] for n, loss in VERSIONS.items()}
            exponentials = np.exp(a)
        right = losses["Stable log-softmax"]
        top = 1.15 * max(1, right.max())
        plane = Plane(
            "scores",
            (-0.5, 3),
            (-3, 3),
            f"score = {times} × height {'−' if added < 0 else '+'} "
            f"{abs(added)}",
            "height",
            size=(260, 320),
            xticks=dict(enumerate(words)),
        )
        plane.bars(range(3), heights, [0, 1, 2], 0.5)
        table = Plane(
            "the loss in three versions",
            (-0.5, 2.5),
            (0, top),
            "",
            "loss",
            size=(550, 320),
            xticks=dict(enumerate(VERSIONS)),
        )
        for c in range(3):
            x = np.arange(3) + 0.29 * (c - 1)
            found = np.array([loss[c] for loss in losses.values()])
            ends = np.nan_to_num(found, nan=0, posinf=top)
            table.bars(x, ends, c, 0.25, f"if class {c} is true")
            for one, end, loss in zip(x, ends, found, strict=True):
                table.text(one, min(end + 0.04 * top, 0.93 * top), _word(loss))
        told = [f"{n}: {_verdict(loss, right)}" for n, loss in losses.items()]
        why = _reason(exponentials, a.max()), SMALL, ""
        for i, reason in enumerate(why):
            told[i] += "" if told[i].endswith("right") else reason
        return [plane, table], (
            f"Scores {', '.join(words)} in {bits} bits. {'. '.join(told)}."
        )

    names = ["first", "second", "third"]
    start = {n: (i, 1.0 - i) for i, n in enumerate(names)}
    start |= {"times": 1, "added": 0}
    return Panel(
        "How large may scores be until the softmax and its loss break?",
        draw,
        **{
            name: Handle("a" + "₀₁₂"[i], start[name], along="y")
            for i, name in enumerate(names)
        },
        times=Choice("stretch ×", [1, 10, 100, 1000], 1),
        added=Slider("then add", range(-1000, 1001, 10), 0),
        bits=Choice("numbers of", [64, 32], 64, "{} bits".format),
        again=Button("1, 0, −1", **start, bits=64),
        far=Button("1000, 0, −1000", **start | {"times": 1000}, bits=64),
        high=Button("1001, 1000, 999", **start | {"added": 1000}, bits=64),
    )


def _word(loss):
    """A loss in at most four digits."""
    if np.isnan(loss):
        return "NaN"
    return "infinite" if np.isinf(loss) else f"{abs(loss):.4g}"


def _verdict(found, right):
    """How some losses differ from the right ones."""
    broken = [
        f"{word} for class {', '.join(map(str, np.flatnonzero(test(found))))}"
        for word, test in (("NaN", np.isnan), ("infinite", np.isinf))
        if test(found).any()
    ]
    if broken:
        return " and ".join(broken)
    worst = np.abs(found - right).max()
    return "right" if worst < 0.001 else f"wrong by up to {worst:.2g}"


def _reason(exponentials, highest):
    """Why the textbook version breaks."""
    with np.errstate(over="ignore"):
        total = exponentials.sum()
    if np.isinf(exponentials).any():
        return f", as e to the {highest:.5g} is too large"
    if np.isinf(total):
        return ", as the sum of the exponentials is too large"
    if total == 0:
        return ", as all exponentials round to 0"
    if total < np.finfo(total.dtype).tiny:
        return ", as exponentials so near 0 have few digits"
    return SMALL


def step_panel():
    """Move the step of a numerical gradient, plant a bug, shift the scores."""
    rng = np.random.default_rng(0)  # point 1 of the notebook
    scores, y = rng.normal(size=10), rng.integers(10)
    largest = scores.argmax()  # the score along which the loss bends most
    steps = 10.0 ** np.arange(-16, 0.26, 0.25)
    schemes = ["forward", "central"]
    zoom = np.linspace(-1.5, 1.5, 301)

    def loss(a):
        return CROSS_ENTROPY.values(np.atleast_2d(a), [y] * (a.size // 10))

    def differences(added, scheme, step):
        return numerical_gradient(
            lambda a: loss(a)[0], scores + added, scheme, step
        )

    shifts = [0, 1000, 10**6]
    numerical = {
        (added, scheme): np.array(
            [differences(added, scheme, step) for step in steps]
        )
        for added in shifts
        for scheme in schemes
    }

    def draw(step, bug, added):
        step = step[0]
        a = scores + added
        p = softmax(a[np.newaxis])[0]
        right = CROSS_ENTROPY.gradient(a[np.newaxis], [y])[0]
        # The largest exponential is 1, so the sum of all is 1 / p.max().
        derived = right + p / (1 + bug * p.max()) - p

        def worst(numbers, gradient=derived):
            return np.abs(numbers - gradient).max(axis=-1)

        here = {s: differences(added, s, step) for s in schemes}
        plane = Plane(
            "numerical against derived gradient",
            (steps[0], steps[-1]),
            (1e-13, 100),
            "step h",
            "largest difference of ten",
            log="xy",
            size=(455, 340),
        )
        if bug:
            errors = worst(numerical[added, "central"], right)
            curve = np.transpose([steps, errors])
            plane.line(curve, dash=":", label="central, no bug")
        for i, scheme in enumerate(schemes):
            curve = np.transpose([steps, worst(numerical[added, scheme])])
            plane.line(curve, i, DASHES[i], label=scheme)
            plane.points([[step, worst(here[scheme])]], i, 6)
            plane.mark(x=BEST_STEP[scheme], label=["√ε", "∛ε"][i])

        near = np.tile(a, (len(zoom), 1))
        near[:, largest] += zoom * step
        lens = Plane(
            "the loss under the lens",
            (-1.5, 1.5),
            (-1.6, 1.6),
            f"change of score {largest} / h",
            "change of the loss / h",
            size=(360, 340),
        )
        seen = (loss(near) - loss(a)[0]) / step
        lens.line(np.transpose([zoom, seen]), "muted", width=5, label="loss")
        ends = np.array([-1.5, 1.5])
        middles = [0, (seen[50] + seen[250]) / 2]  # seen at -1 and 1
        for i, scheme in enumerate(schemes):
            secant = middles[i] + ends * here[scheme][largest]
            lens.line(np.transpose([ends, secant]), i, DASHES[i], label=scheme)
        lens.points([[-1, seen[50]], [0, 0], [1, seen[250]]], "text", 4)

        lowest = worst(numerical[added, "central"])
        told = (
            f"At h = {scientific(step)} the forward gradient differs from the "
            f"derived one by {scientific(worst(here['forward']))}, the "
            f"central one by {scientific(worst(here['central']))}. Of the "
            f"curve's {len(steps)} steps, h = "
            f"{scientific(steps[lowest.argmin()])} has the least central "
            f"difference, {scientific(lowest.min())}"
        )
        if bug:
            told += (
                f"; the bug changes the derived gradient by "
                f"{scientific(worst(right))}"
            )
        return [plane, lens], f"{told}."

    return Panel(
        "How small a bug can a numerical gradient find, and with which step?",
        draw,
        step=Handle("h", (1e-2, 1e-12), along="x"),
        bug=Slider(
            "bug: added to the softmax's sum",
            [0, *10.0 ** np.arange(-13, 0)],
            0,
            lambda bug: (
                scientific(bug).removeprefix("1.0·") if bug else "none"
            ),
        ),
        added=Choice("added to all scores", shifts, 0, "{:,}".format),
        again=Button("start again", step=(1e-2, 1e-12), bug=0, added=0),
    )
