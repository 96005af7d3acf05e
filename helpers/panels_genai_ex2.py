"""Interactive panels of sheet genai-ex2."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from sklearn.datasets import make_moons

from helpers.knn import KNN
from helpers.lls import LinearLeastSquares
from helpers.losses import (
    BinaryCrossEntropy,
    SigmoidSquaredError,
    SoftmaxCrossEntropy,
    SquaredError,
    one_hot,
)
from helpers.panel import (
    Button,
    Choice,
    Handle,
    Panel,
    Pick,
    Plane,
    Slider,
    Time,
    short,
)
from helpers.plots import LINES, boundary_ends
from helpers.toy_data import (
    MOONS_NOISE,
    NUM_TRAIN_MOONS,
    digits,
    grid,
    moons,
    moons_density,
    outlier_blobs,
)
from helpers.training import add_bias, train

STORED = Path(__file__).with_suffix(".npz")
POWERS = [2**i for i in range(10)]  # the k of question 1.5
BOX = (-1.5, 2.5), (-1.0, 1.5)  # of question 1.4
FINE = 140  # points of the grid on each axis: lines without steps
L2 = 1e-4  # gives losses a minimum that else fall for ever
ANGLE = np.linspace(0, 2 * np.pi, 100)
CIRCLE = np.transpose([np.cos(ANGLE), np.sin(ANGLE)])


def knn_panel():
    """Move a query point, flip labels and choose k; see the boundary follow.

    All neighbours of the grid's points are found when the panel opens. After
    that a move only counts votes.
    """
    X, y, X_test, y_test = moons()
    x1, x2, points = grid((-1.5, 2.5), (-1, 1.5), num=80)
    truth = moons_density(points)
    best = np.max(truth, axis=0).sum() / truth.sum()
    ks = sorted({round(k) for k in np.geomspace(1, 512, 60)})
    search = KNN(ks[-1]).fit(X, y)
    nearest = {
        name: search.kneighbours(queries)[0].astype(np.uint16)
        for name, queries in (("grid", points), ("own", X), ("test", X_test))
    }

    @lru_cache(1)  # moving the query needs no new count
    def vote(flipped):
        """For every k: votes for class 1 on the grid, and accuracies."""
        labels = y.copy()
        labels[list(flipped)] ^= 1
        wins, votes = {}, None
        for name, indices in nearest.items():
            totals = np.cumsum(labels[indices], axis=1, dtype=np.uint16)
            totals = totals[:, np.subtract(ks, 1)].T
            wins[name] = totals > np.floor_divide(ks, 2)[:, np.newaxis]
            votes = totals if name == "grid" else votes
        right = np.where(wins["grid"], truth[1], truth[0])
        accuracies = {
            "new samples": right.sum(axis=1) / truth.sum(),
            "100 test samples": np.mean(wins["test"] == y_test, axis=1),
            "training samples": np.mean(wins["own"] == labels, axis=1),
        }
        return labels, votes, wins["grid"], accuracies

    def draw(query, flipped, k):
        i = ks.index(k)
        labels, votes, wins, accuracies = vote(tuple(sorted(flipped)))
        indices, distances = search.kneighbours(np.array(query))
        neighbours, radius = indices[:k], distances[k - 1]
        counts = np.bincount(labels[neighbours], minlength=2)
        flips = f"{len(flipped)} label{'s' * (len(flipped) > 1)} flipped. "
        tie = "a tie counts for class 0: " if np.ptp(counts) == 0 else ""

        plane = Plane(
            "900 samples and the boundary",
            x1[[0, -1]],
            x2[[0, -1]],
            "feature x₁",
            "feature x₂",
            equal=True,
            size=(500, 370),
        )
        plane.regions(x1, x2, wins[i])
        plane.points(X, labels, label=["class 0", "class 1"], pick="flipped")
        ring = "text" if k <= 64 else "muted"  # hundreds would hide the rest
        plane.points(X[neighbours], ring, 5, hollow=True, label="neighbour")
        circle = query + radius * CIRCLE
        plane.line(circle, width=1, label="reaches the k-th")
        plane.contour(x1, x2, votes[i], k // 2 + 0.5, label="boundary")
        best_style = {"colour": 2, "dash": "--", "width": 2.5}
        gap = truth[1] - truth[0]
        plane.contour(x1, x2, gap, 0, label="best possible", **best_style)

        curve = Plane(
            "share classified correctly",
            (1, ks[-1]),
            (min(0.79, *map(np.min, accuracies.values())), 1.005),
            "k",
            "accuracy",
            log="x",
            size=(330, 370),
        )
        for c, (name, values) in enumerate(accuracies.items()):
            line = np.transpose([ks, values])
            curve.line(line, c, LINES[c], label=name)
            curve.points(line[[i]], "text", 5, hollow=True)
        curve.mark(y=best, label=f"best possible, {best:.3f}", dash=":")
        return [plane, curve], (
            f"{flips if flipped else ''}k = {k}. Votes for class 0: "
            f"{counts[0]}, for class 1: {counts[1]}; {tie}the query is "
            f"predicted class {counts.argmax()}. "
            f"{accuracies['new samples'][i]:.3f} of new samples are "
            f"classified correctly; the best possible share is {best:.3f}."
        )

    return Panel(
        "Which k brings the boundary nearest to the best possible one, and "
        "what does one flipped label change?",
        draw,
        query=Handle("query", (0.5, 0.25)),
        flipped=Pick("sample; Space flips its label"),
        k=Slider("k", ks, 5),
        again=Button("start again", query=(0.5, 0.25), flipped=[], k=5),
    )


def twenty_draws(seeds=range(1, 21)):
    """Fresh draws of the moons and what k-NN makes of them, for `luck_panel`.

    It takes some seconds, so its result is stored beside this module, with
    `np.savez_compressed(STORED, **twenty_draws())`.

    Returns
    -------
    dict of ndarrays
        labels : shape (ks, draws, points / 8), the predicted classes on the
        grid, eight to a byte; in_truth : shape (ks, draws), the accuracy on
        the true density; right : shape (ks, draws, draws), how many of the
        100 test samples of a draw (last axis) the model from another one's
        900 training samples labels right.
    """
    n, points = NUM_TRAIN_MOONS, grid(*BOX, num=FINE)[2]
    truth = moons_density(points)
    draws = [
        make_moons(1000, noise=MOONS_NOISE, random_state=seed)
        for seed in seeds
    ]
    X_test = np.concatenate([X[n:] for X, _ in draws])
    y_test = np.concatenate([y[n:] for _, y in draws])
    labels, right = [], []
    for X, y in draws:
        model = KNN(1).fit(X[:n], y[:n])
        labels.append(model.predict_each(points, POWERS).astype(np.uint8))
        hits = model.predict_each(X_test, POWERS) == y_test
        right.append(hits.reshape(len(POWERS), len(draws), -1).sum(axis=2))
    labels = np.stack(labels, axis=1)
    found = np.where(labels, truth[1], truth[0])
    return {
        "labels": np.packbits(labels, axis=2),
        "in_truth": found.sum(axis=2) / truth.sum(),
        "right": np.stack(right, axis=1).astype(np.uint8),
    }


def luck_panel():
    """Draw the data anew; see boundaries and test accuracies scatter."""
    x1, x2, _ = grid(*BOX, num=FINE)
    with np.load(STORED) as stored:
        labels = np.unpackbits(stored["labels"], axis=2)
        in_truth, right = stored["in_truth"], stored["right"]
    *coarse, points = grid(*BOX, num=60)
    truth = moons_density(points)
    best = truth.max(axis=0).sum() / truth.sum()
    own = np.diagonal(right, axis1=1, axis2=2)
    tied = own == own.max(axis=0)  # the k with the most samples right

    def draw(k, number, shown):
        i, j = POWERS.index(k), number - 1
        plane = Plane(
            "boundaries of twenty training sets",
            *BOX,
            "feature x₁",
            "feature x₂",
            equal=True,
            size=(470, 370),
        )
        for other, one in enumerate(labels[i]):
            label = "" if other else "each of the twenty"
            thread = {"colour": 5, "width": 0.8, "label": label}
            plane.contour(x1, x2, one, 0.5, **thread)
        best_style = {"colour": 2, "dash": "--", "label": "best possible"}
        gap = truth[1] - truth[0]
        plane.contour(*coarse, gap, 0, width=2.5, **best_style)
        plane.contour(x1, x2, labels[i, j], 0.5, label=f"draw {number}")

        counts = {
            "all pairs": right[i],
            "this model, twenty test sets": right[i, j],
            "twenty models, this test set": right[i, :, j],
        }[shown].ravel()
        shares = np.bincount(counts, minlength=101) / len(counts)
        top = max(0.3, 1.15 * shares.max())
        bars = Plane(
            "accuracies on 100 test samples",
            (0.725, 1.01),
            (0, top),
            "accuracy",
            "share of the accuracies",
            size=(360, 370),
        )
        bars.bars(np.arange(101) / 100, shares, 5, width=0.008)
        bars.line([[best, 0], [best, top]], **best_style)
        true = np.full(2, in_truth[i, j])
        label = f"draw {number}, on new samples"
        bars.line(np.transpose([true, [0, top]]), label=label)
        label = f"draw {number}, on its own test set"
        bars.points([[own[i, j] / 100, top / 40]], 1, 6, label=label)
        return [plane, bars], (
            f"k = {k}: the model of draw {number} has {own[i, j]} of its 100 "
            f"test samples right, and {in_truth[i, j]:.3f} of new samples. "
            f"The {len(counts)} accuracies shown lie "
            f"between {counts.min() / 100:.2f} and {counts.max() / 100:.2f}. "
            f"Most of its own test set is right at k = "
            f"{', '.join(map(str, np.array(POWERS)[tied[:, j]]))}."
        )

    return Panel(
        "You test k on 100 samples: how much of what you see is luck?",
        draw,
        k=Slider("k", POWERS, 16),
        number=Time("draw", range(1, len(in_truth[0]) + 1), 1),
        shown=Choice(
            "accuracies of",
            [
                "all pairs",
                "this model, twenty test sets",
                "twenty models, this test set",
            ],
            "all pairs",
        ),
        again=Button("start again", k=16, number=1, shown="all pairs"),
    )


def lowest(loss, X, targets, theta):
    """The weights at a minimum of the mean loss plus L2 times their squares.

    Newton's method, each step halved until the cost falls. The curvature of
    the loss comes from differences of its gradient; where it is negative, it
    counts as 0. A loss that is not convex can have a lower minimum elsewhere.

    Parameters
    ----------
    loss : object of helpers.losses
    X : ndarray of shape (n_samples, n_features), with the bias's column
    targets : ndarray of shape (n_samples, 1)
    theta : ndarray of shape (n_features, 1), where to start
    """

    def cost(theta):
        values = loss.values(X @ theta, targets)
        return values.mean() + L2 * np.sum(theta**2)

    shrink, step = 2 * L2 * np.eye(len(theta)), np.inf
    while np.abs(step).max() > 1e-7:
        scores = X @ theta
        slopes = loss.gradient(scores, targets)
        bends = (loss.gradient(scores + 1e-4, targets) - slopes) / 1e-4
        hessian = X.T @ (np.maximum(bends, 0) * X) / len(X) + shrink
        gradient = X.T @ slopes / len(X) + shrink @ theta
        step = np.linalg.solve(hessian, gradient)
        before = cost(theta)
        while cost(theta - step) > before and np.abs(step).max() > 1e-7:
            step /= 2
        theta = theta - step
    return theta


def turn(theta):
    """Clockwise angle, in degrees, from the best boundary of the blobs."""
    return (405 - np.degrees(np.arctan2(theta[1], theta[0]))) % 360 - 180


def outlier_panel():
    """Drag one sample anywhere; see how three losses' boundaries follow."""
    X, y = (array[:-1] for array in outlier_blobs(1)[:2])
    losses = [SquaredError(), BinaryCrossEntropy(), SigmoidSquaredError()]
    names = ["least squares", "logistic", "bounded"]
    styles = [
        {"colour": colour, "dash": dash, "width": 2}
        for colour, dash in zip(["text", 2, 3], LINES[:3], strict=True)
    ]

    def fit(X, y, starts):
        """The targets and the weights of each loss, as columns."""
        signs, X_bar = y[:, np.newaxis].astype(float), add_bias(X)
        targets = [signs, (signs + 1) / 2, (signs + 1) / 2]
        thetas = [LinearLeastSquares().fit(X, y).theta[:, np.newaxis]]
        for i in (1, 2):
            thetas.append(lowest(losses[i], X_bar, targets[i], starts[i]))
        return targets, thetas

    _, alone = fit(X, y, np.zeros((3, 3, 1)))

    def draw(outlier, sign):
        X_all, y_all = np.vstack([X, outlier]), np.append(y, sign)
        X_bar, classes = add_bias(X_all), (y_all + 1) // 2
        targets, thetas = fit(X_all, y_all, alone)

        # The view follows more slowly than the outlier moves: a pointer that
        # stays where it is comes to rest.
        half = min(1.5 + np.abs(np.subtract(outlier, 0.5)).max(), 40)
        planes = []
        for title, ends, each, size in (
            ("drag the outlier", (0.5 - half, 0.5 + half), 5, (360, 360)),
            ("the same, close up", (-0.8, 1.8), 1, (262, 300)),
        ):
            axes = ends, ends, "feature x₁", "feature x₂"
            plane = Plane(title, *axes, equal=True, size=size)
            some = np.append(np.arange(0, len(X), each), len(X))
            named = ["", ""] if planes else ["class −1", "class +1"]
            plane.points(X_all[some], classes[some], 2.5, label=named)
            for name, theta, style in zip(names, thetas, styles, strict=True):
                line = boundary_ends(theta[:, 0], 200).T
                plane.line(line, label=name if planes else "", **style)
            planes.append(plane)

        costs = []
        for loss, target, before, now in zip(
            losses, targets, alone, thetas, strict=True
        ):
            (first,) = loss.values(X_bar[-1:] @ before, target[-1:])
            *others, last = loss.values(X_bar @ now, target)
            costs.append([first, last, sum(others)])
        paid = Plane(
            "what the samples pay",
            (-0.5, 2.5),
            (1e-3, 1e5),
            "",
            "loss (no bar: below 0.001)",
            log="y",
            xticks={0: "squares", 1: "logistic", 2: "bounded"},
            size=(262, 360),
        )
        for part, (who, colour) in enumerate(
            {
                "outlier, before it pulls": 4,
                "outlier, now": 5,
                "the 900 others, now": "muted",
            }.items()
        ):
            x, heights = np.arange(3) + 0.27 * (part - 1), np.array(costs)
            paid.bars(x, heights[:, part] + 1e-9, colour, 0.25, label=who)

        signs = np.where(X_bar[:-1] @ np.hstack(thetas) >= 0, 1, -1)
        wrong = np.sum(signs != y[:, np.newaxis], axis=0)
        turned = ", ".join(
            f"{name} {turn(theta[:, 0]):z.1f}° ({number} of 900 wrong)"
            for name, theta, number in zip(names, thetas, wrong, strict=True)
        )
        # A label that grows by 1 adds the leverage to the fitted score.
        other = LinearLeastSquares().fit(X_all, np.append(y, -sign)).theta
        leverage = X_bar[-1] @ (thetas[0][:, 0] - other) / (2 * sign)
        return [*planes, paid], (
            f"Turned from the best line: {turned.replace('-', '−')}. "
            f"The leverage of the outlier is {leverage:.3f}."
        )

    return Panel(
        "Where must a single sample lie to spoil the line of 900 others?",
        draw,
        outlier=Handle("outlier", (2, 3.5)),
        sign=Choice("its label", [-1, 1], -1, {-1: "−1", 1: "+1"}.get),
        far=Button("the sheet's n = 16", outlier=(16, 28), sign=-1),
        again=Button("start again", outlier=(2, 3.5), sign=-1),
    )


