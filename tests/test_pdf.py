import io
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from conftest import stream
from nbconvert.exporters import get_exporter
from nbconvert.utils.exceptions import ConversionException
from pypdf import PdfReader

from helpers.mnist import STANDIN
from submission import exporter
from submission.exporter import TypstPDFExporter, fold, literal
from submission.files import SubmissionError
from submission.imports import helper_files
from submission.pdf import latex_pdf, sheet_pdf
from submission.rules import squeezed
from submission.sheets import find_sheet

FORMULAS = [
    r"\frac{k}{N V^*} + \sqrt{2} + \binom{k}{n}",
    r"\sum_{c=1}^{C} p_c \quad \prod_i x_i \quad \int_0^1 x \, dx",
    r"\partial \mathcal{L} / \partial \theta, \nabla_w f \to \infty",
    r"\log x + \exp x + \ln x + \sin x + \cos x",
    r"\max_k \min_j g, \arg\max_c p_c",
    r"\alpha \beta \gamma \delta \epsilon \eta \theta \lambda \mu \pi",
    r"\sigma \omega \kappa",
    r"\mathbf{x} \in \mathbb{R}^{10 \times n}, \mathrm{tr}",
    r"\hat{p} + \bar{x} + \tilde{y}, X^\top X",
    r"a \cdot b \odot c \otimes d \pm e, 50\,\%, \{1, \dots, C\}, 1 \cdots n",
    r"a \le b \ge c \ne d \ll e \gg f \approx g \propto h \equiv i \sim j",
    r"p(c \mid x) \Rightarrow y, \underbrace{a + b}_{\text{sum}}",
    r"\left( \frac{a}{b} \right) \lVert x \rVert^2 \lvert y \rvert",
    r"\langle a, b \rangle",
    r"\begin{aligned} a &= b \\ &= c \end{aligned}",
    r"\begin{cases} 1 & \text{if } x \\ 0 & \text{else} \end{cases}",
    r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}"
    r"\begin{bmatrix} a \\ b \end{bmatrix}",
]


def make(notebook_node, **options):
    return TypstPDFExporter(**options).from_notebooks({"nb": notebook_node})


def text_of(document):
    pages = PdfReader(io.BytesIO(document)).pages
    return " ".join("\n".join(page.extract_text() for page in pages).split())


def alternatives(document):
    """Alt texts of all tagged elements."""
    found = []

    def walk(element):
        element = element.get_object()
        if isinstance(element, list):
            for child in element:
                walk(child)
        elif isinstance(element, dict):
            if "/Alt" in element:
                found.append(element["/Alt"])
            if "/K" in element:
                walk(element["/K"])

    walk(PdfReader(io.BytesIO(document)).root_object["/StructTreeRoot"])
    return found


@pytest.mark.parametrize("formula", FORMULAS)
def test_formulas_are_set_with_their_latex_as_alt_text(notebook, formula):
    inline = make(notebook(f"An inline ${formula}$ formula."))
    display = make(notebook(f"$$\n{formula}\n$$"))
    assert formula in alternatives(inline)
    assert formula in alternatives(display)
    assert "\\" not in text_of(inline).replace("1 + 1", "")


def test_every_allowed_command_is_in_a_tested_formula():
    source = (Path(exporter.__file__).parent / "maths.lua").read_text()
    allowed = re.search(r"ALLOWED = \[\[(.*?)\]\]", source, re.S)[1].split()
    used = set(re.findall(r"\\([a-zA-Z]+)", " ".join(FORMULAS)))
    assert used == set(allowed)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (r"$\frac{a}{$", r"formula"),
        (r"$a \oplus b$", r"the command \\oplus"),
        (r"$a \! b$", r"\\! in"),
        (r"$\color{red} x$", r"the command \\color"),
        (r"$\left. x \right|$", "a delimiter without its partner"),
        (r"$$\begin{vmatrix} a \end{vmatrix}$$", "the environment vmatrix"),
        (r"$$\begin{align} a \end{align}$$", "the environment align"),
        ("$ x $ with spaces", "looks like a formula"),
        ("$$\nx\n\n= y\n$$", "looks like a formula"),
        (r"\begin{equation}x\end{equation}", "looks like a formula"),
        ("a <b>bold</b> word", "raw html"),
        ("<table><tr><td>1</td></tr></table>", "raw html"),
        ("![alt](picture.png)", "a picture in the text"),
        ("an \N{OCTOPUS}", "could not be displayed"),
        ("$$" + "x + " * 60 + "x$$", "this formula is wider than the page"),
    ],
)
def test_what_cannot_be_converted_names_notebook_cell_and_reason(
    notebook, text, reason
):
    node = notebook()
    node.cells.insert(0, nbformat.v4.new_code_cell("panel()"))
    node.cells[0].metadata["tags"] = ["interactive"]
    node.cells[1].source = text
    with pytest.raises(ConversionException, match=rf"nb, cell 2: .*{reason}"):
        make(node)


def test_code_that_would_leave_the_page_stops_the_build(notebook):
    make(notebook(source="x" * 90))
    with pytest.raises(ConversionException, match=r"cell 2: .* too wide"):
        make(notebook(source="x" * 91))


def test_long_output_is_folded_and_none_of_it_lost(notebook):
    words = " ".join(str(i) for i in range(1000))
    found = text_of(make(notebook(outputs=[stream(words)])))
    digits = re.sub(r"[^\d ]", " ", found)
    assert "998" in digits
    assert "999" in digits
    assert all(len(line) <= 10 for line in fold("y" * 95, 10).split("\n"))
    assert fold("y" * 95, 10).count("y") == 95


