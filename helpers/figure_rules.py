"""What every figure must keep to before it is shown."""

from itertools import combinations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba

PRINT_WIDTH = 6.45  # inches, of the text in the PDF
MIN_FONT_SIZE = 7  # points, in print
OVERLAP = 1.5  # points by which boxes of text may touch


def require_legible(fig):
    """Draw a figure, and raise if it cannot be read.

    Returns
    -------
    FigureCanvasAgg
        With the picture.

    Raises
    ------
    ValueError
        If an axis has no label; if two or more things are drawn and nothing
        tells them apart; if a legend lies on data, or text on text; if a
        font is printed smaller than 7 points; or if the units of the plane
        of x_1 and x_2, where angles and circles matter, are not equal.
    """
    canvas = FigureCanvasAgg(fig)
    canvas.draw()  # settles the layout
    for number, ax in enumerate(fig.axes, 1):
        where = f"Axes {number} ({ax.get_title()!r})"
        _require_labels(fig, ax, where)
        _require_legend(fig, ax, where)
        _require_equal_units(fig, ax, where)
        _require_free_legend(ax, where)
    _require_readable_text(fig)
    return canvas


def _labels(fig, ax):
    return {
        "x": ax.get_xlabel() or fig.get_supxlabel(),
        "y": ax.get_ylabel() or fig.get_supylabel(),
    }


def _is_colorbar(ax):
    return hasattr(ax, "_colorbar")


def _require_labels(fig, ax, where):
    labels = _labels(fig, ax)
    if not ax.axison or (_is_colorbar(ax) and any(labels.values())):
        return
    for axis, label in labels.items():
        if not label.strip():
            raise ValueError(f"{where}: the {axis} axis has no label.")


def _require_legend(fig, ax, where):
    if ax.get_legend() or fig.legends or _is_colorbar(ax):
        return
    has_colorbar = any(map(_is_colorbar, fig.axes))
    labelled = len(ax.get_legend_handles_labels()[1])
    if max(labelled, _num_colours(ax, has_colorbar)) >= 2:
        raise ValueError(
            f"{where}: two or more things are drawn, but no legend or "
            f"colour bar tells them apart."
        )


def _num_colours(ax, has_colorbar):
    """How many colours on the axes no colour bar explains."""
    colours = {to_rgba(line.get_color()) for line in ax.lines}
    colours |= {to_rgba(patch.get_facecolor()) for patch in ax.patches}
    for collection in ax.collections:
        if collection.get_array() is None:
            fill = collection.get_facecolor()
            drawn = fill if len(fill) else collection.get_edgecolor()
            colours |= {tuple(colour) for colour in drawn}
        elif not has_colorbar:
            colours |= set(np.unique(collection.get_array()).tolist())
    return len(colours)


def _require_equal_units(fig, ax, where):
    labels = _labels(fig, ax)
    is_plane = "x_1" in labels["x"] and "x_2" in labels["y"]
    if is_plane and ax.get_aspect() == "auto":
        raise ValueError(
            f"{where}: the two features have unequal units, which bends "
            f"angles and circles; set the aspect to 'equal'."
        )


def _require_free_legend(ax, where):
    legend = ax.get_legend()
    if legend and any(_lies_on(legend.get_window_extent(), ax)):
        raise ValueError(
            f"{where}: the legend lies on the data; move it to a free place "
            f"or outside."
        )


def _lies_on(box, ax):
    """Whether a box covers some of each thing that is drawn."""
    for line in ax.lines:
        path = line.get_path().transformed(line.get_transform())
        yield path.intersects_bbox(box, filled=False)
    for collection in ax.collections:
        offsets = collection.get_offsets()
        if len(offsets) > 1 or np.any(offsets):  # a scatter's points
            points = collection.get_offset_transform().transform(offsets)
            yield box.count_contains(points) > 0
        else:
            for path in collection.get_paths():
                path = path.transformed(collection.get_transform())
                yield path.intersects_bbox(box)
    for thing in [*ax.patches, *ax.images]:
        yield thing.get_window_extent().overlaps(box)


def _require_readable_text(fig):
    texts = list(_texts(fig))
    scale = min(1, PRINT_WIDTH / fig.get_figwidth())
    for text, _ in texts:
        if text.get_fontsize() * scale < MIN_FONT_SIZE - 0.01:
            raise ValueError(
                f"{text.get_text()!r} would be printed in "
                f"{text.get_fontsize() * scale:.1f} points; make it at least "
                f"{MIN_FONT_SIZE}, or the figure narrower."
            )
    boxes = [box for box in texts if box[0].get_rotation() % 90 == 0]
    for (one, box), (other, other_box) in combinations(boxes, 2):
        width = min(box.x1, other_box.x1) - max(box.x0, other_box.x0)
        height = min(box.y1, other_box.y1) - max(box.y0, other_box.y0)
        if min(width, height) * 72 / fig.dpi > OVERLAP:
            raise ValueError(
                f"{one.get_text()!r} lies on {other.get_text()!r}; move one."
            )


def _texts(fig):
    """Every visible text of a figure with its box in pixels."""
    texts = list(fig.texts)
    for legend in fig.legends:
        texts += legend.get_texts()
    for ax in fig.axes:
        texts += [ax.title, *ax.texts]
        if ax.get_legend():
            texts += ax.get_legend().get_texts()
        for axis in (ax.xaxis, ax.yaxis) if ax.axison else ():
            texts.append(axis.label)
            low, high = sorted(axis.get_view_interval())
            ticks = axis.get_major_ticks()
            texts += [
                tick.label1 for tick in ticks if low <= tick.get_loc() <= high
            ]
    for text in texts:
        if text and text.get_visible() and text.get_text().strip():
            yield text, text.get_window_extent()
