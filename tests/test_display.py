import base64
import io
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure
from nbconvert import HTMLExporter
from PIL import Image

from helpers import display, plots
from helpers.display import Page
from helpers.figure_rules import require_legible
from submission.files import all_notebooks
from submission.notebook import read

TEXTS = """
[drop]
caption = "A *line* with {{numbers[1]:.2f}}."
alt = 'It "rises" > 1.'
[no-caption]
alt = "It rises."
[no-alt]
caption = "A line."
[why]
text = '''As $\\frac{a}{b}$ falls by {{change:.1f}}.'''
[wrong]
text = "It is {{missing}}."
"""


@pytest.fixture
def shown(monkeypatch):
    """Collect what is displayed as (data, metadata)."""
    calls = []

    def collect(data, metadata, raw):
        assert raw, "Jupyter would show the dict instead of what is in it"
        calls.append((data, metadata))

    monkeypatch.setattr(display, "display", collect)
    return calls


@pytest.fixture
def page(tmp_path):
    """A page with the texts above."""
    file = tmp_path / "texts.toml"
    file.write_text(TEXTS, "utf-8")
    return Page(file, {"numbers": [0, 1 / 3], "change": -2.0})


def good_figure():
    fig = Figure(figsize=(6, 4), layout="constrained")
    ax = fig.subplots()
    ax.set(xlabel="x in m", ylabel="y in s", title="Drop")
    ax.plot([0, 1], [0, 1], label="a")
    return fig, ax


