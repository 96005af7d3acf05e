"""What makes a notebook a chapter that can be read."""

import ast
import re
from collections import Counter
from statistics import median

import pytest
from readability import CALL, chapters, code_cells, lengths, report

from submission.notebook import text_of

VOLATILE = re.compile(  # addresses, paths, times, names of types
    r"\b0x[0-9a-fA-F]{6,}\b|(?<![\w.:/])/(home|root|Users|tmp|usr|opt)/|"
    r"\b[A-Z]:\\|\b\d{1,2}:\d\d:\d\d\b|\b\d{4}-\d\d-\d\dT|np\.\w+\("
)
CHAPTERS = {name: (notebook, texts) for name, notebook, texts in chapters()}


@pytest.fixture(params=list(CHAPTERS))
def chapter(request):
    """A notebook and the texts beside it."""
    return CHAPTERS[request.param]


def test_visible_cells_are_short(chapter):
    notebook, _ = chapter
    assert median(lengths(notebook)) <= 6
    assert max(lengths(notebook)) <= 25


def test_cells_whose_code_is_not_printed_define_nothing(chapter):
    notebook, _ = chapter
    for source in code_cells(notebook, visible=False):
        for node in ast.parse(source).body:
            assert isinstance(node, (ast.Expr, ast.For)), source


def test_every_text_is_used_once_and_every_use_has_its_text(chapter):
    notebook, texts = chapter
    code = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    uses = Counter(key for _, key in CALL.findall(code))
    assert set(uses) == set(texts)
    assert set(uses.values()) == {1}


def test_a_text_has_what_its_kind_needs_and_no_more(chapter):
    notebook, texts = chapter
    code = "\n".join(c.source for c in notebook.cells if c.cell_type == "code")
    wanted = {
        "figure": {"caption", "alt"},
        "table": {"caption"},
        "answer": {"text"},
    }
    for kind, key in CALL.findall(code):
        assert set(texts[key]) == wanted[kind], key


def test_no_output_holds_what_differs_between_machines(chapter):
    notebook, _ = chapter
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr"
        assert not VOLATILE.search(text_of(cell))


def test_lines_of_text_are_as_short_as_those_of_code(chapter):
    notebook, _ = chapter
    for cell in notebook.cells:
        assert max(map(len, cell.source.split("\n"))) <= 79


def test_the_report_has_a_line_for_each_notebook():
    assert len(list(report())) == 1 + len(CHAPTERS)
