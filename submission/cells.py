"""Notebooks of strangers, read as plainly as their rules need it.

Jupyter's own reader compares each of them with a schema, which takes long;
here only what is used is looked at.
"""

import ast
import json
import math
import re
import warnings
from dataclasses import dataclass, field

MAX_CODE = 2**18  # bytes of a cell or a module
MAX_CELLS = 5000
MAX_MAGICS = 10**6  # times bytes: IPython reads the cell anew for each
MAGIC = re.compile(r"^\s*(?:[\w, ]+=\s*)?[%!?]|\?\s*$", re.M)
ADDRESS = re.compile("at 0x[0-9a-fA-F]+")
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")
RELATIVE_TOLERANCE = 1e-6  # of numbers, for another BLAS
PICTURES = {"image/png", "image/jpeg"}  # that stay pictures in a PDF
PICTURE = re.compile(r"data:image/[\w.+-]+;base64,([\w+/=]*)")  # in HTML
FIGURE = re.compile(r"<img\b[^<>]*data:image/(?:png|jpeg);", re.I)


@dataclass
class Output:
    """What a cell printed: its kind, its text, and whether it is a picture."""

    output_type: str
    text: str = ""
    error: str = ""
    is_picture: bool = False


@dataclass
class Cell:
    """A cell of a notebook."""

    cell_type: str
    source: str
    execution_count: int | None = None
    outputs: list[Output] = field(default_factory=list)
    tags: tuple = ()

    @property
    def text(self):
        """All that it printed, as its reader sees it."""
        return "\n".join(output.text for output in self.outputs)


def parse(data):
    """The cells of a notebook, from its bytes.

    Raises
    ------
    ValueError
        If it is no notebook, or has too many cells.
    """
    notebook = json.loads(data.decode("utf-8-sig"))
    if not isinstance(notebook, dict):
        raise ValueError("it is no notebook")
    sheets = notebook.get("worksheets") or [notebook]  # of version 3
    nodes = [node for sheet in sheets for node in sheet["cells"]]
    if len(nodes) > MAX_CELLS:
        raise ValueError(f"it has {len(nodes)} cells")
    return [cell_of(node) for node in nodes]


def cell_of(node):
    """A cell from its JSON, of version 3 or 4."""
    count = node.get("execution_count", node.get("prompt_number"))
    metadata = node.get("metadata") or {}
    return Cell(
        node["cell_type"],
        joined(node.get("source", node.get("input", ""))),
        count if isinstance(count, int) else None,
        [output_of(output) for output in node.get("outputs") or []],
        tuple(metadata.get("tags") or ()),
    )


def output_of(node):
    """An output from its JSON."""
    data = node.get("data") or {}
    kinds = sorted(kind for kind in data if kind.startswith("text/"))
    text = joined(node.get("text", ""))
    text = text or "\n".join(joined(data[kind]) for kind in kinds)
    is_picture = not PICTURES.isdisjoint(data) or "png" in node
    return Output(
        str(node["output_type"]),
        PICTURE.sub("", text),
        str(node.get("ename", "")),
        is_picture or bool(FIGURE.search(text)),
    )


def joined(text):
    """A text that may come as a list of lines."""
    return text if isinstance(text, str) else "".join(text)


def syntax_tree(source):
    """The syntax tree of a module's bytes or of a cell's text.

    Raises
    ------
    ValueError
        If it is too long; what `ast.parse` raises, too.
    """
    if len(source) > MAX_CODE:
        raise ValueError(
            f"it has {len(source) >> 10} KiB, more than {MAX_CODE >> 10}"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of their strings
        try:
            return ast.parse(source)
        except SyntaxError:
            if isinstance(source, bytes):
                source = source.decode("utf-8-sig")
            if len(MAGIC.findall(source)) * len(source) > MAX_MAGICS:
                raise ValueError("it has too many magics") from None
            return ast.parse(python(source))


def python(source):
    """The code of a cell with IPython's `%` and `!` lines made Python."""
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


def same_text(expected, came):
    """Whether two outputs are the same but for rounding and addresses."""
    expected, came = ADDRESS.sub("at", expected), ADDRESS.sub("at", came)
    if NUMBER.sub("#", expected) != NUMBER.sub("#", came):
        return False
    pairs = zip(NUMBER.findall(expected), NUMBER.findall(came), strict=True)
    return all(
        math.isclose(float(a), float(b), rel_tol=RELATIVE_TOLERANCE)
        for a, b in pairs
    )
