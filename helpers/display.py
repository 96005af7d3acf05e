"""Show figures with caption and alt text, and the source of helpers."""

import inspect
import io

import numpy as np
from IPython.display import display
from matplotlib.colors import to_rgba

DPI = 192  # twice the 96 dots per inch of a screen, sharp in print


def show(fig, *, caption, alt):
    """Display a figure with its caption below it.

    Caption and alt text also go into the output's metadata, where the PDF
    export finds them.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    caption : str
        What the figure shows and what to see in it; Markdown.
    alt : str
        The figure in words, for those who cannot see it.

    Raises
    ------
    ValueError
        If caption or alt text is empty, an axis has no label, or two or more
        things are drawn with no legend or colour bar to tell them apart.
    """
    for name, text in (("caption", caption), ("alt", alt)):
        if not text.strip():
            raise ValueError(f"The figure's {name} is empty; write one.")
    for number, ax in enumerate(fig.axes, 1):
        _require_labels(fig, ax, f"Axes {number} ({ax.get_title()!r})")
        _require_legend(fig, ax, f"Axes {number} ({ax.get_title()!r})")
    image = io.BytesIO()
    fig.savefig(image, format="png", dpi=DPI)
    width, height = (round(96 * inches) for inches in fig.get_size_inches())
    metadata = {"alt": alt, "caption": caption}
    display(
        {"image/png": image.getvalue(), "text/plain": f"[Figure: {alt}]"},
        metadata={"image/png": metadata | {"width": width, "height": height}},
        raw=True,
    )
    display(
        {"text/markdown": f"*Figure:* {caption}", "text/plain": caption},
        metadata={"is_caption": True},
        raw=True,
    )


def show_source(*objects):
    """Display the source of classes or functions as Python code."""
    source = "\n\n".join(inspect.getsource(obj) for obj in objects)
    display(
        {"text/markdown": f"```python\n{source}```", "text/plain": source},
        raw=True,
    )


def _is_colorbar(ax):
    return hasattr(ax, "_colorbar")


def _require_labels(fig, ax, where):
    if not ax.axison:
        return
    labels = {
        "x": ax.get_xlabel() or fig.get_supxlabel(),
        "y": ax.get_ylabel() or fig.get_supylabel(),
    }
    if _is_colorbar(ax) and any(labels.values()):
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
