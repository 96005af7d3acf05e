"""Sliders above a figure that follows, for JupyterLab.

A notebook imports its panels in the panel's own cell. Without ipywidgets that
cell says so, and everything else works.
"""

import io
from functools import wraps

from IPython.display import display

try:
    import ipywidgets as widgets
except ImportError:
    widgets = None


def interactive(function):
    """Make a function that shows a panel do without where it cannot."""

    @wraps(function)
    def shown(*arguments):
        if widgets is None:
            print("This panel needs ipywidgets: pip install ipywidgets")
        else:
            function(*arguments)

    return shown


def panel(fig, draw, **sliders):
    """Show sliders, a line of text and a figure redrawn when they move.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
    draw : callable
        Takes the sliders' values by name, changes the artists on the figure
        and returns the line of text, which a screen reader can read.
    """
    image, text = widgets.Image(format="png"), widgets.Label()

    def update(_=None):
        text.value = draw(**{name: s.value for name, s in sliders.items()})
        picture = io.BytesIO()
        fig.savefig(picture, format="png", dpi=100)
        image.value = picture.getvalue()

    for slider in sliders.values():
        slider.style.description_width = "7em"
        slider.observe(update, names="value")
    update()
    display(widgets.VBox([*sliders.values(), text, image]))
