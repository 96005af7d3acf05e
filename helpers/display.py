"""Figures, tables and answers whose words stand in a file beside the notebook.

So a call is short, the code is not filled with captions, and numbers that the
notebook has computed still get into every text.
"""

import base64
import html
import io
import math
import re
import tomllib
from pathlib import Path

import numpy as np
from IPython.display import display
from matplotlib.image import imsave

from helpers.figure_rules import require_legible

DPI = 192  # twice the 96 dots per inch of a screen, sharp in print
FIELD = re.compile(r"\{\{(.+?)\}\}")


class Page:
    """What a notebook shows, worded in a TOML file beside it.

    The file has a table for each figure (`caption` and `alt`), for each table
    (`caption`) and for each answer (`text`), all in Markdown. A field such as
    `{{accuracy:.2f}}` or `{{errors[16]:.1f}}` takes a number from the
    notebook's variables.

    Parameters
    ----------
    file : str
        The TOML file.
    names : dict
        The notebook's variables, `globals()`.
    note : str
        Added to every text, such as what the data really are.
    """

    def __init__(self, file, names, note=""):
        self.file, self.names, self.note = file, names, note
        self.texts = tomllib.loads(Path(file).read_text("utf-8"))

    def figure(self, key, fig):
        """Display a figure with its caption below it.

        It is HTML, as Jupyter gives no other picture an alt text. The caption
        also goes into the output's metadata, where a PDF export finds it.

        Raises
        ------
        ValueError
            If caption or alt text is missing, or the figure breaks a rule of
            `helpers.figure_rules`.
        """
        caption, alt = self._text(key, "caption"), self._text(key, "alt")
        fig.set_dpi(DPI)
        canvas = require_legible(fig)  # drawn once: it takes a second
        image = io.BytesIO()
        imsave(image, canvas.buffer_rgba(), format="png", dpi=DPI)
        shown = picture(image.getvalue(), alt, round(96 * fig.get_figwidth()))
        self._show(
            {"text/html": shown, "text/plain": f"[Figure: {alt}]"},
            {"text/html": {"caption": caption}},
        )
        self._show_caption("Figure", caption)

    def table(self, key, columns, decimals=3):
        """Display columns of numbers or words as a table with its caption.

        Parameters
        ----------
        key : str
        columns : dict of head -> sequence
        decimals : int or dict of head -> int
            Of numbers that are not whole. What would be rounded to nothing,
            or is very large, gets a power of ten.
        """
        caption = self._text(key, "caption")
        if not isinstance(decimals, dict):
            decimals = dict.fromkeys(columns, decimals)
        text = markdown_table(
            {
                head: [cell(value, decimals.get(head, 3)) for value in values]
                for head, values in columns.items()
            },
            [head for head, values in columns.items() if are_numbers(values)],
        )
        metadata = {"text/markdown": {"caption": caption}}
        self._show({"text/markdown": text, "text/plain": text}, metadata)
        self._show_caption("Table", caption)

    def answer(self, key):
        """Display an answer."""
        text = self._text(key, "text")
        self._show({"text/markdown": text, "text/plain": text}, {})

    def _show_caption(self, kind, caption):
        self._show(
            {"text/markdown": f"*{kind}:* {caption}", "text/plain": caption},
            {"is_caption": True},
        )

    def _show(self, data, metadata):
        display(data, metadata=metadata, raw=True)

    def _text(self, key, kind):
        """A text of the file with its fields filled."""
        template = self.texts.get(key, {}).get(kind, "").strip()
        if not template:
            raise ValueError(
                f"{self.file} has no {kind} for {key!r}; write one below "
                f"[{key}]."
            )
        filled = FIELD.sub(lambda field: self._fill(key, field[1]), template)
        return f"{filled} {self.note}".rstrip()

    def _fill(self, key, field):
        try:
            text = f"{{{field}}}".format_map(self.names)
        except (KeyError, IndexError, AttributeError, ValueError) as error:
            raise ValueError(
                f"The field {{{{{field}}}}} of [{key}] in {self.file} cannot "
                f"be filled from the notebook's variables: {error!r}."
            ) from None
        return text.replace("-", "−") if text[1:2].isdigit() else text


def picture(png, alt, width):
    """A PNG as HTML, with its alt text and its width in pixels.

    Examples
    --------
    >>> picture(b"PNG", "a < b", 96)
    '<img alt="a &lt; b" width="96" src="data:image/png;base64,UE5H">'
    """
    data = base64.b64encode(png).decode()
    return (
        f'<img alt="{html.escape(alt)}" width="{width}" '
        f'src="data:image/png;base64,{data}">'
    )


def are_numbers(values):
    """Whether a column is set flush right."""
    return not any(isinstance(value, str) for value in values)


def cell(value, decimals):
    """A number or a word as it stands in a table.

    Examples
    --------
    >>> [cell(value, 2) for value in (60_000, 0.125, -3, "a|b")]
    ['60\\xa0000', '0.12', '−3', 'a\\\\|b']
    >>> cell(1.5e-8, 3)
    '$1.5 \\\\cdot 10^{-8}$'
    """
    if isinstance(value, str):
        return value.replace("|", r"\|")
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        decimals = 0
    elif not math.isfinite(value):
        return "–" if math.isnan(value) else "∞"
    elif value and not 0.5 * 10**-decimals <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.1e}".split("e")
        return rf"${mantissa} \cdot 10^{{{int(exponent)}}}$"
    comma = "," if abs(value) >= 10_000 else ""
    text = f"{value:{comma}.{decimals}f}"
    return text.replace("-", "−").replace(",", "\N{NO-BREAK SPACE}")


def markdown_table(columns, right_aligned):
    """Columns of text as a Markdown table.

    Examples
    --------
    >>> print(markdown_table({"k": ["1", "2"], "who": ["a", "b"]}, ["k"]))
    | k | who |
    | ---: | :--- |
    | 1 | a |
    | 2 | b |
    """
    rules = ["---:" if head in right_aligned else ":---" for head in columns]
    rows = [columns, rules, *zip(*columns.values(), strict=True)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