def test_special_characters_of_typst_are_printed_as_they_are(notebook):
    tricky = r'#let x = "a\b" $1$ *b* _c_ `d` <e> @f [g] // h'
    found = text_of(make(notebook(outputs=[stream(tricky)], source="1")))
    assert tricky in found
    assert literal('"\n\\') == r'"\"\n\\"'


@pytest.mark.parametrize("missing", ["alt", "caption"])
def test_a_figure_without_alt_text_or_caption_stops_the_build(
    notebook, figure_output, missing
):
    broken = notebook(outputs=[figure_output(**{missing: ""})])
    with pytest.raises(
        ConversionException, match=rf"cell 2: a figure has no {missing}"
    ):
        make(broken)


def test_caption_and_alt_text_reach_the_pdf_once(notebook, figure_output):
    caption = {
        "output_type": "display_data",
        "data": {"text/markdown": "*Figure:* Four pixels."},
        "metadata": {"is_caption": True},
    }
    document = make(notebook(outputs=[figure_output(), caption]))
    assert text_of(document).count("Four pixels.") == 1
    assert "Figure 1: Four pixels." in text_of(document)
    assert alternatives(document).count("A dot.") == 1


def test_an_error_output_stops_the_build(notebook):
    error = {
        "output_type": "error",
        "ename": "KeyError",
        "evalue": "'x'",
        "traceback": [],
    }
    with pytest.raises(ConversionException, match="raised KeyError: 'x'"):
        make(notebook(outputs=[error]))


def test_an_output_without_a_printable_form_stops_the_build(notebook):
    html = {
        "output_type": "display_data",
        "data": {"text/html": "<b>1</b>", "text/plain": "<Bold>"},
        "metadata": {},
    }
    with pytest.raises(ConversionException, match="no printable form"):
        make(notebook(outputs=[html]))


def test_interactive_cells_are_left_out_and_answers_show_no_code(notebook):
    node = notebook("Text.", source="secret_panel()")
    node.cells[1].metadata["tags"] = ["interactive"]
    assert "secret_panel" not in text_of(make(node))
    node = notebook("Text.", source="hidden", outputs=[stream("The answer")])
    node.cells[1].metadata["tags"] = ["answer"]
    found = text_of(make(node))
    assert "hidden" not in found
    assert "The answer" in found


def test_the_title_page_contents_and_page_numbers_are_there(notebook):
    document = make(
        notebook("# One\n\n## Two (1 P)\n\nText with äöüß æøå → ≤."),
        title="Sheet",
        course="Course",
        author="Müller",
        matriculation="1234567",
    )
    reader = PdfReader(io.BytesIO(document))
    title_page = reader.pages[0].extract_text()
    for text in "Sheet", "Course", "Müller", "1234567":
        assert text in title_page
    assert "Contents" in reader.pages[1].extract_text()
    assert "1 of 2" in reader.pages[1].extract_text()
    assert "äöüß æøå → ≤" in text_of(document)
    assert [item.title for item in reader.outline if "title" in dir(item)]


def test_the_title_page_says_when_the_data_are_a_standin(notebook):
    sheet = find_sheet("genai-ex2")
    for output, marked in ("data: MNIST", False), (f"data: {STANDIN}", True):
        node = notebook(outputs=[stream(output)])
        pages = PdfReader(io.BytesIO(sheet_pdf(sheet, {"nb": node}))).pages
        assert (STANDIN in pages[0].extract_text()) is marked


def test_the_pdf_says_it_is_accessible(notebook):
    root = PdfReader(io.BytesIO(make(notebook("x"), title="T"))).root_object
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"].startswith("en")
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()


def test_two_builds_are_identical(notebook, figure_output):
    node = notebook("Some $x$.", outputs=[figure_output()])
    assert make(node, title="T") == make(node, title="T")


def test_nbconvert_finds_the_exporter_by_its_name():
    assert get_exporter("typst") is TypstPDFExporter


def test_the_appendix_holds_all_code_that_is_not_printed_above(notebook):
    sheet = find_sheet("genai-ex2")
    node = notebook(source="hidden_answer = 1")
    node.cells[1].metadata["tags"] = ["answer"]
    found = squeezed(text_of(sheet_pdf(sheet, {"nb": node})))
    assert "hidden_answer=1" in found
    for path in sheet.notebooks:
        for file in helper_files(path):
            for line in file.read_text("utf-8").split("\n"):
                assert squeezed(line) in found


@pytest.mark.skipif(
    shutil.which("xelatex") is None, reason="xelatex is not installed"
)
def test_tex_makes_the_pdf_the_ordinary_way(notebook, figure_output):
    text = "# One\n\n| a | b |\n|---|---|\n| 1 | $x^2$ |\n\nMüller"
    node = notebook(text, outputs=[figure_output(), stream("42")])
    found = text_of(latex_pdf(find_sheet("dnn-a4"), {"nb": node}))
    for text in "Assignment 4", "Müller", "42", "def softmax":
        assert text in found


def test_without_tex_it_is_said_what_is_missing(notebook, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SubmissionError, match="needs xelatex"):
        latex_pdf(find_sheet("dnn-a4"), {"nb": notebook()})


def test_nbconvert_can_use_the_exporter_for_one_notebook(notebook):
    document, resources = TypstPDFExporter(title="T").from_notebook_node(
        notebook("Hello.")
    )
    assert document.startswith(b"%PDF")
    assert resources["output_extension"] == ".pdf"
