"""Panels: a question, planes in which one moves things, and a sentence.

A panel is a pure function of its controls' values: `draw(**values)` returns
planes and a sentence that says what is seen. The browser shows them, sends
the values after each move and draws what Python answers; all maths is here.

    def coin_panel():
        '''How many heads?'''

        def draw(throws):
            plane = Plane("share of heads", (0, 100), (0, 1), "throws")
            plane.line([[0, 0.5], [throws, 0.5]], label="expected")
            return [plane], f"{throws} throws: half of them are heads."

        throws = Slider("throws", range(1, 101), 10)
        return Panel("How many heads?", draw, throws=throws)

The last line of a notebook's cell, `coin_panel()`, shows it. Where anywidget
is missing, the picture `notebooks/panels/coin_panel.png` and the sentence
stand in its place.
"""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from contourpy import contour_generator
from matplotlib import colormaps
from matplotlib.colors import to_rgb

from helpers.display import picture
from helpers.plots import COLOURS, LINES, MARKERS

try:
    import anywidget
    import traitlets
except ImportError:
    anywidget = None

HERE = Path(__file__).parent
PICTURES = HERE.parent / "notebooks" / "panels"
TINT = 0.3  # how opaque a class's region is
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


class Panel:
    """A question, controls, and a function from their values to planes.

    Parameters
    ----------
    question : str
        What can be found out with the panel.
    draw : callable
        `draw(**values)` returns a list of planes and a sentence. It is
        called at each move, so 10 ms are much. The function around it names
        the picture that stands in the panel's place where nothing moves.
    **controls : Slider, Choice, Toggle, Button, Time, Handle, Pick, Drawing
        Each gives `draw` the value of its name.
    """

    def __init__(self, question, draw, **controls):
        self.question, self.draw, self.controls = question, draw, controls
        self.name = draw.__qualname__.partition(".")[0]

    def see(self, **values):
        """What `draw` returns at some values, the others at their start."""
        start = {
            name: control.value
            for name, control in self.controls.items()
            if not getattr(control, "sets", None)
        }
        return self.draw(**start | values)

    def answer(self, raw):
        """What the browser shows for the values as it has them.

        An error becomes the sentence, so that it does not pass unseen.
        """
        try:
            values = {
                name: self.controls[name].read(value)
                for name, value in raw.items()
            }
            planes, sentence = self.see(**values)
            return {"planes": _sent(planes), "sentence": sentence}
        except Exception as error:
            text = f"This cannot be drawn. {type(error).__name__}: {error}"
            return {"sentence": text}

    def start(self):
        """The values at the start, as the browser has them."""
        return {
            name: control.write(control.value)
            for name, control in self.controls.items()
            if not getattr(control, "sets", None)
        }

    def told(self):
        """What the browser has to know of the controls."""
        told = {}
        for name, control in self.controls.items():
            sets = {
                other: self.controls[other].write(value)
                for other, value in getattr(control, "sets", {}).items()
            }
            told[name] = control.told() | ({"sets": sets} if sets else {})
        return told

    def _repr_mimebundle_(self, **_):
        """The live panel, and what stands for it where nothing moves."""
        shown = _widget(self)._repr_mimebundle_()[0] if anywidget else {}
        sentence = f"{self.question} {self.see()[1]}"
        shown["text/plain"] = f"[Figure: {sentence}]"
        file = PICTURES / f"{self.name}.png"
        if file.exists():
            png = file.read_bytes()
            width = int.from_bytes(png[16:20])  # where a PNG has it
            shown["text/html"] = picture(png, sentence, width)
        if not anywidget:
            print("This stands still. To move it: pip install anywidget")
        return shown


def _widget(panel):
    """The panel's other half, which talks to the browser."""

    class Widget(anywidget.AnyWidget):
        _esm, _css = HERE / "panel.js", HERE / "panel.css"
        question = traitlets.Unicode().tag(sync=True)
        controls = traitlets.Dict().tag(sync=True)
        answer = traitlets.Dict().tag(sync=True)

    def answered(number, values):
        return {"number": number, "values": values, **panel.answer(values)}

    def heard(widget, message, _):
        widget.answer = answered(message["number"], message["values"])

    widget = Widget(
        question=panel.question,
        controls=panel.told(),
        answer=answered(0, panel.start()),
    )
    widget.on_msg(heard)
    return widget


