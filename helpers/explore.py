"""Interactive panels for JupyterLab: sliders above a figure that follows."""

import io

import ipywidgets as widgets
import numpy as np
from IPython.display import display

from helpers import plots
from helpers.knn import KNN


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

    return panel(
        fig,
        draw,
        k=widgets.SelectionSlider(options=ks, value=5, description="k"),
        query1=_slider(x1, "query x1"),
        query2=_slider(x2, "query x2"),
    )


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
        slider.observe(update, names="value")
    update()
    display(widgets.VBox([*sliders.values(), text, image]))


def _slider(axis, description):
    return widgets.FloatSlider(
        value=axis.mean(),
        min=axis[0],
        max=axis[-1],
        step=0.05,
        description=description,
    )
