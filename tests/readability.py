"""Report how the notebooks read: `python tests/readability.py`.

A report, not a gate: words of prose for each line of visible code, and how
long the code cells are.
"""

import re
import sys
import tomllib
from pathlib import Path
from statistics import median

import nbformat

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
CALL = re.compile(r"\bpage\.(figure|table|answer)\(\s*f?\"([^\"]+)\"")
HEAD = "notebook                       cells  median  longest  words a line"


def chapters():
    """(name, notebook, texts beside it) of every chapter."""
    for path in sorted(NOTEBOOKS.glob("0[1-9]*.ipynb")):
        texts = path.with_suffix(".toml").read_text("utf-8")
        yield (
            path.stem,
            nbformat.read(path, as_version=4),
            tomllib.loads(texts),
        )


def code_cells(notebook, visible=True):
    """Sources of the code cells whose code the PDF prints, or of the others.

    Those of panels are neither.
    """
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", []))
        is_code = cell.cell_type == "code" and "interactive" not in tags
        if is_code and visible == ("hide-input" not in tags):
            yield cell.source


def lengths(notebook):
    """Lines of each visible code cell."""
    return [source.count("\n") + 1 for source in code_cells(notebook)]


def words_per_line(notebook, texts):
    """Words of prose and answers for each line of visible code."""
    prose = [c.source for c in notebook.cells if c.cell_type == "markdown"]
    prose += [text.get("text", "") for text in texts.values()]
    return sum(len(p.split()) for p in prose) / sum(lengths(notebook))


def report():
    """A line for each notebook."""
    yield HEAD
    for name, notebook, texts in chapters():
        lines = lengths(notebook)
        yield (
            f"{name:30} {len(lines):5}  {median(lines):6g}  {max(lines):7}  "
            f"{words_per_line(notebook, texts):12.1f}"
        )


if __name__ == "__main__":
    sys.stdout.write("\n".join(report()) + "\n")