def weights_panel():
    """Train softmax regression on digits; watch the weights of each class.

    Each setting is trained as far as it is looked at, and never twice.
    """
    X, y, X_test, y_test = digits()
    X, X_test = (add_bias(Z).astype(np.float32) for Z in (X, X_test))
    Y, Y_test = (one_hot(labels, 10, np.float32) for labels in (y, y_test))
    sets = {"training": (X, Y), "test": (X_test, Y_test)}
    steps = [0, *sorted({round(n) for n in np.geomspace(1, 100, 70)})]
    runs = {}

    def run(count, rate, reduction, l2):
        """Weights at the first steps; losses and accuracies at all between."""
        weights, curves = runs.setdefault((rate, reduction, l2), ([], []))
        while len(weights) < count:
            num = np.diff(steps, prepend=0)[len(weights)]
            history = train(
                SoftmaxCrossEntropy(),
                X,
                Y,
                weights[-1] if weights else np.zeros((X.shape[1], 10), "f4"),
                learning_rate=rate,
                num_epochs=int(num),
                reduction=reduction,
                l2=l2,
                monitors=sets,
                monitor_steps=range(min(num, 1), num + 1),
            )
            now = [*history.loss.values(), *history.accuracy.values()]
            if history.diverged or not np.isfinite(now).all():
                break
            weights.append(history.weights)
            curves.append(np.transpose(now))
        return weights[:count], np.concatenate(curves[:count])

    def draw(step, rate, reduction, l2):
        count = steps.index(step) + 1
        weights, curves = run(count, rate, reduction, l2)
        taken = np.arange(len(curves))
        pixels = weights[-1][:-1].T.reshape(10, 8, 8)
        limit = np.abs(pixels).max()
        pictures = Plane(
            f"weights of each class, from −{short(limit)} (blue, ink speaks "
            f"against) over 0 (white) to {short(limit)} (red, ink speaks for)"
            if limit
            else "weights of each class, all 0 (white)",
            (-1, 99),
            (8, -3),
            size=(820, 120),
            equal=True,
            axes=False,
        )
        for c in range(10):
            x, ends = 10 * c + np.arange(8), (-1, 1)
            relative = pixels[c] / (limit or 1)
            pictures.image(x, np.arange(8), relative, ends, "RdBu_r")
            pictures.text(10 * c + 3.5, -1.7, str(c))

        top = 10 ** np.ceil(np.log10(2 * curves[:, :2].max()))
        planes = [pictures]
        for i, (title, ylim) in enumerate(
            {
                "mean loss": (0.01, max(10, top)),
                "accuracy": (0, 1.02),
            }.items()
        ):
            plane = Plane(
                title,
                (1, 110),  # of step + 1, as 0 has no logarithm
                ylim,
                "gradient step",
                title,
                log="x" if i else "xy",
                xticks={1: "0", 2: "1", 11: "10", 101: "100"},
                size=(400, 260),
            )
            for j, name in enumerate(sets):
                line = np.transpose([taken + 1, curves[:, 2 * i + j]])
                plane.line(line, j, LINES[j], label=name)
                plane.points(line[-1:], j, 4)
            planes.append(plane)

        loss, test_loss, accuracy, test_accuracy = curves[-1]
        ended = len(weights) < count
        return planes, (
            f"Step {taken[-1]}: loss {short(loss)} on the training images, "
            f"{short(test_loss)} on the test images; accuracy {accuracy:.3f} "
            f"and {test_accuracy:.3f}. The highest training loss so far is "
            f"{short(curves[:, 0].max())}."
            + ended
            * " Some steps later the loss is not finite: the training ends."
        )

    return Panel(
        "How large may the learning rate be: does a loss that jumps up ruin "
        "the digits?",
        draw,
        step=Time("step", steps, 1),
        rate=Slider(
            "learning rate",
            [1e-4, 3e-4, 0.001, 0.002, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
            0.001,
        ),
        reduction=Choice("gradients of the images", ["sum", "mean"], "sum"),
        l2=Slider(
            "L2 (times the squares of all weights)",
            [0, 0.001, 0.01, 0.1, 1],
            0,
        ),
        again=Button("start again", step=1, rate=0.001, reduction="sum", l2=0),
    )