@dataclass
class Plane:
    """A plane with axes and, on it, layers from the back to the front.

    Parameters
    ----------
    title : str
        What it is; stands above the plane, and screen readers say it.
    xlim, ylim : (float, float)
        The axes' ends; the first may be the greater one, as for pictures.
    xlabel, ylabel : str
    log : str
        The axes with a logarithmic scale: "", "x", "y" or "xy".
    equal : bool
        Whether a unit is equally long on both axes.
    size : (int, int)
        Wanted width and height in pixels, with title and labels.
    xticks : dict of position -> word, optional
        Instead of numbers.
    axes : bool
        Whether there are a frame, ticks and labels.

    Examples
    --------
    >>> plane = Plane("one sample", (0, 1), (0, 1), "x1", "x2", equal=True)
    >>> plane.points([[0.2, 0.3]], kind=1, label="class 1")
    >>> plane.layers[0]["markers"]
    ['^']
    """

    title: str
    xlim: tuple
    ylim: tuple
    xlabel: str = ""
    ylabel: str = ""
    log: str = ""
    equal: bool = False
    size: tuple = (420, 320)
    xticks: dict | None = None
    axes: bool = True
    layers: list = field(default_factory=list)

    def __post_init__(self):
        self.xlim, self.ylim = map(tuple, (self.xlim, self.ylim))

    def regions(self, x, y, classes):
        """Tint each cell of a grid in the colour of its class.

        Parameters
        ----------
        x, y : ndarrays of shape (nx,) and (ny,), the cells' centres
        classes : ndarray of int, of shape (ny, nx) or (ny * nx,)
        """
        palette = [(*to_rgb(colour), TINT) for colour in COLOURS]
        self._raster(x, y, np.asarray(classes), palette)

    def image(self, x, y, values, limits, colours="cividis"):
        """Colour each cell of a grid by its value; NaN stays transparent.

        Parameters
        ----------
        x, y : ndarrays of shape (nx,) and (ny,), the cells' centres
        values : ndarray of shape (ny, nx) or (ny * nx,)
        limits : (float, float), the values of the first and last colour
        colours : str, the name of one of Matplotlib's colour maps
        """
        low, high = limits
        share = np.clip((np.asarray(values) - low) / (high - low), 0, 1)
        codes = np.where(np.isnan(share), 255, np.rint(254 * share))
        palette = colormaps[colours](np.linspace(0, 1, 255))
        self._raster(x, y, codes, [*palette, (0, 0, 0, 0)])

    def contour(self, x, y, values, level, **style):
        """Lines along which values over a grid have a level; see `line`.

        Parameters
        ----------
        x, y : ndarrays of shape (nx,) and (ny,), the grid's axes
        values : ndarray of shape (ny, nx) or (ny * nx,)
        level : float
        """
        values = np.reshape(values, (len(y), len(x)))
        parts = contour_generator(x, y, values).lines(level)
        gap = [[np.nan, np.nan]]
        parts = [part for line in parts for part in (line, gap)]
        self.line(np.concatenate([gap, *parts]), **style)

    def line(self, xy, colour="text", dash="-", width=1.6, label=""):
        """A line through points; a row of NaN interrupts it.

        Parameters
        ----------
        xy : array-like of shape (n, 2)
        colour : int or str
            Index of `plots.COLOURS`, or "text", "muted", or a colour of CSS.
        dash : str, one of `plots.LINES`: "-", "--", ":", "-."
        width : float, in pixels
        label : str, for the legend
        """
        if dash not in LINES:
            raise ValueError(f"dash is {dash!r}; choose one of {LINES}.")
        self._add(
            "line",
            xy=_pairs(xy),
            colours=[_colour(colour)],
            dash=dash,
            width=width,
            labels=[label],
        )

    def points(self, xy, kind=0, size=3.5, hollow=False, label="", pick=""):
        """Points with the colour and marker of their kind.

        Parameters
        ----------
        xy : array-like of shape (n, 2)
        kind : int, str, or array-like of int of shape (n,)
            Index of `plots.COLOURS` and `plots.MARKERS`, for all or each; or
            a colour as in `line`, drawn as circles.
        size : float, the radius in pixels
        hollow : bool
        label : str or list of str, for the legend, of each kind in order
        pick : str
            The name of the `Pick` control that takes these points.
        """
        kinds = np.zeros(len(xy)) if np.ndim(kind) == 0 else np.asarray(kind)
        number = int(kinds.max(initial=0)) + 1
        if np.ndim(kind) == 0:
            colours = [_colour(kind)]
            markers = ["o" if isinstance(kind, str) else MARKERS[kind]]
        else:
            colours, markers = COLOURS[:number], MARKERS[:number]
        self._add(
            "points",
            xy=_pairs(xy),
            kinds=kinds.astype(np.uint8),
            colours=colours,
            markers=markers,
            size=size,
            hollow=hollow,
            labels=[label] if isinstance(label, str) else list(label),
            pick=pick,
        )

    def bars(self, x, heights, colour=0, width=0.8, label=""):
        """Upright bars from 0, or from the axis where it has no 0.

        Parameters
        ----------
        x, heights : array-likes of shape (n,)
        colour : as in `line`, or a list of n of them
        width : float, in units of x
        label : str, for the legend
        """
        several = isinstance(colour, list)
        self._add(
            "bars",
            x=np.asarray(x, float),
            heights=np.asarray(heights, float),
            colours=list(map(_colour, colour if several else [colour])),
            width=width,
            labels=[label],
        )

    def mark(self, x=None, y=None, label="", colour="text", dash="--"):
        """A line across the plane at an x or a y, with a word beside it."""
        self._add(
            "mark", x=x, y=y, text=label, colours=[_colour(colour)], dash=dash
        )

    def text(self, x, y, text, colour="text"):
        """Words in the middle of which the point (x, y) is."""
        self._add("text", x=x, y=y, text=text, colours=[_colour(colour)])

    def _add(self, layer, **content):
        self.layers.append({"layer": layer, "labels": [], **content})

    def _raster(self, x, y, codes, palette):
        """Cells around the centres x and y, with indices of a palette."""
        self._add(
            "raster",
            codes=codes.astype(np.uint8).ravel(),
            palette=np.rint(255 * np.array(palette)).astype(np.uint8).ravel(),
            columns=len(x),
            x=_ends(x, "x" in self.log),
            y=_ends(y, "y" in self.log),
        )


