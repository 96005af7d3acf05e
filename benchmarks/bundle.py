"""Where the time of the bundle's own commands goes.

`python -m benchmarks.bundle COMMIT pdf test` measures `make pdf` and `make
test` here and at an earlier commit, one after the other.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from nbformat.v4 import new_code_cell, new_notebook

from submission.files import BUILD, ROOT, all_notebooks
from submission.notebook import read, write
from submission.pdf import sheet_pdf
from submission.run import execute
from submission.sheets import load_sheets


def seconds(call, *arguments):
    """The time of a call."""
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def run_cells(cells):
    """Run cells in a kernel of their own, as `make pdf` does."""
    path = BUILD / "benchmark.ipynb"
    write(path, new_notebook(cells=cells))
    execute(path)
    path.unlink()


def first_cell(path):
    """A notebook's first code cell, for a kernel started elsewhere."""
    code = [c.source for c in read(path).cells if c.cell_type == "code"]
    there = f"import os\nos.chdir({str(path.parent)!r})\n"
    return new_code_cell(there + code[0])


def notebook_times():
    """Lines (notebook, kernel start, imports, everything else), in seconds.

    Every notebook imports in its first code cell.
    """
    run_cells([new_code_cell("1")])  # the first one reads from the disk
    kernel = seconds(run_cells, [new_code_cell("1")])
    for path in all_notebooks():
        imports = seconds(run_cells, [first_cell(path)])
        whole = seconds(execute, path)
        yield path.stem, kernel, imports - kernel, whole - imports


def pdf_times():
    """Lines (sheet, seconds for its PDF) from the notebooks as stored."""
    for sheet in load_sheets().values():
        notebooks = {path.stem: read(path) for path in sheet.notebooks}
        yield sheet.id, seconds(sheet_pdf, sheet, notebooks)


def command_times():
    """Lines (command, seconds), once all is installed."""
    make("clean")
    for target in "pdf", "test":
        yield f"make {target}", seconds(make, target)


def beside(commit, *targets):
    """Lines (command, seconds here, seconds at a commit), all installed."""
    with TemporaryDirectory() as folder:
        clone = Path(folder) / "project"
        git = ["git", "clone", "--quiet", ROOT, clone]
        subprocess.run(git, check=True)
        git = ["git", "checkout", "--quiet", commit]
        subprocess.run(git, cwd=clone, check=True)
        for project in ROOT, clone:
            make("data", project)  # which installs
            make("clean", project)
        for target in targets:
            times = [seconds(make, target, place) for place in (ROOT, clone)]
            yield f"make {target}", *times


def make(target, project=ROOT):
    """Run make without its output, and as if nobody had called it."""
    environment = {k: v for k, v in os.environ.items() if "MAKE" not in k}
    subprocess.run(
        ["make", target],
        cwd=project,
        env=environment,
        capture_output=True,
        check=True,
    )


if __name__ == "__main__":
    for what, here, there in beside(*sys.argv[1:]):
        print(f"{what}: {here:.0f} s, {there:.0f} s: {here / there:.2f}")
