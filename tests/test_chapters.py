"""What makes a notebook a chapter that can be read."""

import ast
from collections import Counter
from statistics import median

import pytest
from readability import CALL, chapters, code_cells, lengths, report

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


def test_the_report_has_a_line_for_each_notebook():
    assert len(list(report())) == 1 + len(CHAPTERS)
