"""What every stored notebook must keep to, a small function for each rule.

A rule takes a notebook and yields the cell's number and a sentence for each
place that breaks it.
"""

import re

from helpers.mnist import STANDIN
from submission.sheets import heading

MAX_LINE = 79
VOLATILE = {
    "a memory address": re.compile(r"\b0x[0-9a-fA-F]{6,}\b"),
    "an absolute path": re.compile(
        r"(?<![\w.:/])/(?:home|root|Users|tmp|usr|opt|work)/|\b[A-Z]:\\"
    ),
    "a timestamp": re.compile(r"\b\d{1,2}:\d\d:\d\d\b|\b\d{4}-\d\d-\d\dT"),
    "a NumPy type name": re.compile(
        r"np\.(?:bool|str|u?int|float|complex)\w*\("
    ),
}


def code_cells(notebook):
    """(number, cell) of all code cells that hold code."""
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code" and cell.source.strip():
            yield number, cell


def printed(output):
    """The text of an output as its reader sees it, pictures left out."""
    if "text" in output:
        return output.text
    data = output.get("data", {})
    kinds = sorted(kind for kind in data if kind.startswith("text/"))
    return "\n".join(data[kind] for kind in kinds)


def text_of(cell):
    """All that a code cell printed, as its reader sees it."""
    return "\n".join(map(printed, cell.get("outputs", [])))


def used_standin(notebook):
    """Whether the outputs were made from the stand-in for MNIST."""
    return any(ran_on_the_real_data(notebook))


def ran_on_the_real_data(notebook):
    """No output was made from the stand-in for MNIST."""
    for number, cell in code_cells(notebook):
        if STANDIN in text_of(cell):
            yield number, f"It was run on the {STANDIN}."


def runs_in_order(notebook):
    """Execution counts are 1, 2, ... N."""
    for count, (number, cell) in enumerate(code_cells(notebook), 1):
        if cell.execution_count != count:
            yield (
                number,
                f"Its execution count is {cell.execution_count} instead of "
                f"{count}.",
            )


def has_no_errors(notebook):
    """No output is an error."""
    for number, cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                yield number, f"It ended with the error {output.ename}."


def has_no_warnings(notebook):
    """No output went to stderr."""
    for number, cell in code_cells(notebook):
        for output in cell.outputs:
            if output.get("name") == "stderr":
                yield number, f"It printed to stderr: {output.text!r}."


def has_no_volatile_output(notebook):
    """No output holds what differs between runs or machines."""
    for number, cell in code_cells(notebook):
        for what, pattern in VOLATILE.items():
            if found := pattern.search(text_of(cell)):
                yield number, f"It printed {what}: {found.group()!r}."


def has_short_lines(notebook):
    """No line of a cell is longer than 79 characters."""
    for number, cell in enumerate(notebook.cells, 1):
        for line in cell.source.split("\n"):
            if len(line) > MAX_LINE:
                yield number, f"It has a line of {len(line)} characters."


def has_headings(notebook, questions):
    """Each of these questions has its heading, once."""
    text = "\n\n".join(
        cell.source for cell in notebook.cells if cell.cell_type == "markdown"
    )
    for question in questions:
        count = len(heading(question).findall(text))
        if count != 1:
            yield (
                None,
                f"Question {question.id} has {count} headings of the form "
                f"'## {question.id} ... ({question.points:g} P)'.",
            )


RULES = [
    runs_in_order,
    has_no_errors,
    has_no_warnings,
    has_no_volatile_output,
    has_short_lines,
    ran_on_the_real_data,
]
