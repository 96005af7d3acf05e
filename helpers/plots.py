"""One function for each kind of figure: arrays in, Figure out.

Figures are made without pyplot, so no state is shared between them. Classes
differ by marker as well as by colour (Okabe and Ito's colour-blind-safe set).
"""

import numpy as np
from matplotlib.colors import ListedColormap, LogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

WIDTH = 6.4  # inches: the width of the text in the PDF
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
MARKERS = ["o", "^", "s", "D", "v", "P"]
LINES = ["-", "--", ":", "-."]
FONT_SIZE = 9


def tint(colour, share=0.3):
    """The colour mixed with white, for areas behind points.

    Examples
    --------
    >>> tint("#000000", 0.25)
    (0.75, 0.75, 0.75)
    """
    return tuple(1 - share * (1 - channel) for channel in to_rgb(colour))


def new_figure(row_height, num_panels=1, num_columns=1):
    """A figure as wide as the text and its panels, as (Figure, list of Axes).

    The panels share their axes, whose labels stand on the figure.
    """
    num_rows = -(-num_panels // num_columns)
    fig = Figure(
        figsize=(WIDTH, row_height * num_rows + 0.5), layout="constrained"
    )
    axes = fig.subplots(
        num_rows, num_columns, squeeze=False, sharex=True, sharey=True
    ).flatten()
    for ax in axes[num_panels:]:
        ax.remove()
    for ax in axes[:num_panels]:
        ax.tick_params(labelsize=FONT_SIZE - 1)
    return fig, list(axes[:num_panels])


def draw_classes(ax, X, y, size=14):
    """Draw each class's samples with its own colour and marker."""
    for c, label in enumerate(np.unique(y)):
        ax.scatter(
            *X[y == label].T,
            s=size,
            marker=MARKERS[c],
            facecolor=COLOURS[c],
            edgecolor="white",
            linewidth=0.3,
            label=f"class {label}",
        )


def scatter_classes(samples):
    """Labelled points in the plane, one panel for each set.

    Parameters
    ----------
    samples : dict of title -> (X of shape (n, 2), y of shape (n,))
    """
    fig, axes = new_figure(2.1, len(samples), num_columns=len(samples))
    for ax, (title, (X, y)) in zip(axes, samples.items(), strict=True):
        draw_classes(ax, X, y)
        ax.set_title(title, fontsize=FONT_SIZE)
        ax.set_aspect("equal")
        ax.legend(fontsize=FONT_SIZE - 1, loc="upper right")
    _label(fig, "feature $x_1$", "feature $x_2$")
    return fig


def decision_maps(x1, x2, predictions, X, y, num_columns=2):
    """Predicted class over a grid with the samples on it, a panel for each.

    Parameters
    ----------
    x1, x2 : ndarrays of shape (n1,) and (n2,), the grid's axes
    predictions : dict of title -> ndarray of shape (n2 * n1,)
    X, y : ndarrays of shape (n, 2) and (n,), the samples drawn on every panel
    """
    fig, axes = new_figure(1.6, len(predictions), num_columns)
    for ax, (title, labels) in zip(axes, predictions.items(), strict=True):
        draw_regions(ax, x1, x2, labels, np.unique(y))
        draw_classes(ax, X, y, size=5)
        ax.set_title(title, fontsize=FONT_SIZE)
        ax.set(xlim=x1[[0, -1]], ylim=x2[[0, -1]])
    points = [
        Line2D([], [], ls="", marker=MARKERS[c], color=COLOURS[c])
        for c in range(len(np.unique(y)))
    ]
    regions = [Patch(color=tint(COLOURS[c])) for c in range(len(points))]
    fig.legend(
        points + regions,
        [f"class {label}" for label in np.unique(y)]
        + [f"predicted {label}" for label in np.unique(y)],
        loc="outside upper center",
        ncols=2 * len(points),
        fontsize=FONT_SIZE - 1,
    )
    _label(fig, "feature $x_1$", "feature $x_2$")
    return fig


def draw_regions(ax, x1, x2, labels, classes):
    """Fill the predicted classes' regions and draw the lines between them."""
    codes = np.searchsorted(classes, labels).reshape(len(x2), len(x1))
    levels = np.arange(len(classes) + 1) - 0.5
    tints = [tint(COLOURS[c]) for c in range(len(classes))]
    ax.contourf(x1, x2, codes, levels, colors=tints)
    ax.contour(x1, x2, codes, levels[1:-1], colors="black", linewidths=0.8)


def curves(x, series, xlabel, ylabel, errors=None, log2_x=False):
    """Several series over one x, told apart by colour, line and marker.

    Parameters
    ----------
    x : sequence of float
    series : dict of label -> values over x
    errors : dict of label -> standard errors, optional
        Drawn as bars around the series of the same label.
    log2_x : bool
        Whether x runs over powers of two.
    """
    fig, [ax] = new_figure(2.4)
    for i, (label, values) in enumerate(series.items()):
        ax.errorbar(
            x,
            values,
            yerr=(errors or {}).get(label),
            color=COLOURS[i],
            linestyle=LINES[i],
            marker=MARKERS[i],
            markersize=4,
            capsize=2,
            label=label,
        )
    if log2_x:
        ax.set_xscale("log", base=2)
        ax.set_xticks(x, labels=[str(value) for value in x])
    ax.grid(alpha=0.3)
    ax.legend(fontsize=FONT_SIZE - 1)
    ax.set_xlabel(xlabel, fontsize=FONT_SIZE)
    ax.set_ylabel(ylabel, fontsize=FONT_SIZE)
    return fig


def density_maps(x1, x2, densities, label, limits, num_columns=3):
    """Densities over a grid, all on one logarithmic colour scale.

    Values outside the limits take the colours at the ends; zero, which has
    no logarithm, is hatched.

    Parameters
    ----------
    x1, x2 : ndarrays of shape (n1,) and (n2,), the grid's axes
    densities : dict of title -> ndarray of shape (n2 * n1,)
    label : str, for the colour bar
    limits : (float, float), the ends of the colour scale
    """
    fig, axes = new_figure(1.45, len(densities), num_columns)
    for ax, (title, values) in zip(axes, densities.items(), strict=True):
        values = np.ma.masked_equal(values.reshape(len(x2), len(x1)), 0)
        ax.set_facecolor("white")
        ax.patch.set(hatch="////", edgecolor="0.7")
        image = ax.pcolormesh(
            x1, x2, values, norm=LogNorm(*limits), cmap="cividis"
        )
        ax.set_title(title, fontsize=FONT_SIZE)
    bar = fig.colorbar(image, ax=axes, extend="both", shrink=0.9)
    bar.set_label(label, fontsize=FONT_SIZE)
    bar.ax.tick_params(labelsize=FONT_SIZE - 1)
    _label(fig, "feature $x_1$", "feature $x_2$")
    return fig


def _label(fig, xlabel, ylabel):
    """Label the axes of all panels at once."""
    fig.supxlabel(xlabel, fontsize=FONT_SIZE)
    fig.supylabel(ylabel, fontsize=FONT_SIZE)


def region_map(classes):
    """A colour map from class codes 0, 1, ... to the regions' tints."""
    return ListedColormap([tint(COLOURS[c]) for c in range(len(classes))])
