"""One notebook as pieces of Typst source."""

import json
import re
import subprocess
from functools import partial
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pypandoc
from nbconvert.utils.exceptions import ConversionException

from nbtypst import pictures
from nbtypst.maths import take_out
from nbtypst.pictures import PictureError
from nbtypst.spoken import words
from nbtypst.texts import (
    cleaned,
    fold,
    literal,
    longest_line,
    printed_text,
    shortened,
)
from nbtypst.typesetting import Piece

CONVERT = Path(__file__).parent / "convert.lua"
KINDS = {
    "text/markdown": "markdown",
    "text/html": "html",
    "text/latex": "latex",
    "text/restructuredtext": "rst",
}
SHOWN = (
    *("text/latex", "image/svg+xml", "image/png", "image/jpeg"),
    *("image/gif", "image/webp", "text/markdown", "text/html"),
)  # the best first
TEXT_INSTEAD = "text-repr-fallback"  # of scikit-learn and xarray
IPYTHON_OBJECT = re.compile(r"<IPython\.core\.display\.\w+ object>")
LONGEST_TEXT = 1_000_000  # characters of one text for pandoc
LONGEST_OUTPUT = 2_000_000
LONGEST_ALT = 250
MOST_FORMULAS = 10_000
MOST_PIXELS = 80_000_000  # of all pictures
LONGEST_TIME = 30  # seconds for all texts of a notebook
LIMITS = ["+RTS", "-M1500M", "-RTS"]  # memory of pandoc
TEXT = re.compile("\x00(\\d+)\x00")
HINT = re.compile(r"application/vnd\.google\.colaboratory")  # shows nothing
LIVE = re.compile(r"<(script|iframe|audio|video|canvas|object|embed)\b", re.I)
NOTHING = "#[];"  # keeps what stands around it apart
LATER = re.compile("\x01(\\d+)(h?)\x01|\x02(.*?)\x02|\x03(.*?)\x03", re.S)
FORMULA = re.compile("\ue000(\\d{1,6})\ue001")
SINGLE = re.compile(r"(?<!\\)\\([()\[\]])")  # of \( or \[
HTML_BLOCK = re.compile(
    r"^ {0,3}</?[a-z](?:[^\n]|\n(?![ \t]*\n))*", re.M | re.I
)
WIDE_SPAN = re.compile(r"(?:col|row)span\s*=\s*[\"']?\d{4,}", re.I)
DEEP = re.compile(r"^(?:[ \t]*>){50}|^[ \t]{200}", re.M)
MOST_TAGS = 20_000
DATA_ADDRESS = re.compile(r"data:(image/[\w.+-]+);base64,([\w+/=%]*)")


class Text(NamedTuple):
    """What pandoc will convert, and what is shown if nothing is left of it."""

    where: str
    kind: str
    text: str
    attachments: dict
    plain: str


