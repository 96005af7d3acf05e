"""One function for each kind of figure: arrays in, Figure out.

Figures are made without pyplot, so no state is shared between them. Classes
differ by marker as well as by colour (Okabe and Ito's colour-blind-safe set).
"""

import numpy as np
from matplotlib.colors import ListedColormap, LogNorm, to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

WIDTH = 6.4  # inches: the width of the text in the PDF
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"]
MARKERS = ["o", "^", "s", "D", "v", "P"]
LINE_COLOURS = ["#000000", *COLOURS[2:4], *COLOURS[:2], COLOURS[5]]
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


def new_figure(row_height, num_panels=1, num_columns=1, share_axes=True):
    """A figure as wide as the text and its panels, as (Figure, list of Axes).

    Panels that share their axes are labelled once, on the figure.
    """
    num_rows = -(-num_panels // num_columns)
    fig = Figure(
        figsize=(WIDTH, row_height * num_rows + 0.5), layout="constrained"
    )
    axes = fig.subplots(
        num_rows,
        num_columns,
        squeeze=False,
        sharex=share_axes,
        sharey=share_axes,
    ).flatten()
    for ax in axes[num_panels:]:
        ax.remove()
    for ax in axes[:num_panels]:
        ax.tick_params(labelsize=FONT_SIZE - 1, which="both")
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


def scatter_classes(samples, num_columns=2, share_axes=True, highlight=None):
    """Labelled points in the plane, one panel for each set.

    Parameters
    ----------
    samples : dict of title -> (X of shape (n, 2), y of shape (n,))
    num_columns : int
    share_axes : bool
        Whether all panels show the same box, with equal units on both axes.
    highlight : str, optional
        What to call the last sample of each set in the legend, ringed.
    """
    fig, axes = new_figure(2.1, len(samples), num_columns, share_axes)
    for ax, (title, (X, y)) in zip(axes, samples.items(), strict=True):
        draw_classes(ax, X, y)
        if highlight:
            ax.plot(*X[-1], "ko", ms=9, fillstyle="none", label=highlight)
            ax.margins(0.1)
        ax.set_title(title, fontsize=FONT_SIZE)
        ax.set_aspect("equal", adjustable="box" if share_axes else "datalim")
    handles = axes[0].get_legend_handles_labels()
    _legend_above(fig, *handles)
    _label(fig, "feature $x_1$", "feature $x_2$")
    return fig


def circles_around(centres, radii, X, y):
    """Circles around points and the samples near them, a panel a point.

    Parameters
    ----------
    centres : ndarray of shape (n, 2)
    radii : dict of label -> sequence of n radii, one for each centre
    X, y : ndarrays of shape (m, 2) and (m,), the samples
    """
    fig, axes = new_figure(1.9, len(centres), len(centres), share_axes=False)
    angle = np.linspace(0, 2 * np.pi, 100)
    for i, (ax, (x1, x2)) in enumerate(zip(axes, centres, strict=True)):
        draw_classes(ax, X, y)
        for (label, values), style in zip(radii.items(), LINES, strict=False):
            rim1 = x1 + values[i] * np.cos(angle)
            rim2 = x2 + values[i] * np.sin(angle)
            ax.plot(rim1, rim2, "k", ls=style, label=label)
        ax.plot(x1, x2, "kX", markeredgecolor="white")
        ax.set_title(f"query ({x1}, {x2})", fontsize=FONT_SIZE)
        ax.set(xlim=(x1 - 0.9, x1 + 0.9), aspect="equal")
        ax.set(ylim=(x2 - 0.6, x2 + 0.6))
    _legend_above(fig, *axes[0].get_legend_handles_labels())
    _label(fig, "feature $x_1$", "feature $x_2$")
    return fig


def panel_height(x1, x2, num_columns):
    """Inches of a panel, title included, whose units are equal."""
    ratio = np.ptp(x2) / np.ptp(x1)
    return 0.9 * WIDTH / num_columns * ratio + 0.25


def decision_maps(x1, x2, predictions, X, y, num_columns=3):
    """Predicted class over a grid with the samples on it, a panel for each.

    Parameters
    ----------
    x1, x2 : ndarrays of shape (n1,) and (n2,), the grid's axes
    predictions : dict of title -> ndarray of shape (n2 * n1,)
    X, y : ndarrays of shape (n, 2) and (n,), the samples drawn on every panel
    """
    height = panel_height(x1, x2, num_columns)
    fig, axes = new_figure(height, len(predictions), num_columns)
    for ax, (title, labels) in zip(axes, predictions.items(), strict=True):
        draw_regions(ax, x1, x2, labels, np.unique(y))
        draw_classes(ax, X, y, size=5)
        ax.set_title(title, fontsize=FONT_SIZE)
        ax.set(xlim=x1[[0, -1]], ylim=x2[[0, -1]], aspect="equal")
    points = [
        Line2D([], [], ls="", marker=MARKERS[c], color=COLOURS[c])
        for c in range(len(np.unique(y)))
    ]
    regions = [Patch(color=tint(COLOURS[c])) for c in range(len(points))]
    _legend_above(
        fig,
        points + regions,
        [f"class {label}" for label in np.unique(y)]
        + [f"predicted {label}" for label in np.unique(y)],
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


def boundary_lines(X, y, thetas, centre=None):
    """Labelled points and straight boundaries <w, x> + b = 0 between them.

    Parameters
    ----------
    X, y : ndarrays of shape (n, 2) and (n,)
    thetas : dict of label -> ndarray (w1, w2, b)
    centre : (float, float), optional
        A point to mark.
    """
    fig, [ax] = new_figure(1.9)
    draw_classes(ax, X, y)
    ax.set(xlim=(-0.6, 1.6), ylim=(-0.6, 1.6), aspect="equal")
    for i, (label, theta) in enumerate(thetas.items()):
        ax.plot(
            *boundary_ends(theta),
            color=LINE_COLOURS[i % len(LINE_COLOURS)],
            linestyle=LINES[i % len(LINES)],
            linewidth=1.6,
            label=label,
        )
    if centre:
        ax.plot(*centre, "k*", ms=11, label=f"the point {centre}")
    ax.legend(
        fontsize=FONT_SIZE - 1, loc="center left", bbox_to_anchor=(1.02, 0.5)
    )
    ax.set_xlabel("feature $x_1$", fontsize=FONT_SIZE)
    ax.set_ylabel("feature $x_2$", fontsize=FONT_SIZE)
    return fig


def boundary_ends(theta, half_length=9):
    """x1 and x2 of two far points on the line w1 x1 + w2 x2 + b = 0.

    Examples
    --------
    >>> boundary_ends([0.0, 2.0, -2.0], half_length=1)
    array([[ 1., -1.],
           [ 1.,  1.]])
    """
    *w, b = theta
    normal = np.array(w) / np.hypot(*w)
    foot = -b / np.hypot(*w) * normal  # the point nearest to the origin
    along = half_length * np.array([-normal[1], normal[0]])
    return np.transpose([foot - along, foot + along])


def curves(
    x,
    panels,
    xlabel,
    x_scale="linear",
    y_scale="linear",
    height=2.2,
    vertical=None,
    horizontal=None,
    y_limits=None,
):
    """Series over one x, told apart by colour and line; few points by marker.

    Panels with the same series share a legend above them.

    Parameters
    ----------
    x : sequence of float
    panels : dict of ylabel -> dict of label -> values over x
        One panel for each ylabel, side by side. A series with an x of its
        own is a pair (x, values).
    xlabel : str
    x_scale : "linear", "log", "symlog" from 0 on, "log2" for powers of two
    y_scale : "linear" or "log"
    height : float, inches of a panel
    vertical, horizontal : dict of label -> x or y, optional
        Thin grey lines across every panel.
    y_limits : (float, float), optional
        What every panel shows of the y axis.
    """
    fig, axes = new_figure(height, len(panels), len(panels), share_axes=False)
    for ax, (ylabel, series) in zip(axes, panels.items(), strict=True):
        for draw, marks in (ax.axvline, vertical), (ax.axhline, horizontal):
            for i, (label, value) in enumerate((marks or {}).items()):
                draw(value, c="0.5", ls=LINES[-1 - i], lw=1, label=label)
        for i, (label, values) in enumerate(series.items()):
            xs, values = values if isinstance(values, tuple) else (x, values)
            ax.plot(
                xs,
                values,
                color=COLOURS[i % len(COLOURS)],
                linestyle=LINES[i % len(LINES)],
                linewidth=1.3 if len(xs) <= 1001 else 0.6,
                marker=MARKERS[i % len(MARKERS)] if len(xs) <= 30 else None,
                markersize=4,
                label=label,
            )
        ax.set_yscale(y_scale)
        ax.set_ylim(y_limits)
        if x_scale == "log2":
            ax.set_xscale("log", base=2)
            ax.set_xticks(x, labels=[str(value) for value in x])
        elif x_scale == "symlog":  # from 0 on
            ax.set_xscale("symlog", linthresh=1)
            ax.set_xlim(0, x[-1])
        else:
            ax.set_xscale(x_scale)
        ax.grid(alpha=0.3)
        ax.set_xlabel(xlabel, fontsize=FONT_SIZE)
        ax.set_ylabel(ylabel, fontsize=FONT_SIZE)
    labels = [list(series) for series in panels.values()]
    if all(names == labels[0] for names in labels):
        _legend_above(fig, *axes[0].get_legend_handles_labels())
    else:
        for ax in axes:
            ax.legend(fontsize=FONT_SIZE - 1)
    return fig


def bars(groups, xlabel, ylabel):
    """Bars side by side at 0, 1, ...: dict of label -> sequence of heights."""
    fig, [ax] = new_figure(1.9)
    width = 0.8 / len(groups)
    for i, (label, heights) in enumerate(groups.items()):
        x = np.arange(len(heights)) + (i - (len(groups) - 1) / 2) * width
        ax.bar(x, heights, width, color=COLOURS[i], label=label)
    ax.axhline(0, color="black", linewidth=0.8)
    ax.grid(axis="y", alpha=0.3)
    ax.set_xlabel(xlabel, fontsize=FONT_SIZE)
    ax.set_ylabel(ylabel, fontsize=FONT_SIZE)
    _legend_above(fig, *ax.get_legend_handles_labels())
    return fig


def heat_maps(
    tables, rows, columns, ylabel, xlabel, label, limit, best=None, decimals=3
):
    """Tables of numbers as colours, all on one scale; too large is hatched.

    Parameters
    ----------
    tables : dict of title -> ndarray of shape (len(rows), len(columns))
    rows, columns : sequences, the values at the axes
    ylabel, xlabel, label : str, for the axes and the colour bar
    limit : float
        What is larger is hatched instead of coloured.
    best : (title, row, column), optional
        The cell to frame.
    decimals : int
    """
    fig, axes = new_figure(1.6, len(tables), len(tables))
    shown = np.ma.masked_greater(np.array(list(tables.values())), limit)
    for ax, title, values in zip(axes, tables, shown, strict=True):
        ax.patch.set(hatch="////", edgecolor="0.7")
        image = ax.imshow(
            values,
            cmap="cividis",
            vmin=shown.min(),
            vmax=shown.max(),
            aspect="auto",
        )
        middle = (shown.min() + shown.max()) / 2
        for (i, j), value in np.ma.ndenumerate(values):
            ax.text(
                j,
                i,
                f"{value:.{decimals}f}",
                ha="center",
                va="center",
                fontsize=FONT_SIZE - 1,
                color="white" if value < middle else "black",
            )
        if best and title == best[0]:
            corner = best[2] - 0.48, best[1] - 0.46
            frame = {"fill": False, "edgecolor": "white", "linewidth": 2}
            ax.add_patch(Rectangle(corner, 0.96, 0.92, **frame))
        ax.set_xticks(range(len(columns)), labels=map(str, columns))
        ax.set_yticks(range(len(rows)), labels=map(str, rows))
        ax.set_title(title, fontsize=FONT_SIZE)
    _colour_bar(fig, image, ax=axes, label=label)
    _label(fig, xlabel, ylabel)
    return fig


def image_grid(images, titles, num_columns, label=None, row_height=1.25):
    """Square pictures side by side, all on one grey or colour scale.

    Parameters
    ----------
    images : ndarray of shape (n, num_pixels)
    titles : sequence of n str
    num_columns : int
    label : str, optional
        What the values are. They may then have both signs, and are drawn
        from blue through white to red, with a colour bar; without it they
        are ink on paper.
    row_height : float, inches
    """
    side = round(images.shape[1] ** 0.5)
    limit = np.abs(images).max()
    style = {"cmap": "Greys", "vmin": 0, "vmax": limit}
    if label:
        style = {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}
    fig, axes = new_figure(row_height, len(images), num_columns)
    for ax, image, title in zip(axes, images, titles, strict=True):
        picture = ax.imshow(image.reshape(side, side), **style)
        ax.set_title(title, fontsize=FONT_SIZE)
        ax.set_axis_off()
    if label:
        _colour_bar(fig, picture, ax=axes, label=label)
    return fig


def image_rows(rows, label):
    """Rows of square pictures, each row on its own scale from -1 to 1.

    Parameters
    ----------
    rows : dict of title -> ndarray of shape (n, num_pixels)
    label : str, for the colour bar
    """
    fig, axes = new_figure(0.62, len(rows), 1)
    for ax, (title, images) in zip(axes, rows.items(), strict=True):
        side = round(images.shape[1] ** 0.5)
        strip = np.hstack(list(images.reshape(-1, side, side)))
        picture = ax.imshow(
            strip / np.abs(strip).max(), cmap="RdBu_r", vmin=-1, vmax=1
        )
        ax.set_title(title, fontsize=FONT_SIZE, loc="left", pad=2)
        ax.set_axis_off()
    _colour_bar(fig, picture, ax=axes, fraction=0.03, label=label)
    return fig


def confusion_matrix(counts, aspect="equal"):
    """How often each class was taken for each: ndarray of shape (C, C).

    Rows are the true classes, columns the predicted ones.
    """
    fig, [ax] = new_figure(2.1)
    wrong = counts - np.diag(np.diag(counts))
    ax.imshow(
        wrong,
        cmap="Oranges",
        vmin=0,
        vmax=2 * max(wrong.max(), 1),
        aspect=aspect,
    )
    for (true, predicted), count in np.ndenumerate(counts):
        if count:
            ax.text(
                predicted,
                true,
                str(count),
                ha="center",
                va="center",
                fontsize=FONT_SIZE,
                weight="normal" if true == predicted else "bold",
            )
    ax.set_xticks(range(len(counts)))
    ax.set_yticks(range(len(counts)))
    ax.set_xlabel("predicted class", fontsize=FONT_SIZE)
    ax.set_ylabel("true class", fontsize=FONT_SIZE)
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
    height = 0.85 * panel_height(x1, x2, num_columns)  # beside the bar
    fig, axes = new_figure(height, len(densities), num_columns)
    for ax, (title, values) in zip(axes, densities.items(), strict=True):
        values = np.ma.masked_equal(values.reshape(len(x2), len(x1)), 0)
        ax.set(facecolor="white", aspect="equal")
        ax.patch.set(hatch="////", edgecolor="0.7")
        image = ax.pcolormesh(
            x1, x2, values, norm=LogNorm(*limits), cmap="cividis"
        )
        ax.set_title(title, fontsize=FONT_SIZE)
    _colour_bar(fig, image, ax=axes, extend="both", shrink=0.9, label=label)
    _label(fig, "feature $x_1$", "feature $x_2$")
    return fig


def _legend_above(fig, handles, labels):
    """One legend for all panels, in lines as wide as the figure."""
    longest = max(map(len, labels)) + 6  # with the handle
    fig.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=min(len(handles), max(1, 105 // longest)),
        fontsize=FONT_SIZE - 1,
    )


def _colour_bar(fig, image, ax, label, **options):
    """A colour bar beside some axes, with what its values are."""
    bar = fig.colorbar(image, ax=ax, **options)
    bar.set_label(label, fontsize=FONT_SIZE)
    bar.ax.tick_params(labelsize=FONT_SIZE - 1)


def _label(fig, xlabel, ylabel):
    """Label the axes of all panels at once."""
    fig.supxlabel(xlabel, fontsize=FONT_SIZE)
    fig.supylabel(ylabel, fontsize=FONT_SIZE)


def region_map(classes):
    """A colour map from class codes 0, 1, ... to the regions' tints."""
    return ListedColormap([tint(COLOURS[c]) for c in range(len(classes))])
