"""Interactive panels of sheet tdt4265-a1."""

import numpy as np

from helpers import plots
from helpers.old_panel import interactive, panel, widgets


@interactive
def weight_panel(pictures):
    """Choose a class and a penalty; see the weights as an image.

    Parameters
    ----------
    pictures : dict of lambda -> ndarray of shape (n_classes, num_pixels)
    """
    fig, [ax] = plots.new_figure(3.0)
    side = round(next(iter(pictures.values())).shape[1] ** 0.5)
    image = ax.imshow(np.zeros((side, side)), cmap="RdBu_r")
    bar = fig.colorbar(image)
    bar.set_label("weight")
    ax.set_axis_off()

    def draw(number, l2):
        weights = pictures[l2][number]
        limit = np.abs(pictures[l2]).max()
        image.set_data(weights.reshape(side, side))
        image.set_clim(-limit, limit)
        return (
            f"class {number}, lambda {l2:g}: weights from "
            f"{weights.min():.4f} to {weights.max():.4f}"
        )

    num_classes = len(next(iter(pictures.values())))
    panel(
        fig,
        draw,
        number=widgets.IntSlider(max=num_classes - 1, description="class"),
        l2=widgets.SelectionSlider(
            options=sorted(pictures), description="lambda"
        ),
    )


@interactive
def digit_panel(images, probabilities, labels):
    """Walk through digits and their probabilities, the most wrong first.

    Parameters
    ----------
    images : ndarray of shape (n, num_pixels)
    probabilities : ndarray of shape (n, n_classes)
    labels : ndarray of shape (n,)
    """
    of_label = probabilities[np.arange(len(labels)), labels]
    order = np.argsort(of_label, kind="stable")
    side = round(images.shape[1] ** 0.5)
    fig, [left, right] = plots.new_figure(2.5, 2, 2, share_axes=False)
    picture = left.imshow(
        np.zeros((side, side)), cmap="Greys", vmin=0, vmax=images.max()
    )
    left.set_axis_off()
    classes = range(probabilities.shape[1])
    bars = right.bar(classes, 0, color=plots.COLOURS[0])
    right.set(ylim=(0, 1), xlabel="digit", ylabel="probability")
    right.set_xticks(classes)

    def draw(rank):
        i = order[rank]
        picture.set_data(images[i].reshape(side, side))
        for bar, height in zip(bars, probabilities[i], strict=True):
            bar.set_height(height)
        predicted = probabilities[i].argmax()
        return (
            f"image {i}: a {labels[i]}, taken for a {predicted} with "
            f"probability {probabilities[i, predicted]:.3f}; the true digit "
            f"has {of_label[i]:.2g}"
        )

    slider = widgets.IntSlider(max=len(order) - 1, description="rank")
    panel(fig, draw, rank=slider)
