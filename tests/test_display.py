import io

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from helpers import display, plots
from helpers.display import show, show_source


@pytest.fixture
def shown(monkeypatch):
    """Collect what is displayed as (data, metadata)."""
    calls = []
    monkeypatch.setattr(
        display,
        "display",
        lambda data, metadata=None, raw=False: calls.append((data, metadata)),
    )
    return calls


def good_figure():
    fig = Figure(figsize=(6, 4))
    ax = fig.subplots()
    ax.set(xlabel="x in m", ylabel="y in s", title="Drop")
    ax.plot([0, 1], [0, 1], label="a")
    return fig, ax


def test_caption_and_alt_text_are_stored_with_the_picture(shown):
    fig, _ = good_figure()
    show(fig, caption="A *line*.", alt="It rises.")
    (picture, metadata), (below, below_metadata) = shown
    stored = metadata["image/png"]
    assert stored["alt"] == "It rises."
    assert stored["caption"] == "A *line*."
    image = Image.open(io.BytesIO(picture["image/png"]))
    assert image.size == (2 * stored["width"], 2 * stored["height"])
    assert below["text/markdown"].endswith("A *line*.")
    assert below_metadata == {"is_caption": True}


def test_a_figure_that_breaks_a_rule_is_not_displayed(shown):
    fig, ax = good_figure()
    ax.set_xlabel("")
    with pytest.raises(ValueError, match=r"Axes 1 \('Drop'\): the x axis"):
        show(fig, caption="c", alt="a")
    assert not shown


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"caption": " ", "alt": "a"}, "caption is empty"),
        ({"caption": "c", "alt": ""}, "alt is empty"),
    ],
)
def test_empty_texts_are_refused(shown, texts, message):
    with pytest.raises(ValueError, match=message):
        show(good_figure()[0], **texts)


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: ax.plot([1, 0], label="b"),
        lambda ax: ax.plot([1, 0], color="red"),
        lambda ax: ax.scatter([0], [1], color="green"),
        lambda ax: ax.scatter([0, 1], [0, 1], c=[0, 1]),
        lambda ax: ax.bar([0, 1], [1, 2], color=["red", "green"]),
        lambda ax: ax.contourf(np.eye(3)),
    ],
)
def test_a_second_thing_needs_a_legend(shown, draw):
    fig, ax = good_figure()
    show(fig, caption="c", alt="a")
    draw(ax)
    with pytest.raises(ValueError, match=r"Axes 1.*no legend"):
        show(fig, caption="c", alt="a")
    ax.legend()
    show(fig, caption="c", alt="a")


def test_a_colour_bar_serves_as_legend_but_needs_its_own_label(shown):
    fig = Figure()
    ax = fig.subplots()
    ax.set(xlabel="x", ylabel="y")
    bar = fig.colorbar(ax.pcolormesh(np.eye(3)))
    with pytest.raises(ValueError, match="Axes 2"):
        show(fig, caption="c", alt="a")
    bar.set_label("density")
    show(fig, caption="c", alt="a")


def test_labels_and_a_legend_of_the_whole_figure_count(shown):
    fig = Figure()
    for ax in fig.subplots(1, 2):
        ax.plot([0, 1], label="a")
        ax.plot([1, 0], label="b")
    fig.supxlabel("x")
    fig.legend()
    with pytest.raises(ValueError, match="the y axis has no label"):
        show(fig, caption="c", alt="a")
    fig.supylabel("y")
    show(fig, caption="c", alt="a")


def test_the_source_of_a_class_is_shown_as_code(shown):
    def example():
        return 1

    show_source(example)
    text = shown[0][0]["text/markdown"]
    assert text.startswith("```python\n")
    assert "return 1" in text
    assert text.endswith("\n```")


def test_every_kind_of_plot_passes_the_figure_rule(shown):
    x = np.linspace(0, 1, 5)
    X, y = np.random.default_rng(0).normal(size=(9, 2)), np.arange(9) % 3
    figures = [
        plots.scatter_classes({"a": (X, y), "b": (X, y)}),
        plots.decision_maps(x, x, {"k": np.arange(25) % 3}, X, y),
        plots.scatter_classes({"a": (X, y)}, highlight="last"),
        plots.boundary_lines(X, y, {"a": [1, 2, 3]}, centre=(0, 1)),
        plots.curves([1, 2], {"y": {"a": [1, 2], "b": [2, 1]}}, "k"),
        plots.curves([1, 2], {"y": {"a": [1, 2]}}, "k", {"a": [1, 1]}, "log2"),
        plots.image_grid(X[:, [0, 1, 1, 0]], list("abcdefghi"), 5, "weight"),
        plots.image_grid(np.eye(4), list("abcd"), 2),
        plots.heat_maps(
            {"a": np.array([[0.5, np.inf]])}, [1], [2, 3], "y", "x", "z", 1
        ),
        plots.confusion_matrix(np.eye(3, dtype=int) + 1),
        plots.density_maps(x, x, {"p": np.arange(25.0)}, "p(x)", (0.1, 9)),
    ]
    for fig in figures:
        show(fig, caption="c", alt="a")
        assert fig.get_figwidth() == plots.WIDTH


def test_classes_differ_by_marker_and_by_lightness():
    used = [len(set(plots.MARKERS)), len(set(plots.COLOURS))]
    assert used == [len(plots.MARKERS), len(plots.COLOURS)]
    lightness = [
        sum(np.array(plots.tint(c, share=1)) * [0.2126, 0.7152, 0.0722])
        for c in plots.COLOURS[:2]
    ]
    assert abs(lightness[0] - lightness[1]) > 0.05
