"""Notebooks to an accessible PDF, as an exporter of nbconvert.

1. `chapter`: a notebook becomes pieces of Typst source. All its texts and
   formulas go through pandoc at once (`convert.lua`, `maths.lua`), what is
   code or printed becomes a string, pictures become files.
2. `typeset`: Typst sets all pieces with `report.typ`, as PDF/UA-1.

What cannot be shown as it is gets replaced by the nearest thing that can, and
is listed. In strict mode it is an error instead.
"""

import tempfile
from pathlib import Path

from nbconvert.exporters import Exporter, TemplateExporter
from nbconvert.utils.exceptions import ConversionException
from nbformat import from_dict
from traitlets import Bool, Dict, Integer, Unicode
from traitlets.config import Config

from nbtypst.chapter import Chapter
from nbtypst.texts import cleaned, literal
from nbtypst.typesetting import typeset

HERE = Path(__file__).parent
HIDES_INPUT = {"hide-input", "remove-input"}


class TypstPDFExporter(TemplateExporter):
    """nbconvert exporter that makes a tagged PDF without TeX or a browser.

    Cells tagged `hide-input` or `remove-input` show only their outputs, cells
    tagged `remove-cell` nothing. A notebook with `small-print` in its metadata
    is set in two narrow columns, and so is what follows.
    """

    export_from_notebook = "PDF via Typst"
    output_mimetype = "application/pdf"
    strict = Bool(
        False, help="Fail where something cannot be shown as it is."
    ).tag(config=True)
    title = Unicode(
        help="Of the document; else that of the first notebook."
    ).tag(config=True)
    author = Unicode(help="Of the document, on every page.").tag(config=True)
    language = Unicode("en", help="Of the texts, as in `en` or `de`.").tag(
        config=True
    )
    cover = Unicode(
        str(HERE / "cover.typ"),
        help="A Typst file that defines `cover(about)`, the first page.",
    ).tag(config=True)
    about = Dict(
        help="Texts for the cover, beside title, author and notebooks."
    ).tag(config=True)
    columns = Integer(90, help="Characters in a line of code or output.").tag(
        config=True
    )

    def _file_extension_default(self):
        return ".pdf"

    @property
    def default_config(self):
        """Follow the tags, join what a cell printed in pieces."""
        config = Config(
            TagRemovePreprocessor={
                "enabled": True,
                "remove_cell_tags": {"remove-cell"},
                "remove_input_tags": HIDES_INPUT,
            },
            CoalesceStreamsPreprocessor={"enabled": True},
        )
        config.merge(super().default_config)
        return config

    def from_notebook_node(self, nb, resources=None, **kwargs):
        """Convert one notebook, as nbconvert asks for it."""
        resources = self._init_resources(resources)
        metadata = resources["metadata"]
        name = metadata.get("name") or "notebook"
        folders = {name: Path(metadata["path"])} if "path" in metadata else {}
        return self.from_notebooks({name: nb}, folders), resources

    def from_notebooks(self, notebooks, folders=None):
        """Convert several notebooks to one PDF, a chapter each.

        Parameters
        ----------
        notebooks : dict of name -> NotebookNode
        folders : dict of name -> pathlib.Path, optional
            Where the pictures are that a notebook's texts show; without its
            folder none of them is read.

        Returns
        -------
        bytes

        Raises
        ------
        ConversionException
            In strict mode, if something cannot be shown as it is; names the
            notebook and cell. Always, if even the plain text cannot be set.
        """
        replaced = {}

        def note(where, problem):
            wheres = replaced.setdefault(" ".join(problem.split()), [])
            if where not in wheres:
                wheres.append(where)
                wheres.sort(key=place)

        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            pieces = []
            for number, (name, notebook) in enumerate(notebooks.items()):
                chapter = Chapter(
                    name,
                    number,
                    (folders or {}).get(name),
                    folder,
                    note,
                    self.columns,
                )
                pieces += self._pieces(chapter, notebook)
            head = self._head(notebooks)
            pdf = typeset(head, pieces, folder, note)
        lines = [
            f"{listed(wheres)}: {problem}"
            for problem, wheres in sorted(
                replaced.items(), key=lambda item: place(item[1][0])
            )
        ]
        if self.strict and lines:
            raise ConversionException("\n".join(lines))
        for line in lines:
            self.log.warning(line)
        return pdf

    def _pieces(self, chapter, notebook):
        """A chapter of what tags and options leave of a notebook."""
        notebook = from_dict(notebook)
        for number, cell in enumerate(notebook.cells, 1):
            cell.metadata["nbtypst_number"] = number
        notebook, _ = Exporter.from_notebook_node(self, notebook)
        left_out = {
            "code": self.exclude_code_cell,
            "markdown": self.exclude_markdown,
            "raw": self.exclude_raw,
        }
        notebook.cells = [
            cell for cell in notebook.cells if not left_out[cell.cell_type]
        ]
        if self.exclude_output:
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    cell.outputs = []
        return chapter.pieces(notebook, not self.exclude_input)

    def _head(self, notebooks):
        """The Typst source that comes before the pieces."""
        name, notebook = next(iter(notebooks.items()))
        titles = self.title, notebook.metadata.get("title"), name, "Notebook"
        title = next(t for t in map(visible, titles) if t)
        about = self.about | {
            "title": title,
            "author": self.author,
            "language": self.language,
        }
        about = ", ".join(f"{k}: {literal(v)}" for k, v in about.items())
        names = ", ".join(map(literal, notebooks))
        return "\n".join(
            [
                f"#let strict = {str(self.strict).lower()}",
                (HERE / "report.typ").read_text("utf-8"),
                Path(self.cover).read_text("utf-8"),
                f"#let about = ({about}, notebooks: ({names},))",
                "#show: report.with(about, cover)",
            ]
        )


def visible(title):
    """A title without what cannot be seen."""
    return cleaned(str(title or "")).strip()


def place(where):
    """The notebook and the number of the cell, 0 for the whole notebook."""
    name, _, number = where.rpartition(", cell ")
    return (name, int(number)) if number.isdigit() else (where, 0)


def listed(wheres):
    """Places in one phrase.

    Examples
    --------
    >>> listed(["a, cell 1", "a, cell 3", "b, cell 1"])
    'a, cells 1 and 3; b, cell 1'
    """
    cells = {}
    for where in wheres:
        name, number = place(where)
        cells.setdefault(name, []).append(str(number or ""))
    phrases = []
    for name, numbers in cells.items():
        *first, last = numbers
        phrase = f"{name}, cell{'s' if first else ''} " if last else name
        first = ", ".join(first) + " and " if first else ""
        phrases.append(phrase + first + last)
    return "; ".join(phrases)
