import numpy as np
import pytest
from PIL import Image

from helpers import panel
from helpers.panel import (
    Button,
    Choice,
    Drawing,
    Handle,
    Panel,
    Pick,
    Plane,
    Slider,
    Time,
    Toggle,
    short,
)
from helpers.plots import COLOURS, MARKERS

LIVE = "application/vnd.jupyter.widget-view+json"


def a_panel(**controls):
    def draw(**values):
        plane = Plane("a plane", (0, 1), (0, 1))
        return [plane], f"The values are {values}."

    return Panel("Which values?", draw, **controls)


def array(sent):
    """The array that the browser would read."""
    [(kind, data)] = sent.items()
    return np.frombuffer(data, {"u1": np.uint8, "f4": "<f4"}[kind])


@pytest.mark.parametrize(
    ("control", "value", "raw"),
    [
        (Slider("k", [1, 10, 100], 10), 100, 2),
        (Time("step", range(5), 0), 3, 3),
        (Choice("kind", ["sum", "mean"], "sum"), "mean", 1),
        (Toggle("on"), True, True),
        (Button("again"), 2, 2),
        (Handle("query", (0, 0)), (0.25, 0.5), [0.25, 0.5]),
        (Pick("point"), [3, 1], [3, 1]),
    ],
)
def test_draw_gets_the_value_that_the_browser_sends(control, value, raw):
    assert control.write(value) == raw
    answer = a_panel(it=control).answer({"it": raw})
    assert answer["sentence"] == f"The values are { ({'it': value}) }."


def test_a_drawing_comes_as_rows_of_pixels():
    pixels = np.arange(9, dtype=np.uint8).reshape(3, 3)
    control = Drawing("digit", side=3)
    assert np.array_equal(control.read(control.write(pixels)), pixels)
    assert control.value.shape == (3, 3)
    assert control.read([0] * 9).dtype == np.uint8


def test_controls_that_are_not_given_are_at_their_start():
    panel = a_panel(k=Slider("k", [1, 2], 2), on=Toggle("on"))
    assert panel.see(on=True)[1] == "The values are {'k': 2, 'on': True}."


def test_a_button_that_sets_others_is_no_value():
    panel = a_panel(k=Slider("k", [1, 2], 2), again=Button("start again", k=1))
    assert panel.see()[1] == "The values are {'k': 2}."
    assert panel.told()["again"]["sets"] == {"k": 0}


def test_a_slider_cannot_be_at_what_it_does_not_have():
    with pytest.raises(ValueError, match=r"'k' cannot be 3; .* \[1, 2\]"):
        Slider("k", [1, 2], 3)


def test_an_error_becomes_the_sentence():
    def draw():
        raise ValueError("k is too large.")

    answer = Panel("Why?", draw).answer({})
    assert "ValueError: k is too large." in answer["sentence"]
    assert "planes" not in answer


def test_arrays_reach_the_browser_as_bytes():
    plane = Plane("p", (0, 1), np.array([0, 2]))
    plane.regions([0, 1, 2], [0, 1], [[0, 1, 2], [2, 1, 0]])
    plane.points([[1.5, 2.5]], kind=np.array([1]), label=["a", "b"])
    sent = panel._sent(plane)
    raster, points = sent["layers"]
    assert sent["ylim"] == [0, 2]
    assert array(raster["codes"]).tolist() == [0, 1, 2, 2, 1, 0]
    assert raster["x"] == [-0.5, 2.5]
    assert array(points["xy"]).tolist() == [1.5, 2.5]
    assert points["markers"] == ["o", "^"]


def test_an_image_takes_its_limits_to_the_ends_of_the_colours():
    plane = Plane("p", (0, 1), (0, 1))
    values = [0, 1, 2, 3, np.nan]
    plane.image(range(5), [0, 1], [values, values], (1, 2), "gray")
    [raster] = plane.layers
    codes = raster["codes"].reshape(2, 5)
    assert codes[0].tolist() == [0, 0, 254, 254, 255]
    palette = raster["palette"].reshape(-1, 4)
    assert palette[[0, 254, 255]].tolist() == [
        [0, 0, 0, 255],
        [255, 255, 255, 255],
        [0, 0, 0, 0],
    ]


def test_a_contour_lies_where_the_values_have_its_level():
    x, y = np.linspace(-1, 1, 41), np.linspace(-2, 2, 81)
    plane = Plane("p", (-1, 1), (-2, 2))
    plane.contour(x, y, np.add.outer(y**2, x**2), 0.5)
    xy = plane.layers[0]["xy"].reshape(-1, 2)
    radii = np.hypot(*xy[~np.isnan(xy[:, 0])].T)
    assert len(radii) > 20
    assert radii == pytest.approx(0.5**0.5, abs=0.01)


def test_a_level_that_is_nowhere_gives_no_contour():
    plane = Plane("p", (0, 1), (0, 1))
    plane.contour([0, 1], [0, 1], np.zeros((2, 2)), 1)
    assert np.isnan(plane.layers[0]["xy"]).all()


def test_what_is_not_said_is_the_first_plane_and_the_first_kind():
    plane = Plane("p", (0, 1), (0, 1))
    plane.points([[0, 0]])
    assert plane.layers[0]["colours"] == COLOURS[:1]
    assert plane.layers[0]["markers"] == MARKERS[:1]
    assert Handle("query", (0, 0)).told()["plane"] == 0
    assert Pick("point").told()["plane"] == 0


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((0, "0"), (1e-4, "0.0001"), (-1e-4, "-0.0001"), (9999, "9999")),
        *((9.9e-5, "9.9·10⁻⁵"), (9999.5, "1.0·10⁴"), (-2e4, "-2.0·10⁴")),
    ],
)
def test_a_number_has_an_exponent_only_where_four_digits_do_not_do(
    number, text
):
    assert short(number) == text


def test_an_unknown_dash_is_refused():
    with pytest.raises(ValueError, match=r"dash is '\.\.'"):
        Plane("p", (0, 1), (0, 1)).line([[0, 0]], dash="..")


def test_a_panel_shows_itself_and_its_sentence():
    shown = a_panel(on=Toggle("on"))._repr_mimebundle_()
    assert "Which values? The values are" in shown["text/plain"]
    assert LIVE in shown


def test_without_anywidget_picture_and_sentence_stand_there(
    monkeypatch, tmp_path, capsys
):
    Image.new("L", (96, 48)).save(tmp_path / "a_panel.png")
    monkeypatch.setattr(panel, "anywidget", None)
    monkeypatch.setattr(panel, "PICTURES", tmp_path)
    shown = a_panel(on=Toggle("on"))._repr_mimebundle_()
    assert (
        'alt="Which values? The values are {&#x27;on&#x27;: False}.'
        in (shown["text/html"])
    )
    assert 'width="96"' in shown["text/html"]
    assert LIVE not in shown
    assert "pip install anywidget" in capsys.readouterr().out


def test_question_controls_and_answer_reach_the_browser():
    sent = panel._widget(a_panel(on=Toggle("on"))).get_state()
    assert sent["question"] == "Which values?"
    assert sent["controls"].keys() == {"on"}
    assert sent["answer"]["sentence"] == "The values are {'on': False}."


def test_a_message_of_the_browser_is_answered_with_its_number():
    live = panel._widget(a_panel(k=Slider("k", [1, 2], 2)))
    live._handle_custom_msg({"number": 7, "values": {"k": 0}}, [])
    assert live.answer["number"] == 7
    assert live.answer["sentence"] == "The values are {'k': 1}."
