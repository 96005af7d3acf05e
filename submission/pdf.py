"""The PDF of a sheet: its notebooks, then in an appendix all other code."""

import os
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

from helpers.mnist import STANDIN
from submission.exporter import TypstPDFExporter
from submission.files import SubmissionError, relative
from submission.hygiene import used_standin
from submission.imports import helper_files

APPENDIX = """\
# Appendix: the rest of the code

First the cells of the notebooks whose code is not printed above: they write
an answer with its numbers, or show a panel. Then the helpers they import.
"""
PANDOC_COUNTER = r"\newcounter{none}"  # its tables use it, nbconvert lacks it
NOT_PRINTED = {"answer", "interactive"}


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
    exporter = TypstPDFExporter(
        title=sheet.title,
        course=sheet.course,
        author=author,
        matriculation=matriculation,
    )
    if any(map(used_standin, notebooks.values())):
        exporter.notice = (
            f"Made from the {STANDIN}, as MNIST could not be fetched. The "
            f"figures and numbers are not those of the sheet."
        )
    try:
        return exporter.from_notebooks(with_appendix(sheet, notebooks))
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
    parts = with_appendix(sheet, notebooks).values()
    counter = new_raw_cell(PANDOC_COUNTER, metadata={"format": "text/latex"})
    cells = [cell for part in parts for cell in part.cells]
    whole = new_notebook(cells=[counter, *cells])
    whole.metadata.title = sheet.title
    pandoc = str(Path(pypandoc.get_pandoc_path()).parent)
    os.environ["PATH"] = os.pathsep.join([pandoc, os.environ["PATH"]])
    exporter = PDFExporter(config=TypstPDFExporter().default_config)
    try:
        return exporter.from_notebook_node(whole)[0]
    except LatexFailed as error:
        raise SubmissionError(
            f"No PDF of {sheet.id}: xelatex failed.\n{error.output}"
        ) from None


def with_appendix(sheet, notebooks):
    """The notebooks and, as a further one, the code that they do not print."""
    cells = [new_markdown_cell(APPENDIX)]
    for name, notebook in notebooks.items():
        hidden = [
            cell.source
            for cell in notebook.cells
            if NOT_PRINTED & set(cell.metadata.get("tags", []))
        ]
        if hidden:
            cells.append(new_markdown_cell(f"## Notebook {name}"))
            cells += map(new_code_cell, hidden)
    helpers = {f for path in sheet.notebooks for f in helper_files(path)}
    for file in sorted(helpers):
        cells.append(new_markdown_cell(f"## `{relative(file).as_posix()}`"))
        cells.append(new_code_cell(file.read_text("utf-8").rstrip()))
    return {**notebooks, "appendix": new_notebook(cells=cells)}
