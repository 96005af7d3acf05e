"""How time and memory grow, and the figure that shows it."""

import numpy as np

from benchmarks.measure import traced
from helpers import mnist
from helpers.losses import SoftmaxCrossEntropy
from helpers.nearest import nearest_neighbours
from helpers.plots import COLOURS, MARKERS, new_figure
from helpers.training import add_bias, train


def neighbours(X, queries, N=None, D=None, k=5, Q=1000):
    """A search in part of the rows and columns, for part of the queries."""
    rows, some = X[:N, :D].copy(), queries[:Q, :D].copy()
    return lambda: nearest_neighbours(rows, some, k)


def epoch(X, y, N=None, batch_size=128):
    """An epoch of softmax regression on part of the rows."""
    return lambda: train(
        SoftmaxCrossEntropy(),
        X[:N],
        y[:N],
        np.zeros((X.shape[1], 10), np.float32),
        learning_rate=0.1,
        num_epochs=1,
        batch_size=batch_size,
    )


def series():
    """Title, name of the variable, its values and what is called for each."""
    data = mnist.load()
    X, queries = (
        np.float32(pixels) / np.float32(255)
        for pixels in (data.X_train, data.X_test)
    )
    # Columns in random order, so that the first of them are not the margin.
    order = np.random.default_rng(0).permutation(X.shape[1])
    shuffled = X[:, order], queries[:, order]
    with_bias, labels = add_bias(X), data.y_train.astype(np.int64)
    sizes = {
        "k-NN: samples N": ("N", [len(X) // 2**i for i in range(5)]),
        "k-NN: features D": ("D", [784, 392, 196, 98, 49]),
        "k-NN: neighbours k": ("k", [1, 4, 16, 64]),
        "k-NN: queries Q": ("Q", [10000, 5000, 2500, 1250, 625]),
    }
    for title, (name, values) in sizes.items():
        calls = [neighbours(*shuffled, **{name: v}) for v in values]
        yield title, values, calls
    values = sizes["k-NN: samples N"][1]
    yield (
        "epoch: samples N",
        values,
        [epoch(with_bias, labels, n) for n in values],
    )
    values = [16, 64, 256, 1024, 4096]
    calls = [epoch(with_bias, labels, batch_size=size) for size in values]
    yield "epoch: batch size", values, calls


def measure():
    """Title -> values, seconds and MiB, as arrays."""
    return {
        title: (np.array(values), *np.transpose([traced(c) for c in calls]))
        for title, values, calls in series()
    }


def exponent(x, y):
    """The power b of the y = a x^b that fits best in logarithms."""
    return round(np.polyfit(np.log(x), np.log(y), 1)[0], 2) + 0.0  # no -0


def figure(measured):
    """Time and memory against each variable, both axes logarithmic."""
    fig, axes = new_figure(1.5, 2 * len(measured), 2, share_axes=False)
    for row, (title, (x, *measures)) in enumerate(measured.items()):
        for column, (y, unit) in enumerate(
            zip(measures, ("time, s", "memory, MiB"), strict=True)
        ):
            ax = axes[2 * row + column]
            power = exponent(x, y)
            ax.loglog(
                x,
                y,
                marker=MARKERS[column],
                color=COLOURS[column],
                label=f"grows with the power {power:.2f}",
            )
            ax.set_xticks(x, [f"{value}" for value in x])
            ax.minorticks_off()
            ax.set_ylim(y.min() / 2, y.max() * 4)
            ax.set_xlabel(title, fontsize=8)
            ax.set_ylabel(unit, fontsize=8)
            ax.legend(fontsize=7, loc="upper left")
            ax.grid(alpha=0.3)
    return fig