class Control:
    """What all controls share: a label and the value they start with."""

    def read(self, raw):
        """The value that the browser's answer stands for."""
        return raw

    def write(self, value):
        """What the browser is sent for a value; the inverse of `read`."""
        return value

    def told(self):
        """What the browser has to know of the control."""
        known = vars(self) | {"start": self.write(self.value)}
        del known["value"]
        return {"kind": type(self).__name__.lower(), **known}


@dataclass
class Slider(Control):
    """A row of values, one of which is chosen.

    Parameters
    ----------
    label : str
    values : sequence
        `np.linspace`, `np.geomspace`, or any list.
    value : one of them, where it starts
    words : callable
        What stands beside the slider for a value.

    Examples
    --------
    >>> Slider("k", [1, 10, 100], 10).told()["words"]
    ['1', '10', '100']
    """

    label: str
    values: list
    value: object
    words: object = "{:g}".format

    def __post_init__(self):
        self.values = list(self.values)
        self.write(self.value)

    def read(self, raw):
        return self.values[raw]

    def write(self, value):
        if value not in self.values:
            raise ValueError(
                f"{self.label!r} cannot be {value!r}; its values are "
                f"{self.values}."
            )
        return self.values.index(value)

    def told(self):
        words = [self.words(value) for value in self.values]
        known = super().told() | {"words": words}
        del known["values"]
        return known


@dataclass
class Time(Slider):
    """A slider that can also be stepped, played and set back."""


