"""Notebooks: how they are read and written, and what a cell holds."""

import base64
import warnings

import nbformat

from submission.cells import PICTURE, cell_of
from submission.files import SubmissionError, relative, write_whole


def read(path):
    """A notebook file of any version as the current one.

    Raises
    ------
    SubmissionError
        If it is none.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cells of old ones have no ids
            notebook = nbformat.read(path, as_version=4)
            nbformat.validate(notebook)
    except Exception as error:  # nbformat lets many kinds through
        raise SubmissionError(
            f"Cannot read {relative(path)} as a notebook: "
            f"{str(error).splitlines()[0]}"
        ) from None
    return notebook


def write(path, notebook):
    """Write a notebook file, whole or not at all."""
    write_whole(path, (nbformat.writes(notebook) + "\n").encode())


def text_of(cell):
    """All that a cell printed, as its reader sees it."""
    return cell_of(cell).text


def used_standin(notebook):
    """Whether the outputs were made from the stand-in for MNIST."""
    # With NumPy, which a check can do without.
    from helpers.mnist import STANDIN

    return any(STANDIN in text_of(cell) for cell in notebook.cells)


def pictures(notebook, tag):
    """PNG data of the figures in cells with this tag."""
    for cell in notebook.cells:
        if tag in cell.metadata.get("tags", []):
            for png in filter(None, map(png_of, cell.outputs)):
                yield base64.b64decode(png)


def png_of(output):
    """The PNG, as base64, of a figure that a cell has shown; or nothing."""
    html = output.get("data", {}).get("text/html", "")
    found = PICTURE.search(html)
    return found[1] if found else ""