class Chapter:
    """A notebook on its way to Typst source.

    Parameters
    ----------
    name : str
        Of the notebook; every problem names it and the cell.
    number : int
        Among the notebooks of this PDF.
    folder : pathlib.Path or None
        Where the notebook's own pictures are.
    build_folder : pathlib.Path
        Where pictures are written for Typst.
    replaced : function of (where, problem)
        Is told of everything that could not be shown as it is.
    columns : int
        Characters in a line of code or output.
    """

    def __init__(self, name, number, folder, build_folder, replaced, columns):
        self.name, self.number, self.folder = name, number, folder
        self.build_folder, self.columns = build_folder, columns
        self._replaced = replaced
        self._texts = []
        self._formulas = []
        self._figures = []
        self._definitions = []
        self._picture_numbers = count(1)
        self._pixels_left = MOST_PIXELS

    def pieces(self, notebook, shows_input=True):
        """What the notebook becomes, in its order.

        Parameters
        ----------
        notebook : NotebookNode
            Each cell's metadata hold its number, as `nbtypst_number`.
        shows_input : bool

        Returns
        -------
        list of Piece
        """
        language = notebook.metadata.get("language_info", {}).get("name")
        self._language = str(language or "python").lower()
        is_small = notebook.metadata.get("small-print")
        start = "#show: small-print" if is_small else "#pagebreak(weak: true)"
        found = [Piece(self.name, start)] if self.number or is_small else []
        self._above = None  # the text that stands above
        for cell in notebook.cells:
            self._where = f"{self.name}, cell {cell.metadata.nbtypst_number}"
            self._attachments = cell.get("attachments", {})
            for source, plain in self._cell(cell, shows_input):
                if source:
                    found.append(Piece(self._where, source, printed(plain)))
        self._convert()
        self._define_figures()
        found = [
            piece._replace(source=TEXT.sub(self._converted, piece.source))
            for piece in found
        ]
        return [*self._definitions, *found]

    def _cell(self, cell, shows_input):
        """What a cell becomes, as pairs of Typst source and plain text."""
        if cell.cell_type == "code":
            transient = as_dict(cell.metadata.get("transient"))
            shows_input = shows_input and cell.source.strip()
            if shows_input and not transient.get("remove_source"):
                yield self._code(cell.source), cell.source
            for output in cell.outputs:
                yield self._output(output)
            return
        kind = "markdown"
        if cell.cell_type == "raw":
            metadata = cell.metadata
            asked = metadata.get("raw_mimetype") or metadata.get("format")
            kind = KINDS.get(str(asked).lower())
        if kind is None:
            yield self._printed(cell.source), cell.source
        else:
            yield self._text(cell.source, kind), cell.source
            if kind == "markdown":
                self._above = len(self._texts) - 1

    def _output(self, output):
        if output.output_type == "error":
            self._replace(f"it raised {output.ename}: {output.evalue}")
            lines = output.traceback or [f"{output.ename}: {output.evalue}"]
            text = self._folded("\n".join(lines))
            return f"#failed({literal(text)}, {longest_line(text)})", text
        if output.output_type == "stream":
            text = joined(output.text)
            return self._printed(text), text
        metadata = as_dict(output.get("metadata"))
        if metadata.get("is_caption"):
            return "", ""  # what stands above it has brought its caption along
        data = {key: joined(value) for key, value in output.data.items()}
        plain = data.get("text/plain", "")
        if IPYTHON_OBJECT.fullmatch(plain):
            plain = ""  # Jupyter does not show it either
        if plain and TEXT_INSTEAD in data.get("text/html", ""):
            return self._printed(plain), plain
        for mime in SHOWN:
            if mime not in data:
                continue
            of_this = as_dict(metadata.get(mime))
            if mime.startswith("image/"):
                shown = self._figure(data[mime], of_this)
            elif mime == "text/html" and (img := pictures.alone(data[mime])):
                base64 = img["src"].partition(",")[2]
                shown = self._figure(base64, img | of_this)
            else:
                shown = self._text(data[mime], KINDS[mime], plain)
                if of_this.get("caption"):
                    caption = self._text(str(of_this["caption"]))
                    shown = f"#captioned[{caption}][{shown}]"
            if shown:
                return shown, plain or data[mime]
        others = [mime for mime in data if mime != "text/plain"]
        if others and not HINT.match(others[0]):
            how = "shown by its text" if plain else "left out"
            self._replace(f"an output of {' and '.join(others)} is {how}")
        return self._printed(plain), plain

    # Code and printed text

    def _code(self, source):
        for line in source.split("\n"):
            if len(line) > self.columns:
                self._replace("a line of code is too wide, so it is folded")
                break
        return code(fold(source, self.columns), self._language)

    def _printed(self, text):
        return printed(self._folded(text))

    def _folded(self, text):
        if len(text) > LONGEST_OUTPUT:
            half = LONGEST_OUTPUT // 2
            text = f"{text[:half]}\n... much is left out ...\n{text[-half:]}"
        text = printed_text(text)
        folded = fold(text, self.columns * 5 // 4)  # in smaller letters
        short = shortened(folded)
        if short != folded:
            self._replace("the middle of a very long output is left out")
        return short

    # Texts

    def _text(self, text, kind="markdown", plain=""):
        """A mark in the place of a text that pandoc will convert."""
        text = cleaned(text)
        attachments = dict(self._attachments)
        text = DATA_ADDRESS.sub(partial(attached, attachments), text)
        if (
            len(text) > LONGEST_TEXT
            or text.count("<") > MOST_TAGS
            or len(self._formulas) > MOST_FORMULAS
            or DEEP.search(text)
        ):
            self._replace("a text is too long or too deep to be formatted")
            return self._printed(plain or text)
        if kind in ("html", "latex"):
            text = WIDE_SPAN.sub("colspan=9", doubled(text))
        if kind == "markdown":
            text = HTML_BLOCK.sub(lambda match: doubled(match[0]), text)
        if kind in ("markdown", "html", "latex"):
            text = take_out(text, self._formulas)
        self._texts.append(Text(self._where, kind, text, attachments, plain))
        return f"\x00{len(self._texts) - 1}\x00"

    def _convert(self):
        """Texts and formulas to Typst, with one call of pandoc."""
        task = {
            "prefix": f"n{self.number}-",
            "texts": [
                {"format": text.kind, "text": text.text}
                for text in self._texts
            ],
            "formulas": [
                {"tex": formula.tex, "block": formula.is_block}
                for formula in self._formulas
            ],
        }
        try:
            answer = pandoc(task, self.build_folder)
        except ConversionException as error:
            self._replaced(self.name, f"all texts are shown as typed: {error}")
            typed = [
                {"typst": self._as_typed(t), "last": ""} for t in self._texts
            ]
            answer = {"formulas": [], "texts": typed}
        self._set_formulas = answer["formulas"]
        self._typst = [text["typst"].strip() for text in answer["texts"]]
        self._last_words = [
            FORMULA.sub(lambda m: self._spoken(int(m[1])), text["last"])
            for text in answer["texts"]
        ]
        self._defined = set()

    def _as_typed(self, text):
        """Typst source that shows a text's own source."""
        source = FORMULA.sub(
            lambda match: f"${self._formulas[int(match[1])].tex}$", text.text
        )
        return printed(shortened(fold(source, self.columns)))

    def _spoken(self, number):
        """The words of a formula, or its LaTeX where there are none."""
        if number >= len(self._formulas):
            return ""
        mathml = self._set_formulas[number].get("mathml")
        try:
            return words(mathml)
        except (TypeError, ValueError):  # none, or no MathML
            return self._formulas[number].tex

    def _converted(self, match):
        """A text as Typst source, with its formulas and pictures."""
        text = self._texts[int(match[1])]
        self._where, self._attachments = text.where, text.attachments
        typst = self._typst[int(match[1])]
        if text.kind != "markdown" and not typst and text.text.strip():
            how = "shown by its plain text" if text.plain else "left out"
            self._replace(f"{text.kind} that shows nothing on paper is {how}")
            return self._printed(text.plain)
        if text.kind in ("html", "markdown") and shows_more(text.text):
            self._replace("what a script or player would show is missing")
        return LATER.sub(self._finished, typst)

    def _finished(self, match):
        formula, in_heading, later, problem = match.groups()
        if formula is not None:
            return self._formula(int(formula), bool(in_heading))
        if problem is not None:
            self._replace(problem)
            return NOTHING
        element = json.loads(later)
        if element["kind"] == "code":
            return code(
                fold(element["text"], self.columns), element["language"]
            )
        return self._inline_picture(element)

    def _formula(self, number, in_heading):
        """The name of a formula, which is defined once."""
        name = f"f{self.number}-{number}"
        if in_heading:  # there Typst wants to know it without its surroundings
            name += "h"
        formula = self._formulas[number]
        answer = self._set_formulas[number]
        if "problem" in answer:
            problem = f"{answer['problem']}: {formula.tex[:200]}"
            self._replace(f"a formula is shown by its source, as {problem}")
            return f"#formula-source({literal(formula.tex)});"
        if not answer["typst"]:
            return NOTHING
        if name not in self._defined:
            self._defined.add(name)
            set_formula = f"{answer['typst']}, {literal(self._spoken(number))}"
            self._define(
                name,
                f"in-heading({set_formula})"
                if in_heading
                else f"formula({set_formula}, {literal(name)})",
                f"formula-source({literal(formula.tex)})",
            )
        return f"#{name};"

    def _define(self, name, source, instead):
        piece = Piece(
            self._where, f"#let {name} = {source}", f"#let {name} = {instead}"
        )
        self._definitions.append(piece)

    # Pictures

    def _figure(self, data, metadata):
        """A figure that a cell has drawn, or None."""
        try:
            picture = self._written(pictures.decoded(data), metadata)
        except PictureError as error:
            self._replace(f"a figure cannot be shown: {error}")
            return None
        alt = metadata.get("alt")
        if not alt:
            self._replace("a figure has no alt text")
        self._figures.append((self._where, picture, alt, self._above))
        caption = metadata.get("caption")
        caption = f"[{self._text(str(caption))}]" if caption else ""
        height = f"height: {picture.height}in"
        return f"#picture({picture.name}, {height}){caption}"

    def _inline_picture(self, element):
        """A picture within a text."""
        source, alt = element["source"], element["alt"]
        try:
            data = pictures.find(source, self.folder, self._attachments)
            picture = self._written(data, element)
        except PictureError as error:
            shown = source if len(source) < LONGEST_ALT else "..."
            self._replace(f"a picture cannot be shown, {error}: {shown}")
            is_address = (
                pictures.REMOTE.match(shown) and not element["is_link"]
            )
            address = shown if is_address else ""
            name = alt or (
                "picture" if pictures.REMOTE.match(shown) else shown
            )
            return f"#no-picture({literal(name)}, {literal(address)});"
        if not alt:
            self._replace("a picture has no alt text")
        self._define_picture(picture, alt or f"Picture of {self._where}")
        return f"#inline-picture({picture.name});"

    def _written(self, data, metadata):
        name = f"p{self.number}-{next(self._picture_numbers)}"
        picture = pictures.write(
            data, self.build_folder, name, self._pixels_left
        )
        self._pixels_left -= picture.num_pixels
        return picture.sized(metadata.get("width"), metadata.get("height"))

    def _define_figures(self):
        """Figures without an alt text get one from the text above them."""
        for where, picture, alt, above in self._figures:
            self._where = where
            if not alt:
                alt = f"Figure of {self._where}"
                if above is not None and self._last_words[above]:
                    alt += f", below the text: {self._last_words[above]}"
            self._define_picture(picture, alt)

    def _define_picture(self, picture, alt):
        width = f"{picture.width}in" if picture.width else "auto"
        self._define(
            picture.name,
            f"drawn({literal(picture.file)}, {width}, {literal(str(alt))})",
            f'no-picture({literal(str(alt))}, "")',
        )

    def _replace(self, problem):
        self._replaced(self._where, problem)


def pandoc(task, folder):
    """Texts and formulas to Typst, with one call of pandoc.

    Parameters
    ----------
    task : dict
        What convert.lua reads.
    folder : pathlib.Path

    Returns
    -------
    dict
        What convert.lua writes.

    Raises
    ------
    ConversionException
        With pandoc's own words, if it fails or takes too long.
    """
    try:
        done = subprocess.run(
            [pypandoc.get_pandoc_path(), *LIMITS, "lua", CONVERT],
            cwd=folder,
            input=json.dumps(task),
            capture_output=True,
            encoding="utf-8",
            check=True,
            timeout=LONGEST_TIME,
        )
    except subprocess.TimeoutExpired:
        raise ConversionException(
            f"pandoc needs more than {LONGEST_TIME} seconds for the texts"
        ) from None
    except subprocess.CalledProcessError as error:
        raise ConversionException(f"pandoc: {error.stderr.strip()}") from None
    return json.loads(done.stdout)


def attached(attachments, match):
    """A picture within a text becomes an attachment: pandoc is slow there."""
    name = f"within-the-text-{len(attachments)}"
    attachments[name] = {match[1]: unquote(match[2])}
    return f"attachment:{name}"


def doubled(text):
    r"""HTML and LaTeX with `\\(` for `\(`, as formulas begin in Markdown."""
    return SINGLE.sub(r"\\\\\1", text)


def as_dict(value):
    """What should be a dictionary, or an empty one."""
    return value if isinstance(value, dict) else {}


def shows_more(html):
    """Whether a browser would show more than text; a table rarely needs it."""
    return LIVE.search(html) and "<table" not in html


def joined(value):
    """Text that a notebook may store as a list of lines."""
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def code(text, language):
    """Typst source of a block of code."""
    return f"#raw(block: true, lang: {literal(language)}, {literal(text)})"


def printed(text):
    """Typst source of printed text; nothing for nothing."""
    if not text.strip():
        return ""
    return f"#printed({literal(text)}, {longest_line(text)})"
