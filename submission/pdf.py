"""The PDF of a sheet: its notebooks, then in an appendix all other code."""

import ast
import copy
import os
import re
import shutil
from pathlib import Path

import pypandoc
from nbconvert.exporters import PDFExporter
from nbconvert.exporters.pdf import LatexFailed
from nbconvert.utils.exceptions import ConversionException
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_raw_cell,
)
from traitlets.config import Config

from helpers.mnist import STANDIN
from nbtypst import TypstPDFExporter
from submission.cells import python
from submission.files import SubmissionError, relative
from submission.imports import helper_files
from submission.notebook import png_of, used_standin
from submission.reach import excerpt, used_names

COVER = Path(__file__).parent / "cover.typ"
APPENDIX = """\
# Appendix: the rest of the code

What the sheet asks to be printed and is not printed above: the cells that only
show a figure, a table, an answer or a panel, and of the helpers what these
notebooks reach. Docstrings are cut to their first line; the ZIP has them
whole.
"""
WHERE = """\
## Where the code is

The notebooks {notebooks} come in the folder `notebooks/`, with the
captions beside them. They import {helpers} from the folder `helpers/`.
{scripts}
"""
PANDOC_COUNTER = r"\newcounter{none}"  # its tables use it, nbconvert lacks it
NOT_PRINTED = {"hide-input", "interactive"}
WITHOUT_PANELS = Config(
    TagRemovePreprocessor={"remove_cell_tags": {"interactive"}}
)


def sheet_pdf(sheet, notebooks, author="", matriculation=""):
    """The PDF of a sheet from its executed notebooks, with all their code.

    Parameters
    ----------
    sheet : submission.sheets.Sheet
    notebooks : dict of name -> NotebookNode
    author, matriculation : str
        For the title page.

    Returns
    -------
    bytes

    Raises
    ------
    SubmissionError
        If something cannot be converted; names the notebook and cell.
    """
    notice = ""
    if any(map(used_standin, notebooks.values())):
        notice = (
            f"Made from the {STANDIN}, as MNIST could not be fetched. The "
            f"figures and numbers are not those of the sheet."
        )
    exporter = TypstPDFExporter(
        config=WITHOUT_PANELS,
        strict=True,
        title=sheet.title,
        author=author,
        cover=str(COVER),
        about={
            "course": sheet.course,
            "matriculation": matriculation,
            "notice": notice,
        },
    )
    try:
        return exporter.from_notebooks(with_code(sheet, notebooks))
    except ConversionException as error:
        raise SubmissionError(f"No PDF of {sheet.id}: {error}") from None


def latex_pdf(sheet, notebooks):
    """The PDF of a sheet as nbconvert makes it with TeX, the ordinary way.

    What its fonts lack it leaves out, and it has no tags and no alt texts.

    Raises
    ------
    SubmissionError
        If xelatex is not installed or fails.
    """
    if shutil.which("xelatex") is None:
        raise SubmissionError(
            "ENGINE=latex needs xelatex, which is not installed; install TeX, "
            "or leave ENGINE out."
        )
    parts = with_code(sheet, notebooks).values()
    counter = new_raw_cell(PANDOC_COUNTER, metadata={"format": "text/latex"})
    cells = [cell for part in parts for cell in part.cells]
    for output in [o for cell in cells for o in cell.get("outputs", [])]:
        if png := png_of(output):  # nbconvert's LaTeX knows no HTML
            output.data["image/png"] = png
    whole = new_notebook(cells=[counter, *cells])
    whole.metadata.title = sheet.title
    pandoc = str(Path(pypandoc.get_pandoc_path()).parent)
    os.environ["PATH"] = os.pathsep.join([pandoc, os.environ["PATH"]])
    config = TypstPDFExporter(config=WITHOUT_PANELS).config
    exporter = PDFExporter(config=config)
    try:
        return exporter.from_notebook_node(whole)[0]
    except LatexFailed as error:
        raise SubmissionError(
            f"No PDF of {sheet.id}: xelatex failed.\n{error.output}"
        ) from None


def with_code(sheet, notebooks):
    """The notebooks, then the code they do not print, or where it is.

    One blank line in their code will do.
    """
    notebooks = copy.deepcopy(notebooks)
    for notebook in notebooks.values():
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.source = re.sub(r"\n{3,}", "\n\n", cell.source)
    helpers = sorted(helper_files(*sheet.notebooks))
    if "pdf_has_all_code" in sheet.demands:
        return {**notebooks, "appendix": appendix(notebooks, helpers)}
    modules = [file.stem for file in helpers if file.stem != "__init__"]
    plain = (
        f"Without Jupyter, run {listed(sheet.files)}." if sheet.files else ""
    )
    text = WHERE.format(
        notebooks=listed(notebooks), helpers=listed(modules), scripts=plain
    )
    name, last = list(notebooks.items())[-1]
    cells = [*last.cells, new_markdown_cell(text)]
    return {**notebooks, name: new_notebook(cells=cells)}


def appendix(notebooks, helpers):
    """The code that is not printed in the notebooks, as another one."""
    cells = [new_markdown_cell(APPENDIX)]
    for name, notebook in notebooks.items():
        hidden = [
            cell.source
            for cell in notebook.cells
            if NOT_PRINTED & set(cell.metadata.get("tags", []))
            and cell.cell_type == "code"
        ]
        cells += listing(f"Notebook `{name}`", "\n\n".join(hidden))
    sources = {file: file.read_text("utf-8") for file in helpers}
    code = [
        ast.parse(python(cell.source))
        for notebook in notebooks.values()
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    used = used_names(code, list(map(ast.parse, sources.values())))
    for file, source in sources.items():
        if excerpt(source, used, docstring_lines=0):
            title = f"`{relative(file).as_posix()}`"
            cells += listing(title, excerpt(source, used))
    return new_notebook(cells=cells, metadata={"small-print": True})


def listing(title, code):
    """A heading and code in small print; nothing where there is no code."""
    if not code.strip():
        return []
    return [new_markdown_cell(f"## {title}"), new_code_cell(code)]


def listed(names):
    """Names as code, with commas and a last "and".

    Examples
    --------
    >>> listed(["a", "b", "c"])
    '`a`, `b` and `c`'
    """
    *first, last = (f"`{name}`" for name in names)
    return f"{', '.join(first)} and {last}" if first else last
