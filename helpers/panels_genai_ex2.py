"""Interactive panels of sheet genai-ex2."""

from functools import lru_cache

import numpy as np

from helpers import plots
from helpers.knn import KNN
from helpers.lls import LinearLeastSquares
from helpers.losses import SoftmaxCrossEntropy
from helpers.old_panel import interactive, panel, widgets
from helpers.toy_data import outlier_blobs
from helpers.training import train


@interactive
def knn_panel(X, y, x1, x2, points):
    """Move k and a query point; see its neighbours and the boundary.

    The regions for every k on the slider come from one neighbour search when
    the panel opens, so moving a slider only redraws.

    Parameters
    ----------
    X, y : ndarrays of shape (n, 2) and (n,), the training samples
    x1, x2, points : the axes and points of a grid, as `toy_data.grid` gives
    """
    ks = sorted({round(k) for k in np.geomspace(1, len(X), 60)})
    model = KNN(len(X)).fit(X, y)
    regions = np.searchsorted(model.classes, model.predict_each(points, ks))
    regions = dict(zip(ks, regions.astype(np.uint8), strict=True))

    fig, [ax] = plots.new_figure(3.7)
    fill = ax.pcolormesh(
        x1,
        x2,
        regions[1].reshape(len(x2), len(x1)),
        cmap=plots.region_map(model.classes),
    )
    plots.draw_classes(ax, X, y)
    (ball,) = ax.plot([], [], color="black", lw=1, label="ball to the k-th")
    (rim,) = ax.plot(
        [], [], "o", color="black", fillstyle="none", ms=6, label="neighbour"
    )
    (cross,) = ax.plot([], [], "kX", ms=9, label="query")
    ax.set(xlim=x1[[0, -1]], ylim=x2[[0, -1]], aspect="equal")
    ax.set(xlabel="feature $x_1$", ylabel="feature $x_2$")
    ax.legend(fontsize=8, loc="upper right")
    angle = np.linspace(0, 2 * np.pi, 100)
    circle = np.stack([np.cos(angle), np.sin(angle)])

    def draw(k, query1, query2):
        query = np.array([query1, query2])
        indices, distances = KNN(k).fit(X, y).kneighbours([query])
        fill.set_array(regions[k])
        cross.set_data([query1], [query2])
        rim.set_data(*X[indices[0]].T)
        ball.set_data(*(query[:, np.newaxis] + distances[0, -1] * circle))
        labels, votes = np.unique(y[indices[0]], return_counts=True)
        counts = ", ".join(
            f"{vote} in class {label}"
            for label, vote in zip(labels, votes, strict=True)
        )
        return (
            f"k = {k}: {counts}; predicted class {labels[votes.argmax()]}; "
            f"distance to the k-th neighbour {distances[0, -1]:.3f}"
        )

    panel(
        fig,
        draw,
        k=widgets.SelectionSlider(options=ks, value=5, description="k"),
        query1=_slider(x1, "query x1"),
        query2=_slider(x2, "query x2"),
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


def _slider(axis, description):
    return widgets.FloatSlider(
        value=axis.mean(),
        min=axis[0],
        max=axis[-1],
        step=0.05,
        description=description,
    )
