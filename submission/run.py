"""Execute notebooks and keep of their outputs what stays the same."""

import base64
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)

from submission.files import SubmissionError, relative, write_whole


def execute(path, timeout=600, environment=None):
    """Run a notebook from top to bottom, in its own folder.

    Parameters
    ----------
    path : Path
    timeout : int
        Seconds a cell may take.
    environment : dict, optional
        All variables that the kernel sees, instead of those of this process.

    Returns
    -------
    NotebookNode
        The notebook with outputs and without volatile metadata.

    Raises
    ------
    SubmissionError
        If it is no notebook, a cell raises, takes too long or ends the
        kernel; names the notebook, the cell and the error.
    """
    notebook = read(path)
    total = len(notebook.cells)
    position = 0

    def progress(cell, cell_index):
        nonlocal position
        position = cell_index + 1
        show_progress(f"{path.stem}: cell {position} of {total}")

    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=ERROR"],
        coalesce_streams=True,  # where a stream is cut depends on timing
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=progress,
    )
    try:
        client.execute(**({"env": environment} if environment else {}))
    except CellExecutionError as error:
        problem = f"raised {error.ename}: {error.evalue}"
    except CellTimeoutError:
        problem = f"did not end within {timeout} seconds"
    except DeadKernelError:
        problem = "ended the kernel"
    else:
        problem = None
    if sys.stderr.isatty():
        print(file=sys.stderr)
    if problem:
        raise SubmissionError(
            f"{relative(path)}, cell {position} of {total}, {problem}."
        )
    return without_volatile_parts(notebook)


def show_progress(text):
    """Show how far a run is: on one line of a terminal, else line by line."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    else:
        print(text, file=sys.stderr, flush=True)


def read(path):
    """Read a notebook file.

    Raises
    ------
    SubmissionError
        If it cannot be read or is not a notebook.
    """
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:  # nbformat lets many kinds through
        raise SubmissionError(
            f"Cannot read {relative(path)} as a notebook: "
            f"{str(error).splitlines()[0]}"
        ) from None


def write(path, notebook):
    """Write a notebook file, whole or not at all."""
    write_whole(path, (nbformat.writes(notebook) + "\n").encode())


def pictures(notebook, tag):
    """PNG data of the figures in cells with this tag."""
    for cell in notebook.cells:
        if tag in cell.metadata.get("tags", []):
            for output in cell.outputs:
                if "image/png" in output.get("data", {}):
                    yield base64.b64decode(output.data["image/png"])


def without_volatile_parts(notebook):
    """Drop what changes between runs and machines.

    Timestamps, the kernel's version, the state of widgets, and the outputs of
    cells tagged `interactive`, which are for live use only.
    """
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code" and "interactive" in tags:
            cell.outputs = []
    return notebook