@dataclass
class Choice(Slider):
    """Some named values side by side, one of which is chosen."""

    words: object = str


@dataclass
class Toggle(Control):
    """A box to tick; its value is True or False."""

    label: str
    value: bool = False


class Button(Control):
    """A button; its value is how often it was pressed.

    With values for other controls it sets those instead, and `draw` gets
    none for it: `again=Button("start again", k=5, query=(0, 0))`.
    """

    value = 0

    def __init__(self, label, **sets):
        self.label, self.sets = label, sets

    def told(self):
        return {"kind": "button", "label": self.label, "start": 0}


@dataclass
class Handle(Control):
    """A point one drags, or moves with the arrow keys; value (x, y).

    Parameters
    ----------
    label : str
        What it is; stands beside it.
    value : (float, float), where it starts
    plane : int, the plane it lies in
    along : str
        Where it can move: "xy", or only along "x" or "y".
    click : bool
        Whether a click anywhere into the plane takes it there.
    colour : as in `Plane.line`
    """

    label: str
    value: tuple
    plane: int = 0
    along: str = "xy"
    click: bool = False
    colour: object = "text"

    def read(self, raw):
        return tuple(raw)

    def write(self, value):
        return [float(number) for number in value]

    def told(self):
        return super().told() | {"colour": _colour(self.colour)}


@dataclass
class Pick(Control):
    """Points that one clicks, or reaches with the arrow keys and Space.

    The points are those that `Plane.points` drew with `pick=` its name. Its
    value is the list of the indices picked; a second click takes one back.
    With `single` it is the list of the last one.
    """

    label: str
    value: list = field(default_factory=list)
    plane: int = 0
    single: bool = False


@dataclass
class Drawing(Control):
    """Pixels one paints with the pointer, or the arrow keys and Space.

    Its value is an ndarray of uint8 of shape (side, side), 0 the background.
    """

    label: str
    value: object = None
    side: int = 28

    def __post_init__(self):
        if self.value is None:
            self.value = np.zeros((self.side, self.side), np.uint8)

    def read(self, raw):
        return np.array(raw, np.uint8).reshape(self.side, self.side)

    def write(self, value):
        return np.asarray(value, int).ravel().tolist()


def _colour(colour):
    """A colour as the browser reads it."""
    return colour if isinstance(colour, str) else COLOURS[colour]


def _pairs(xy):
    """Points one after the other: x, y, x, y, ..."""
    return np.reshape(np.asarray(xy, float), (-1, 2)).ravel()


def _ends(centres, log):
    """Where the cells around evenly spaced centres begin and end.

    Examples
    --------
    >>> _ends([0, 1, 2, 3], log=False)
    [-0.5, 3.5]
    """
    centres = np.log(centres) if log else np.asarray(centres, float)
    half = (centres[-1] - centres[0]) / (len(centres) - 1) / 2
    ends = np.array([centres[0] - half, centres[-1] + half])
    return (np.exp(ends) if log else ends).tolist()


def _sent(value):
    """A value as JSON, its arrays as bytes with their type beside them."""
    if isinstance(value, Plane):
        return _sent(vars(value))
    if isinstance(value, np.ndarray):
        kind = "u1" if value.dtype == np.uint8 else "<f4"
        with np.errstate(over="ignore"):  # what is infinite is not drawn
            return {kind[-2:]: value.astype(kind).tobytes()}
    if isinstance(value, dict):
        return {str(key): _sent(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_sent(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def scientific(number):
    """A number as a person writes it: 2.3·10⁻¹¹.

    Examples
    --------
    >>> scientific(2.34e-11)
    '2.3·10⁻¹¹'
    """
    mantissa, exponent = f"{number:.1e}".split("e")
    return f"{mantissa}·10{str(int(exponent)).translate(RAISED)}"


def short(number):
    """A number in four digits, with an exponent only where it needs one.

    Examples
    --------
    >>> short(170.34), short(2.34e-11)
    ('170.3', '2.3·10⁻¹¹')
    """
    is_plain = number == 0 or 1e-4 <= abs(number) < 9999.5
    return f"{number:.4g}" if is_plain else scientific(number)
