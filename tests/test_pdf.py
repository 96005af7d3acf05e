import ast
import io
import shutil

import pytest
from conftest import stream, text_of
from pypdf import PdfReader

from helpers.mnist import STANDIN
from submission.files import SubmissionError
from submission.pdf import latex_pdf, sheet_pdf
from submission.reach import excerpt, used_names
from submission.rules import squeezed
from submission.sheets import find_sheet


def test_the_title_page_says_when_the_data_are_a_standin(notebook):
    sheet = find_sheet("genai-ex2")
    for output, marked in ("data: MNIST", False), (f"data: {STANDIN}", True):
        node = notebook(outputs=[stream(output)])
        pages = PdfReader(io.BytesIO(sheet_pdf(sheet, {"nb": node}))).pages
        assert (STANDIN in pages[0].extract_text()) is marked


def test_the_appendix_holds_what_is_not_printed_above_and_is_reached(notebook):
    sheet = find_sheet("genai-ex2")
    source = (
        "from helpers.lls import LinearLeastSquares\nLinearLeastSquares().fit"
    )
    node = notebook(source=source)
    hidden = notebook(source="hidden_answer = 1").cells[1]
    hidden.metadata["tags"] = ["hide-input"]
    node.cells.append(hidden)
    found = squeezed(text_of(sheet_pdf(sheet, {"nb": node})))
    assert found.count("hidden_answer=1") == 1
    assert "np.linalg.lstsq(" in found
    assert "matrix(" in found  # that `fit` calls, in another module
    assert "def softmax(" not in found  # nobody calls it


def test_without_the_demand_it_is_said_where_the_code_is(notebook):
    sheet = find_sheet("dnn-a4")
    node = notebook("# One", source="x = 1")
    found = text_of(sheet_pdf(sheet, {"nb": node}))
    assert "Where the code is" in found
    assert "gradcheck" in found
    assert "Appendix" not in found


def test_the_title_page_has_places_to_fill_in_until_someone_signs(notebook):
    sheet = find_sheet("genai-ex2")
    node = notebook("# One\n\n## Two (1 P)")
    for signature in {}, {"author": "Müller", "matriculation": "1234567"}:
        pdf = sheet_pdf(sheet, {"nb": node}, **signature)
        title_page, *others = PdfReader(io.BytesIO(pdf)).pages
        text = title_page.extract_text()
        for expected in sheet.course, "Contents", "Two (1 P)":
            assert expected in text
        assert ("Name:" in text) == (not signature)
        for expected in signature.values():
            assert expected in text
        assert "1 of" in others[0].extract_text()


MODULE = '''
"""A module.

With more to say.
"""

import math
import os

RADIUS, WIDTH = 2, 4
UNUSED = 3


def area():
    """The area.

    In m^2.
    """
    return math.pi * RADIUS**2


class Shape:
    """A shape."""

    side = area()

    def __init__(self):
        self.used()

    def used(self):
        return helper()

    def unused(self):
        return os.getcwd()


# What helps.
@decorated
def helper():
    # A comment stays.
    return 1


# A comment on what is
# never called.
def dead():
    return area()
'''


def test_an_excerpt_holds_what_is_reached_by_name_and_no_more():
    used = used_names([ast.parse("x.Shape()")], [ast.parse(MODULE)])
    text = excerpt(MODULE, used)
    for kept in (
        '"""A module."""',
        "import math",
        "RADIUS, WIDTH = 2, 4",
        '    """The area."""',
        "side = area()",
        "def used(self)",
        "@decorated\ndef helper()",
        "# A comment stays.",
    ):
        assert kept in text
    for dropped in (
        "os",
        "UNUSED",
        "With more",
        "m^2",
        "unused",
        "dead",
        "never",
    ):
        assert dropped not in text
    ast.parse(text)


def test_an_excerpt_can_do_without_docstrings():
    used = used_names([ast.parse("area()")], [ast.parse(MODULE)])
    assert '"""' not in excerpt(MODULE, used, docstring_lines=0)
    assert "def area():" in excerpt(MODULE, used, docstring_lines=0)


@pytest.mark.skipif(
    shutil.which("xelatex") is None, reason="xelatex is not installed"
)
def test_tex_makes_the_pdf_the_ordinary_way(notebook, figure_output):
    text = "# One\n\n| a | b |\n|---|---|\n| 1 | $x^2$ |\n\nMüller"
    figure = figure_output()
    png = figure["data"]["image/png"]
    figure["data"] = {"text/html": f'<img src="data:image/png;base64,{png}">'}
    node = notebook(text, outputs=[figure, stream("42")])
    document = latex_pdf(find_sheet("dnn-a4"), {"nb": node})
    pages = PdfReader(io.BytesIO(document)).pages
    assert sum(len(page.images) for page in pages) == 1
    found = text_of(document)
    for text in "Assignment 4", "Müller", "42", "Where the code is":
        assert text in found


def test_without_tex_it_is_said_what_is_missing(notebook, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SubmissionError, match="needs xelatex"):
        latex_pdf(find_sheet("dnn-a4"), {"nb": notebook()})
