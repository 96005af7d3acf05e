"""Run every benchmark; write reports/benchmarks.md and reports/growth.png."""

import io
import os
import platform
from importlib.metadata import version

import numpy as np

from benchmarks import bundle, growth
from benchmarks.measure import compare
from benchmarks.tasks import TASKS
from submission.files import REPORTS, write_whole

HEAD = """\
# Benchmarks

Written by `make bench`. Every round calls all contestants of a task, one after
the other, each on all cores; before, it is asserted that they compute the
same. The ratio is our time in times of the peer's: the median of the rounds,
with the smallest and the largest. A limit does only what nothing can do
without. Memory is what a call takes at its most above its data."""
PACKAGES = ("numpy", "scikit-learn", "faiss-cpu", "torch")
GROWTH = """\
![Time and memory of k-NN and of an epoch against the size of the data, on
logarithmic axes](growth.png)"""
COMPARISON = (
    *("task", "peer", "ours, s", "peer, s", "ratio", "target", "met"),
    *("ours, MiB", "peer, MiB"),
)


def table(head, lines):
    """Lines of cells as a Markdown table."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def cells(row):
    """A comparison as cells of the table."""
    spread = f"{row.ratios.min():.2f} to {row.ratios.max():.2f}"
    met = "" if row.target is None else "no" if row.missed else "yes"
    memory = (
        "" if value is None else f"{value:.0f}"
        for value in (row.our_memory, row.their_memory)
    )
    return (
        row.task,
        row.peer,
        f"{np.median(row.ours):.3g}",
        f"{np.median(row.theirs):.3g}",
        f"{row.ratio:.2f} ({spread})",
        "limit" if row.target is None else f"{row.target:g}",
        met,
        *memory,
    )


def growth_table(measured):
    """How time and memory grow with each variable, as a table."""
    lines = [
        (
            title,
            f"{x.min()} to {x.max()}",
            f"{growth.exponent(x, seconds):.2f}",
            f"{growth.exponent(x, mib):.2f}",
        )
        for title, (x, seconds, mib) in measured.items()
    ]
    head = ("variable", "range", "power of time", "power of memory")
    return table(head, lines)


def machine():
    """What was measured on, as a sentence."""
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"Measured on {platform.system()} {platform.machine()} with "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{versions}."
    )


def comparison():
    """All tasks as a table, and why where a target is missed."""
    rows = [row for task in TASKS for row in compare(task)]
    reasons = [
        f"- {row.task}, beside {row.peer}: {row.reason or 'not known yet.'}"
        for row in rows
        if row.missed
    ]
    if reasons:
        reasons = ["Where the target is missed:", "\n".join(reasons)]
    return "\n\n".join(
        [machine(), table(COMPARISON, map(cells, rows)), *reasons]
    )


def commands():
    """Where the time of the bundle's commands goes, as tables."""
    times = [
        (name, *(f"{value:.1f}" for value in values))
        for name, *values in bundle.notebook_times()
    ]
    return [
        table(
            ("notebook", "kernel start", "imports", "everything else"), times
        ),
        table(
            ("sheet", "PDF"),
            [(sheet, f"{value:.1f}") for sheet, value in bundle.pdf_times()],
        ),
        table(
            ("command, once installed", "all of it"),
            [(what, f"{value:.0f}") for what, value in bundle.command_times()],
        ),
    ]


def main():
    """Measure, print and write."""
    compared = comparison()
    measured = growth.measure()
    picture = io.BytesIO()
    growth.figure(measured).savefig(picture, format="png", dpi=130)
    write_whole(REPORTS / "growth.png", picture.getvalue())
    report = [
        *(HEAD, compared, "## Growth", growth_table(measured), GROWTH),
        *("## The bundle's own commands, in seconds", *commands()),
    ]
    text = "\n\n".join(report) + "\n"
    write_whole(REPORTS / "benchmarks.md", text.encode())
    print(text)


if __name__ == "__main__":
    main()
