"""Where things are, and how files are written: whole or not at all."""

import contextlib
import glob
import json
import os
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
HELPERS = ROOT / "helpers"
DATA = ROOT / "data"
SCRIPTS = ROOT / "scripts"  # for each sheet a folder
EXPLORE = ROOT / "explore"  # copies of the notebooks, to work in
BUILD = ROOT / "build"  # executed notebooks, on their way to the PDF
REPORTS = ROOT / "reports"
MAX_WRITING = 60  # seconds that writing a file may take


class SubmissionError(Exception):
    """A sentence for the user: what was wrong, what to do."""


def all_notebooks():
    """All notebooks of the project, in order."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def cell_sources(notebook, *kinds):
    """The texts of a notebook file's cells of these kinds."""
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] in kinds]


def relative(path):
    """The path as the user sees it: from the project's root if it is there."""
    path = Path(path)
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


def write_whole(path, data):
    """Write bytes to a temporary file, then give it its final name.

    Another run at the same time has a temporary file of its own. What a
    killed run left behind is deleted by the next.

    Raises
    ------
    SubmissionError
        If the folder cannot be written to or is full; nothing is left behind.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
            with contextlib.suppress(OSError):  # others clear up, too
                if time.time() - left.stat().st_mtime > MAX_WRITING:
                    left.unlink()
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        raise SubmissionError(
            f"Cannot write {relative(path)}: {error.strerror}. "
            f"Check that {relative(path.parent)} is a folder you may write "
            f"to and that the disk is not full."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
