import io
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from conftest import alternatives, stream, text_of
from nbconvert.exporters import get_exporter
from nbconvert.utils.exceptions import ConversionException
from PIL import Image
from pypdf import PdfReader

from nbtypst import TypstPDFExporter, chapter
from nbtypst.__main__ import main
from nbtypst.texts import fold, literal


def make(notebook_node, **options):
    """The PDF of a notebook of which nothing is replaced."""
    exporter = TypstPDFExporter(strict=True, **options)
    return exporter.from_notebooks({"nb": notebook_node})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (r"$\frac{a}{$", "a formula is shown by its source"),
        ("![](https://example.org/a.png)", "on the web"),
        ("![alt](missing.png)", "a picture cannot be shown"),
        ("# One\n\n### Three", "a heading of level 3"),
        ("[text](other.ipynb)", "a link to other.ipynb"),
        ("an \N{OCTOPUS}", "no font .*octopus"),
        ("$$" + "x + " * 60 + "x$$", "a formula wider than the page"),
    ],
)
def test_strict_mode_names_the_cell_and_what_it_would_replace(
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


def test_a_figure_without_an_alt_text_stops_the_strict_build(
    notebook, figure_output
):
    broken = notebook(outputs=[figure_output(alt="")])
    with pytest.raises(ConversionException, match=r"cell 2: .* no alt text"):
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


def test_a_picture_that_is_all_of_some_html_is_a_figure(
    notebook, figure_output
):
    output = figure_output()
    png = output["data"]["image/png"]
    src = f"data:image/png;base64,{png}"
    img = f'<img alt="&lt;A dot&gt;" width="48" src="{src}">'
    output["data"] = {"text/html": img}
    output["metadata"] = {"text/html": {"caption": "Four *pixels*."}}
    document = make(notebook(outputs=[output]))
    assert "Figure 1: Four pixels." in text_of(document)
    assert alternatives(document).count("<A dot>") == 1


def test_an_error_output_stops_the_build(notebook):
    error = {
        "output_type": "error",
        "ename": "KeyError",
        "evalue": "'x'",
        "traceback": [],
    }
    with pytest.raises(ConversionException, match="raised KeyError: 'x'"):
        make(notebook(outputs=[error]))


def test_tags_leave_out_a_cell_or_its_code(notebook):
    node = notebook("Text.", source="secret_panel()")
    node.cells[1].metadata["tags"] = ["remove-cell"]
    assert "secret_panel" not in text_of(make(node))
    node = notebook("Text.", source="hidden", outputs=[stream("The answer")])
    node.cells[1].metadata["tags"] = ["hide-input"]
    found = text_of(make(node))
    assert "hidden" not in found
    assert "The answer" in found


def test_headings_become_bookmarks_and_the_page_says_where_it_is(notebook):
    node = notebook("# One\n\n## Two $x$\n\nText: äöüß æøå → ≤.")
    document = make(node, title="Sheet", author="Müller")
    reader = PdfReader(io.BytesIO(document))
    assert [reader.metadata.title, reader.metadata.author] == [
        "Sheet",
        "Müller",
    ]
    first_page = reader.pages[0].extract_text()
    assert first_page.startswith("Müller One\n")  # the running head
    assert "1 of 1" in first_page
    assert "äöüß æøå → ≤" in first_page
    one, (two,) = reader.outline
    assert one.title == "One"
    assert two.title.startswith("Two")


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


def old_notebook(version):
    """A notebook as older programs store it, as JSON text."""
    if version[0] == 3:
        cells = [
            {"cell_type": "heading", "level": 1, "source": ["Old title"]},
            {
                "cell_type": "code",
                "language": "python",
                "input": ["print(1)"],
                "outputs": [
                    {
                        "output_type": "stream",
                        "stream": "stdout",
                        "text": "one",
                    }
                ],
                "prompt_number": 1,
            },
        ]
        content = {"worksheets": [{"cells": cells}], "metadata": {"name": ""}}
    else:
        code = {
            "cell_type": "code",
            "metadata": {},
            "source": "print(1)",
            "outputs": [stream("one")],
            "execution_count": 1,
        }
        text = {
            "cell_type": "markdown",
            "metadata": {},
            "source": "# Old title",
        }
        content = {"cells": [text, code], "metadata": {}}
        if version >= (4, 5):
            for number, cell in enumerate(content["cells"]):
                cell["id"] = f"cell-{number}"
    numbers = {"nbformat": version[0], "nbformat_minor": version[1]}
    return json.dumps(content | numbers)


VERSIONS = [(3, 0), *((4, minor) for minor in range(6))]


@pytest.mark.parametrize("version", VERSIONS)
def test_notebooks_of_all_formats_are_converted(tmp_path, capsys, version):
    file = tmp_path / "old.ipynb"
    file.write_text(old_notebook(version))
    assert main([str(file)]) == 0
    assert capsys.readouterr().out.startswith("wrote")
    found = text_of((tmp_path / "old.pdf").read_bytes())
    assert "Old title" in found
    assert "print(1) one" in found


def test_several_notebooks_become_chapters_of_one_pdf(
    tmp_path, notebook, capsys
):
    files = []
    for folder, title in ("a", "First"), ("b", "Second"):
        (tmp_path / folder).mkdir()
        Image.new("L", (2, 2)).save(tmp_path / folder / "dot.png")
        files.append(str(tmp_path / folder / "same-name.ipynb"))
        text = f"# {title}\n\n![a dot](dot.png) [up](#{title})"
        nbformat.write(notebook(text), files[-1])
    output = str(tmp_path / "both.pdf")
    options = ["-o", output, "--title", "Both", "--author", "Müller"]
    assert main([*files, *options]) == 0
    document = Path(output).read_bytes()
    reader = PdfReader(output)
    assert [item.title for item in reader.outline] == ["First", "Second"]
    assert reader.metadata.title == "Both"
    assert "Contents" in text_of(document)
    assert alternatives(document) == ["a dot", "a dot"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("content", ["{", "[]", "{}", '"x"', "\x00"])
def test_what_is_no_notebook_is_refused_with_a_sentence(
    tmp_path, capsys, content
):
    file = tmp_path / "broken.ipynb"
    file.write_text(content)
    assert main([str(file)]) == 1
    assert capsys.readouterr().err.startswith("error: ")
    assert not (tmp_path / "broken.pdf").exists()


def test_strict_mode_leaves_no_pdf_where_something_was_replaced(
    tmp_path, notebook, capsys
):
    file = tmp_path / "nb.ipynb"
    nbformat.write(notebook("![](missing.png)"), file)
    assert main([str(file), "--strict"]) == 1
    assert "nb, cell 1: a picture cannot be shown" in capsys.readouterr().err
    assert not file.with_suffix(".pdf").exists()


def test_nbconvert_takes_its_own_options(tmp_path, notebook):
    file = tmp_path / "nb.ipynb"
    node = notebook("# Title", source="hidden", outputs=[stream("shown")])
    node.cells.append(nbformat.v4.new_code_cell("left_out"))
    node.cells[-1].metadata["tags"] = ["mine"]
    nbformat.write(node, file)
    options = (
        "--to=typst",
        "--no-input",
        "--TagRemovePreprocessor.remove_cell_tags=mine",
        "--TypstPDFExporter.title=Mine",
    )
    subprocess.run(
        [sys.executable, "-m", "nbconvert", *options, file],
        check=True,
        capture_output=True,
    )
    document = (tmp_path / "nb.pdf").read_bytes()
    assert PdfReader(io.BytesIO(document)).metadata.title == "Mine"
    found = text_of(document)
    assert "shown" in found
    assert "hidden" not in found
    assert "left_out" not in found


def test_options_leave_out_kinds_of_cells(notebook):
    node = notebook("Words", source="code", outputs=[stream("printed")])
    for option, gone in (
        ("exclude_markdown", "Words"),
        ("exclude_code_cell", "printed"),
        ("exclude_output", "printed"),
        ("exclude_input", "code"),
    ):
        assert gone not in text_of(make(node, **{option: True})), option


def test_another_cover_comes_first(notebook, tmp_path):
    cover = tmp_path / "mine.typ"
    cover.write_text("#let cover(about) = [By #about.author of #about.school]")
    document = make(
        notebook("x"),
        cover=str(cover),
        author="Müller",
        about={"school": "the school"},
        language="de",
    )
    assert "By Müller of the school" in text_of(document)
    root = PdfReader(io.BytesIO(document)).root_object
    assert root["/Lang"].startswith("de")


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
    pandoc = chapter.pandoc
    monkeypatch.setattr(
        chapter, "pandoc", lambda *args: calls.append(1) or pandoc(*args)
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
    assert "title: x" in text_of(make(notebook("---\ntitle: x\n\n---")))


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
    text = f"# One\n\n{filling}\n\n## Heading\n\nThe code:"
    node = notebook(text, source=code)
    pages = pages_of(make(node))
    together = [page for page in pages if "line_0\n" in page]
    assert len(together) == 1
    for part in "Heading", "The code:", "line_19":
        assert part in together[0]


def test_long_cells_go_on_over_the_page(notebook):
    code = "\n".join(f"line_{i}" for i in range(90))
    first, second = pages_of(make(notebook(source=code)))
    assert "line_0\n" in first
    assert "line_89" in second


def test_every_page_names_its_chapter(notebook):
    first, second = notebook("# First"), notebook("# Second\n\nx")
    exporter_ = TypstPDFExporter(title="Both")
    pages = pages_of(exporter_.from_notebooks({"a": first, "b": second}))
    assert pages[0].startswith("First\n")
    assert pages[1].startswith("Second\n")


def test_small_print_takes_less_paper(notebook):
    def num_pages(**metadata):
        node = notebook(source="\n".join(f"line_{i}" for i in range(500)))
        node.metadata.update(metadata)
        return len(pages_of(make(node)))

    assert num_pages(**{"small-print": True}) <= num_pages() / 2
