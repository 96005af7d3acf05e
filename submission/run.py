"""Execute notebooks and keep of their outputs what stays the same."""

import asyncio
import re
import sys
import time

import nbclient.client
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import (
    CellExecutionError,
    CellTimeoutError,
    DeadKernelError,
)

from submission.files import SubmissionError, relative
from submission.notebook import read

MAX_OUTPUT = 2**26  # characters, of a notebook
# What it has instead takes a time quadratic in the length of a line.
nbclient.client._RGX_CARRIAGERETURN = re.compile(r"^.*\r(?=[^\n])", re.M)
LIVE = "application/vnd.jupyter.widget-view+json"
METADATA = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
}


class Client(NotebookClient):
    """Runs a notebook, and ends its kernel when it prints without end."""

    received, ending = 0, None

    def process_message(self, msg, cell, cell_index):
        """Take a message of the kernel, unless it is one too many."""
        self.received += len(str(msg["content"]))
        if self.received > MAX_OUTPUT:
            self.ending = self.ending or asyncio.ensure_future(
                self.km.shutdown_kernel(now=True)
            )
            return None
        return super().process_message(msg, cell, cell_index)


def execute(path, timeout=600, kernel="python3"):
    """Run a notebook from top to bottom, in its own folder.

    Parameters
    ----------
    path : Path
    timeout : int
        Seconds a cell may take.
    kernel : str
        Its name in Jupyter.

    Returns
    -------
    NotebookNode
        With outputs and without volatile metadata.

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
        if sys.stderr.isatty():
            say(f"{path.stem}: cell {position} of {total}", end="")

    client = Client(
        notebook,
        timeout=timeout,
        kernel_name=kernel,
        record_timing=False,
        extra_arguments=["--IPKernelApp.log_level=CRITICAL"],
        coalesce_streams=True,  # where a stream is cut depends on timing
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=progress,
    )
    start, problem = time.monotonic(), None
    try:
        client.execute()
    except (AssertionError, AttributeError):  # of nbclient, on a signal
        raise KeyboardInterrupt from None
    except CellExecutionError as error:
        problem = f"raised {error.ename}: {error.evalue}"
    except CellTimeoutError:
        problem = f"did not end within {timeout} seconds"
    except DeadKernelError:
        if hasattr(client, "_async_cleanup_kernel_future"):  # on a signal
            raise KeyboardInterrupt from None
        problem = "printed too much" if client.ending else "ended the kernel"
    if problem:
        if sys.stderr.isatty():
            print(file=sys.stderr)
        raise SubmissionError(
            f"{relative(path)}, cell {position} of {total}, {problem}."
        )
    seconds = time.monotonic() - start
    say(f"{path.stem}: {total} cells in {seconds:.1f} s")
    return without_volatile_parts(notebook)


def say(text, end="\n"):
    """Print a line for the user, over what a terminal shows in it."""
    start = "\r\033[K" if sys.stderr.isatty() else ""
    print(f"{start}{text}", end=end, file=sys.stderr, flush=True)


def without_volatile_parts(notebook):
    """Drop what changes between runs and machines.

    Timestamps, the kernel's version, the state of widgets, and the outputs of
    cells tagged `interactive`, which are for live use only: what stays is the
    picture that stands for a panel, and its sentence.
    """
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code" and "interactive" in tags:
            cell.outputs = [
                output
                for output in cell.outputs
                if "text/html" in output.get("data", {})
            ]
            for output in cell.outputs:
                output.data.pop(LIVE, None)
    return notebook
