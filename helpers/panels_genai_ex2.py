"""Interactive panels of sheet genai-ex2."""

from functools import lru_cache

import numpy as np

from helpers import plots
from helpers.knn import KNN
from helpers.lls import LinearLeastSquares
from helpers.losses import SoftmaxCrossEntropy
from helpers.old_panel import interactive, panel, widgets
from helpers.panel import Button, Handle, Panel, Pick, Plane, Slider
from helpers.plots import LINES
from helpers.toy_data import grid, moons, moons_density, outlier_blobs
from helpers.training import train

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

    @lru_cache
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
        plane.points(X[neighbours], "text", 5, hollow=True, label="neighbour")
        plane.line(query + radius * CIRCLE, width=1, label="to the k-th")
        plane.contour(x1, x2, votes[i], k // 2 + 0.5, label="boundary")
        best_style = {"colour": 2, "dash": "--", "width": 2.5}
        gap = truth[1] - truth[0]
        plane.contour(x1, x2, gap, 0, label="best possible", **best_style)

        curve = Plane(
            "share classified correctly",
            (1, ks[-1]),
            (0.79, 1.005),
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
            f"k = {k}. Votes for class 0: {counts[0]}, for class 1: "
            f"{counts[1]}; the query is predicted class {counts.argmax()}. "
            f"Of new samples {accuracies['new samples'][i]:.3f} are "
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


@interactive
def lls_panel():
    """Move the outlier from n = 1 to n = 32 and watch the boundary turn."""
    fig, [ax] = plots.new_figure(3.7)
    X, y, _, _ = outlier_blobs(1)
    plots.draw_classes(ax, X[:-1], y[:-1])
    (line,) = ax.plot([], [], "k-", lw=1.5, label="f(x) = 0")
    (arrow,) = ax.plot([], [], "k:", lw=1, label="to the outlier")
    (point,) = ax.plot([], [], "ks", ms=7, label="outlier")
    ax.set(xlim=(-1, 4), ylim=(-1, 4), aspect="equal")
    ax.set(xlabel="feature $x_1$", ylabel="feature $x_2$")
    ax.legend(fontsize=8, loc="lower right")

    def draw(n):
        X, y, X_test, y_test = outlier_blobs(n)
        model = LinearLeastSquares().fit(X, y)
        w1, w2, b = model.theta
        line.set_data(*plots.boundary_ends(model.theta))
        arrow.set_data([1, X[-1, 0]], [1, X[-1, 1]])
        point.set_data(*X[-1:].T)
        score = model.decision_function(X[-1:])[0]
        accuracy = np.mean(model.predict(X_test) == y_test)
        return (
            f"n = {n:g}: theta = ({w1:.3f}, {w2:.3f}, {b:.3f}); score of the "
            f"outlier {score:.2f}, wanted -1; test accuracy {accuracy:.2f}"
        )

    slider = widgets.FloatSlider(
        value=1, min=1, max=32, step=0.5, description="n"
    )
    panel(fig, draw, n=slider)


@interactive
def softmax_panel(X_train, y_train, X_test, y_test, weights):
    """Choose a learning rate and a number of steps; see loss and accuracy.

    Parameters
    ----------
    X_train, X_test : ndarrays with the column of the bias
    y_train, y_test : ndarrays of labels
    weights : ndarray, where the training starts
    """
    max_steps, every = 1000, 20
    sets = {"train": (X_train, y_train), "test": (X_test, y_test)}
    fig, axes = plots.new_figure(2.8, 2, 2, share_axes=False)
    lines = {}
    for ax, ylabel in zip(axes, ("mean loss", "accuracy"), strict=True):
        for i, name in enumerate(sets):
            (lines[ylabel, name],) = ax.plot(
                [], [], plots.LINES[i], color=plots.COLOURS[i], label=name
            )
        ax.set(xlabel="gradient step", ylabel=ylabel, xlim=(0, max_steps))
        ax.legend(fontsize=8)
        ax.grid(alpha=0.3)
    axes[0].set(yscale="log", ylim=(0.01, 100))
    axes[1].set(ylim=(0, 1.02))

    @lru_cache
    def history(learning_rate):
        return train(
            SoftmaxCrossEntropy(),
            X_train,
            y_train,
            weights,
            learning_rate=learning_rate,
            num_epochs=max_steps,
            reduction="sum",
            monitors=sets,
            monitor_steps=range(0, max_steps + 1, every),
        )

    def draw(learning_rate, num_steps):
        run = history(learning_rate)
        shown = run.steps <= num_steps
        for name in sets:
            for key, values in (
                ("mean loss", run.loss),
                (
                    "accuracy",
                    run.accuracy,
                ),
            ):
                lines[key, name].set_data(
                    run.steps[shown], values[name][shown]
                )
        last = {name: run.accuracy[name][shown][-1] for name in sets}
        return (
            f"learning rate {learning_rate:g}, {num_steps} steps: accuracy "
            f"{last['train']:.3f} on the training set, {last['test']:.3f} on "
            f"the test set"
        )

    panel(
        fig,
        draw,
        learning_rate=widgets.SelectionSlider(
            options=[1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1],
            value=1e-3,
            description="learning rate",
        ),
        num_steps=widgets.IntSlider(
            value=max_steps,
            min=0,
            max=max_steps,
            step=every,
            description="steps",
        ),
    )