class Pictures(HTMLParser):
    """The attributes of each `<img>` of a page, as a browser reads them."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.found.append(dict(attrs))


def test_a_picture_has_its_alt_text_and_its_caption(shown, page):
    page.figure("drop", good_figure()[0])
    (picture, metadata), (below, below_metadata) = shown
    (img,) = Pictures(picture["text/html"]).found
    assert img["alt"] == 'It "rises" > 1.'
    kind, _, data = img["src"].partition(",")
    assert kind == "data:image/png;base64"
    image = Image.open(io.BytesIO(base64.b64decode(data)))
    assert image.width == 2 * int(img["width"])
    assert metadata["text/html"] == {"caption": "A *line* with 0.33."}
    assert below["text/markdown"].endswith("A *line* with 0.33.")
    assert below_metadata == {"is_caption": True}


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_every_stored_figure_reaches_the_page_with_its_alt_text(path):
    notebook = read(path)
    wanted = [
        output.data["text/plain"]
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("data", {}).get("text/plain", "").startswith("[Figure")
    ]
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert [
        f"[Figure: {img['alt']}]" for img in Pictures(page).found
    ] == wanted


@pytest.mark.parametrize("path", all_notebooks(), ids=lambda path: path.stem)
def test_every_stored_picture_shows_something_in_its_size(path):
    page, _ = HTMLExporter().from_notebook_node(read(path))
    found = Pictures(page).found
    assert found
    for img in found:
        data = img["src"].removeprefix("data:image/png;base64,")
        image = Image.open(io.BytesIO(base64.b64decode(data)))
        assert img["alt"]
        assert image.width / int(img["width"]) in {1, 2}  # panel, figure
        assert 100 < image.height < 2 * image.width
        darkest, lightest = image.convert("L").getextrema()
        assert darkest < 128 < lightest


def test_a_figure_that_breaks_a_rule_is_not_displayed(shown, page):
    fig, ax = good_figure()
    ax.set_xlabel("")
    with pytest.raises(ValueError, match=r"Axes 1 \('Drop'\): the x axis"):
        page.figure("drop", fig)
    assert not shown


@pytest.mark.parametrize(
    ("key", "kind"),
    [("no-caption", "caption"), ("no-alt", "alt"), ("unknown", "caption")],
)
def test_a_missing_text_is_refused(shown, page, key, kind):
    with pytest.raises(ValueError, match=f"has no {kind} for '{key}'"):
        page.figure(key, good_figure()[0])
    assert not shown


def test_answers_take_their_numbers_from_the_notebook(shown, page):
    page.answer("why")
    text = r"As $\frac{a}{b}$ falls by −2.0."
    assert shown[0][0]["text/markdown"] == text
    with pytest.raises(ValueError, match=r"\{\{missing\}\} of \[wrong\] in"):
        page.answer("wrong")


def test_a_note_stands_below_every_text(shown, page):
    page.note = "Not the real data."
    page.answer("why")
    page.figure("drop", good_figure()[0])
    texts = [shown[0][0], shown[2][0]]
    for text in texts:
        assert text["text/markdown"].endswith(" Not the real data.")


def test_a_table_aligns_numbers_and_has_its_caption(shown, page):
    columns = {
        "name": ["a|b", "c"],
        "n": np.array([5, 60_000]),
        "share": [0.5, 1e-7],
        "change": [-1.25, np.nan],
        "ok": [True, False],
    }
    page.table("drop", columns, decimals={"change": 1})
    (table, metadata), (below, _) = shown
    assert table["text/markdown"].split("\n") == [
        "| name | n | share | change | ok |",
        "| :--- | ---: | ---: | ---: | ---: |",
        r"| a\|b | 5 | 0.500 | −1.2 | yes |",
        "| c | 60\xa0000 | $1.0 \\cdot 10^{-7}$ | – | no |",
    ]
    assert metadata["text/markdown"]["caption"] in below["text/markdown"]


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
def test_a_second_thing_needs_a_legend(draw):
    fig, ax = good_figure()
    require_legible(fig)
    draw(ax)
    with pytest.raises(ValueError, match=r"Axes 1.*no legend"):
        require_legible(fig)
    fig.legend(loc="outside upper center")
    require_legible(fig)


def test_a_colour_bar_serves_as_legend_but_needs_its_own_label():
    fig = Figure(layout="constrained")
    ax = fig.subplots()
    ax.set(xlabel="x", ylabel="y")
    bar = fig.colorbar(ax.pcolormesh(np.eye(3)))
    with pytest.raises(ValueError, match="Axes 2"):
        require_legible(fig)
    bar.set_label("density")
    require_legible(fig)


def test_labels_and_a_legend_of_the_whole_figure_count():
    fig = Figure(layout="constrained")
    for ax in fig.subplots(1, 2):
        ax.plot([0, 1], label="a")
        ax.plot([1, 0], label="b")
    fig.supxlabel("x")
    fig.legend(loc="outside upper center")
    with pytest.raises(ValueError, match="the y axis has no label"):
        require_legible(fig)
    fig.supylabel("y")
    require_legible(fig)


@pytest.mark.parametrize(
    "draw",
    [
        lambda ax: ax.plot([0.2, 0.8], [0.5, 0.5], label="b"),  # passes below
        lambda ax: ax.scatter([0.5, 0.9], [0.5, 0.9], label="b"),
        lambda ax: ax.bar([0.5], [0.9], label="b"),
        lambda ax: ax.fill_between([0, 1], [1, 1], label="b"),
        lambda ax: ax.imshow(np.eye(2), extent=(0, 1, 0, 1)),
    ],
)
def test_a_legend_on_the_data_is_refused(draw):
    fig = Figure(layout="constrained")
    ax = fig.subplots()
    ax.set(xlabel="x", ylabel="y", xlim=(0, 1), ylim=(0, 1))
    ax.plot([], [], label="a")
    draw(ax)
    ax.legend(loc="center")
    with pytest.raises(ValueError, match="the legend lies on the data"):
        require_legible(fig)


def test_a_legend_that_a_line_runs_around_is_in_a_free_place():
    fig, ax = good_figure()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.plot([0, 0, 1, 1], [1, 0, 0, 1], label="b")
    ax.lines[0].remove()
    ax.legend(loc="center")
    require_legible(fig)


def test_text_on_text_is_refused():
    fig, ax = good_figure()
    ax.text(0.5, 0.2, "one thing")
    require_legible(fig)
    ax.text(0.52, 0.2, "another")
    with pytest.raises(ValueError, match="'one thing' lies on 'another'"):
        require_legible(fig)


@pytest.mark.parametrize(("size", "width"), [(6.5, 6), (10, 12)])
def test_print_that_is_too_small_to_read_is_refused(size, width):
    fig, ax = good_figure()
    fig.set_figwidth(width)
    ax.set_xlabel("x", fontsize=size)
    for axis in ax.xaxis, ax.yaxis:
        axis.set_tick_params(labelsize=20)
    ax.yaxis.label.set_size(20)
    ax.title.set_size(20)
    with pytest.raises(ValueError, match=r"'x' would be printed in [56]\."):
        require_legible(fig)


def test_a_plane_of_two_features_needs_equal_units():
    fig, ax = good_figure()
    ax.set(xlabel="feature $x_1$", ylabel="feature $x_2$")
    with pytest.raises(ValueError, match="unequal units"):
        require_legible(fig)
    ax.set_aspect("equal")
    require_legible(fig)


def test_every_kind_of_plot_passes_the_rules():
    x = np.linspace(0, 1, 5)
    X, y = np.random.default_rng(0).normal(size=(9, 2)), np.arange(9) % 3
    figures = [
        plots.scatter_classes({"a": (X, y), "b": (X, y)}),
        plots.decision_maps(x, x, {"k": np.arange(25) % 3}, X, y),
        plots.scatter_classes({"a": (X, y)}, highlight="last"),
        plots.boundary_lines(X, y, {"a": [1, 2, 3]}, centre=(0, 1)),
        plots.curves([1, 2], {"y": {"a": [1, 2], "b": [2, 1]}}, "k"),
        plots.curves([1, 2], {"y": {"a": [1, 2]}}, "k", "log2"),
        plots.image_grid(X[:, [0, 1, 1, 0]], list("abcdefghi"), 5, "weight"),
        plots.image_grid(np.eye(4), list("abcd"), 2),
        plots.heat_maps(
            {"a": np.array([[0.5, np.inf]])}, [1], [2, 3], "y", "x", "z", 1
        ),
        plots.confusion_matrix(np.eye(3, dtype=int) + 1),
        plots.density_maps(x, x, {"p": np.arange(25.0)}, "p(x)", (0.1, 9)),
    ]
    for fig in figures:
        require_legible(fig)
        assert fig.get_figwidth() == plots.WIDTH


def test_classes_differ_by_marker_and_by_lightness():
    used = [len(set(plots.MARKERS)), len(set(plots.COLOURS))]
    assert used == [len(plots.MARKERS), len(plots.COLOURS)]
    lightness = [
        sum(np.array(plots.tint(c, share=1)) * [0.2126, 0.7152, 0.0722])
        for c in plots.COLOURS[:2]
    ]
    assert abs(lightness[0] - lightness[1]) > 0.05
