import io
import re
from pathlib import Path

import nbformat
import pytest
from conftest import alternatives, stream, text_of
from nbconvert.exporters import get_exporter
from nbconvert.utils.exceptions import ConversionException
from pypdf import PdfReader

from nbtypst import TypstPDFExporter, exporter
from nbtypst.exporter import fold, literal

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
        (r"$h = 1.5e-08$", "a number such as 1e-8"),
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
    node.cells[0].metadata["tags"] = ["remove-cell"]
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


def test_tags_leave_out_a_cell_or_its_code(notebook):
    node = notebook("Text.", source="secret_panel()")
    node.cells[1].metadata["tags"] = ["remove-cell"]
    assert "secret_panel" not in text_of(make(node))
    node = notebook("Text.", source="hidden", outputs=[stream("The answer")])
    node.cells[1].metadata["tags"] = ["hide-input"]
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
    assert "Contents" in title_page
    first_page = reader.pages[1].extract_text()
    assert first_page.startswith("Müller One\n")  # the running head
    assert "1 of 1" in first_page
    assert "äöüß æøå → ≤" in text_of(document)
    assert [item.title for item in reader.outline if "title" in dir(item)]


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


def test_nbconvert_can_use_the_exporter_for_one_notebook(notebook):
    document, resources = TypstPDFExporter(title="T").from_notebook_node(
        notebook("Hello.")
    )
    assert document.startswith(b"%PDF")
    assert resources["output_extension"] == ".pdf"


def pages_of(document):
    return [p.extract_text() for p in PdfReader(io.BytesIO(document)).pages]


def table_output(text, **metadata):
    """A table as a notebook stores it."""
    return {
        "output_type": "display_data",
        "data": {"text/markdown": text, "text/plain": text},
        "metadata": {"text/markdown": metadata},
    }


def test_pandoc_is_called_once_a_notebook(notebook, monkeypatch):
    calls = []
    run = exporter.subprocess.run
    monkeypatch.setattr(
        exporter.subprocess,
        "run",
        lambda *args, **kw: calls.append(args) or run(*args, **kw),
    )
    node = notebook("# One\n\nText.", outputs=[table_output("*Emphasis.*")])
    node.cells.append(nbformat.v4.new_markdown_cell("More."))
    found = text_of(TypstPDFExporter().from_notebooks({"a": node, "b": node}))
    assert found.count("Emphasis.") == found.count("More.") == 2
    assert len(calls) == 2


def test_each_text_is_read_for_itself(notebook):
    node = notebook("A text with an open fence:\n\n```\ncode")
    node.cells.append(nbformat.v4.new_markdown_cell("- not *in* the fence"))
    assert "• not in the fence" in text_of(make(node))


def test_a_text_that_looks_like_metadata_is_not_dropped(notebook):
    assert "title: x" in text_of(make(notebook("---\ntitle: x\n---")))


def test_a_table_has_its_caption_and_only_captions_are_numbered(notebook):
    plain = "| a |\n| ---: |\n| 17 |"
    node = notebook(
        f"{plain}\n\nText.", outputs=[table_output(plain, caption="A *17*.")]
    )
    found = text_of(make(node))
    assert found.count("17") == 3
    assert found.count("Table") == 1
    assert "Table 1: A 17." in found


@pytest.mark.parametrize("num_words", range(560, 720, 10))
def test_what_belongs_together_stays_on_a_page(notebook, num_words):
    filling = "\n\n".join(["word " * 10] * (num_words // 10))
    code = "\n".join(f"line_{i}" for i in range(20))
    node = notebook(f"{filling}\n\n## Heading\n\nThe code:", source=code)
    pages = pages_of(make(node))
    together = [page for page in pages if "line_0\n" in page]
    assert len(together) == 1
    for part in "Heading", "The code:", "line_19":
        assert part in together[0]


def test_long_cells_go_on_over_the_page(notebook):
    code = "\n".join(f"line_{i}" for i in range(90))
    first, second = pages_of(make(notebook(source=code)))[1:]
    assert "line_0\n" in first
    assert "line_89" in second


def test_without_an_author_the_title_page_has_places_to_fill_in(notebook):
    title_page = pages_of(make(notebook("x")))[0]
    assert "Name:" in title_page
    assert "Matriculation number:" in title_page
    signed = pages_of(make(notebook("x"), author="Müller"))[0]
    assert "Name:" not in signed


def test_every_page_names_its_chapter(notebook):
    first, second = notebook("# First"), notebook("# Second\n\nx")
    exporter_ = TypstPDFExporter(title="Both")
    pages = pages_of(exporter_.from_notebooks({"a": first, "b": second}))
    assert pages[1].startswith("First\n")
    assert pages[2].startswith("Second\n")


def test_small_print_takes_less_paper(notebook):
    def num_pages(**metadata):
        node = notebook(source="\n".join(f"line_{i}" for i in range(500)))
        node.metadata.update(metadata)
        return len(pages_of(make(node)))

    assert num_pages(**{"small-print": True}) < num_pages() / 2


def test_bars_are_set_as_brackets_without_the_space_of_relations(notebook):
    loose = text_of(make(notebook(r"$\lvert x \rvert$")))
    tight = text_of(make(notebook(r"$\left| x \right|$")))
    assert loose == tight
