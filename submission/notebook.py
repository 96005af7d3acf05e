"""Notebooks: how they are read and written, and what a cell holds."""

import base64
import warnings

import nbformat

from submission.cells import PICTURE
from submission.files import SubmissionError, relative, write_whole


def parse(data):
    """A notebook of any version as the current one, from its bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cells of old notebooks have no ids
        notebook = nbformat.reads(data.decode("utf-8"), as_version=4)
        nbformat.validate(notebook)
    return notebook


def read(path):
    """Read a notebook file; a SubmissionError if it is none."""
    try:
        return parse(path.read_bytes())
    except Exception as error:  # nbformat lets many kinds through
        raise SubmissionError(
            f"Cannot read {relative(path)} as a notebook: "
            f"{str(error).splitlines()[0]}"
        ) from None


def write(path, notebook):
    """Write a notebook file, whole or not at all."""
    write_whole(path, (nbformat.writes(notebook) + "\n").encode())


def printed(output):
    """The text of an output as its reader sees it, pictures left out."""
    if "text" in output:
        return output.text
    data = output.get("data", {})
    kinds = sorted(kind for kind in data if kind.startswith("text/"))
    return PICTURE.sub("", "\n".join(data[kind] for kind in kinds))


def text_of(cell):
    """All that a cell printed, as its reader sees it."""
    return "\n".join(map(printed, cell.get("outputs", [])))


def used_standin(notebook):
    """Whether the outputs were made from the stand-in for MNIST."""
    from helpers.mnist import (
        STANDIN,
    )  # and NumPy, which a check can do without

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
