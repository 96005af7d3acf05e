"""What the exporter makes of any notebook, and what it says of it."""

import base64
import io
import logging

import pytest
from conftest import alternatives, stream, tagged, text_of
from nbconvert.utils.exceptions import ConversionException
from nbformat import from_dict
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_raw_cell,
)
from PIL import Image
from pypdf import PdfReader

from nbtypst import TypstPDFExporter, chapter, typesetting
from nbtypst.texts import fold, printed_text, shortened

SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">'
    '<rect width="40" height="20" fill="red"/>{}</svg>'
)


@pytest.fixture
def convert():
    """Convert cells; returns the PDF and what was replaced."""

    def run(*cells, folder=None, metadata=None, **options):
        lines = []
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(record.getMessage())
        exporter = TypstPDFExporter(log=logging.Logger("test"), **options)
        exporter.log.addHandler(handler)
        exporter.log.setLevel(logging.WARNING)
        node = new_notebook(cells=list(cells), metadata=metadata or {})
        folders = {} if folder is None else {"nb": folder}
        pdf = exporter.from_notebooks({"nb": node}, folders)
        assert b"pdfuaid:part" in metadata_of(pdf)
        return pdf, lines

    return run


def metadata_of(pdf):
    root = PdfReader(io.BytesIO(pdf)).root_object
    return root["/Metadata"].get_object().get_data()


def output(metadata=None, **data):
    """An output; `image_png=` stands for "image/png"."""
    return {
        "output_type": "display_data",
        "data": {key.replace("_", "/", 1): v for key, v in data.items()},
        "metadata": metadata or {},
    }


def code(*outputs, source="1 + 1", **kwargs):
    return new_code_cell(
        source,
        execution_count=1,
        outputs=[from_dict(o) for o in outputs],
        **kwargs,
    )


def picture(kind="png", size=(8, 4), color="red", **options):
    """The bytes of a picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", size, color).save(file, format=kind, **options)
    return file.getvalue()


def coded(data):
    return base64.b64encode(data).decode()


def images_of(pdf):
    return [
        i for page in PdfReader(io.BytesIO(pdf)).pages for i in page.images
    ]


def drawn_widths(pdf):
    """The widths in inches at which pictures are drawn, in their order."""
    widths = []
    for page in PdfReader(io.BytesIO(pdf)).pages:

        def visit(operator, operands, matrix, _, widths=widths):
            if operator == b"Do":
                widths.append(round(abs(matrix[0]) / 72, 2))

        page.extract_text(visitor_operand_before=visit)
    return widths


# Code and printed text


def test_long_lines_of_code_are_folded_with_a_mark(convert):
    line = "total = " + " + ".join(f"value_{i}" for i in range(40))
    pdf, lines = convert(code(source=f"if True:\n    {line}"))
    found = text_of(pdf)
    assert "↪" in found
    assert "".join(found.replace("↪", "").split()).count("value_") == 40
    assert lines == ["nb, cell 1: a line of code is too wide, so it is folded"]


@pytest.mark.parametrize(
    ("line", "folded"),
    [
        ("abcdef", ["abcd", "↪ ef"]),
        ("ab cdef", ["ab ", "↪ cd", "↪ ef"]),
        ("猫猫猫", ["猫猫", "↪ 猫"]),
        ("", [""]),
    ],
)
def test_a_line_breaks_at_a_space_if_it_can(line, folded):
    assert fold(line, 4).split("\n") == folded


def test_what_a_cell_prints_is_shown_as_a_terminal_shows_it():
    assert printed_text("\x1b[1;31mred\x1b[0m\n") == "red"
    assert printed_text(" 10%\r 50%\r100%\ndone\n") == "100%\ndone"
    assert printed_text("a\r\nb") == "a\nb"
    assert printed_text("1/2\b\b\b2/2") == "2/2"
    assert printed_text("\a\x00bell \ud83d") == "bell "[:4] + ""


def test_a_very_long_output_is_cut_in_the_middle_and_that_is_said(convert):
    text = "\n".join(f"line {i}" for i in range(5000))
    pdf, lines = convert(code(stream(text)))
    assert "line 4999" in text_of(pdf)
    assert "4000 lines are left out" in text_of(pdf)
    assert "a very long output" in lines[0]
    assert shortened("a\nb") == "a\nb"


def test_an_error_is_shown_with_its_traceback(convert):
    error = {
        "output_type": "error",
        "ename": "KeyError",
        "evalue": "'x'",
        "traceback": [
            "\x1b[31mTraceback\x1b[0m (most recent call last)",
            "end",
        ],
    }
    pdf, lines = convert(code(error))
    assert "Traceback (most recent call last) end" in text_of(pdf)
    assert lines == ["nb, cell 1: it raised KeyError: 'x'"]


def test_a_widget_is_shown_by_its_text(convert):
    widget = output(
        **{
            "application_vnd.jupyter.widget-view+json": {"model_id": "1"},
            "text_plain": "IntSlider(value=3)",
        }
    )
    pdf, lines = convert(code(widget))
    assert "IntSlider(value=3)" in text_of(pdf)
    assert "shown by its text" in lines[0]


def test_raw_cells_are_shown_by_their_format(convert):
    pdf, lines = convert(
        new_raw_cell("**bold**", metadata={"raw_mimetype": "text/markdown"}),
        new_raw_cell("<b>fat</b>", metadata={"format": "text/html"}),
        new_raw_cell("a \\emph{b}", metadata={"format": "text/latex"}),
        new_raw_cell("*as it* is"),
    )
    assert "bold fat a b *as it* is" in text_of(pdf)
    assert not lines


# Pictures


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp"])
def test_pictures_of_all_formats_are_shown(convert, kind):
    data = {f"image_{kind}": coded(picture(kind))}
    pdf, _ = convert(code(output(**data)))
    (image,) = images_of(pdf)
    red, green, blue = image.image.convert("RGB").getpixel((3, 3))
    assert red > 200
    assert max(green, blue) < 60


def test_of_an_animation_the_first_frame_is_shown(convert):
    blue = Image.new("RGB", (8, 4), "blue")
    data = picture("gif", save_all=True, append_images=[blue])
    pdf, _ = convert(code(output(image_gif=coded(data))))
    assert images_of(pdf)[0].image.convert("RGB").getpixel((3, 3))[0] > 200


def test_an_svg_stays_a_drawing(convert):
    pdf, _ = convert(code(output({}, **{"image_svg+xml": SVG.format("")})))
    assert not images_of(pdf)
    assert alternatives(pdf) == ["Figure of nb, cell 1"]


@pytest.mark.parametrize("harm", ["<foreignObject/>", "<!ENTITY a 'b'>"])
def test_an_svg_that_cannot_be_trusted_gives_way_to_the_next_best(
    convert, harm
):
    both = {"image_svg+xml": SVG.format(harm), "image_png": coded(picture())}
    pdf, lines = convert(code(output(**both)))
    assert len(images_of(pdf)) == 1
    assert "a figure cannot be shown: its SVG file" in lines[0]


def test_the_alt_text_is_the_given_one_else_the_text_above(convert):
    png = coded(picture())
    pdf, lines = convert(
        code(output(image_png=png)),
        new_markdown_cell("# Title\n\nThe *loss* falls with $x^2$."),
        code(output(image_png=png)),
        code(output({"image/png": {"alt": "Mine."}}, image_png=png)),
    )
    first, formula, above, given = alternatives(pdf)
    assert first == "Figure of nb, cell 1"
    assert above == (
        f"Figure of nb, cell 3, below the text: The loss falls with {formula}."
    )
    assert given == "Mine."
    assert [line for line in lines if "no alt" in line] == [
        "nb, cells 1 and 3: a figure has no alt text",
    ]


@pytest.mark.parametrize(
    ("metadata", "pixels", "dots", "inches"),
    [
        ({}, 288, 72, 4),
        ({}, 288, None, 3),
        ({"width": 96}, 288, 72, 1),
        ({"width": "96"}, 288, 72, 1),
        ({"width": "96px", "height": 5}, 288, 72, 1),
        ({"height": 96}, 288, 72, 2),
        ({"width": None}, 288, 72, 4),
        ({"width": float("nan")}, 288, 72, 4),
        ({"width": float("inf")}, 288, 72, 4),
        ({"width": -3}, 288, 72, 4),
        ({"width": "1); #read(1"}, 288, 72, 4),
        ({"width": [1]}, 288, 72, 4),
        ({}, 2880, 72, 6.46),
        ({"width": 5000}, 288, 72, 6.46),
    ],
)
def test_the_width_is_the_given_one_else_that_of_the_dots_per_inch(
    convert, metadata, pixels, dots, inches
):
    options = {"dpi": (dots, dots)} if dots else {}
    png = coded(picture(size=(pixels, pixels // 2), **options))
    pdf, _ = convert(code(output({"image/png": metadata}, image_png=png)))
    assert drawn_widths(pdf) == [pytest.approx(inches, abs=0.01)]


def test_attached_and_local_pictures_are_embedded(convert, tmp_path):
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "a b.png").write_bytes(picture())
    (tmp_path / "drawn.svg").write_text(SVG.format(""))
    png = coded(picture())
    text = (
        "![attached](attachment:a.png) ![local](plots/a%20b.png)\n\n"
        '<img src="plots/a b.png" alt="in HTML" width="48">\n\n'
        f"![within](data:image/png;base64,{png}) ![svg](drawn.svg)"
    )
    cell = new_markdown_cell(text, attachments={"a.png": {"image/png": png}})
    pdf, lines = convert(cell, folder=tmp_path)
    assert alternatives(pdf) == [
        "attached",
        "local",
        "in HTML",
        "within",
        "svg",
    ]
    assert drawn_widths(pdf)[2] == 0.5
    assert not lines


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("https://example.org/a.png", "it is on the web"),
        ("//example.org/a.png", "it is on the web"),
        ("missing.png", "there is no such file"),
        ("../secret.png", "it lies outside of the notebook's folder"),
        ("{root}/secret.png", "it lies outside of the notebook's folder"),
        ("file://{root}/secret.png", "there is no such file"),
        ("link.png", "it lies outside of the notebook's folder"),
        ("attachment:none.png", "the cell has no such attachment"),
        ("text.png", "it is of an unknown format"),
        ("cut.png", "its data are damaged"),
        ("data:image/png;base64,AAAA", "it is of an unknown format"),
        ("a" * 300, "it cannot be read"),
    ],
)
def test_a_picture_that_cannot_be_shown_is_named(
    convert, tmp_path, source, reason
):
    (tmp_path / "secret.png").write_bytes(picture())
    folder = tmp_path / "notebooks"
    folder.mkdir()
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "text.png").write_text("no picture")
    (folder / "cut.png").write_bytes(picture(size=(99, 99))[:150])
    source = source.format(root=tmp_path)
    pdf, lines = convert(
        new_markdown_cell(f"See ![the plot]({source})."), folder=folder
    )
    assert not images_of(pdf)
    assert "See [the plot]." in text_of(pdf)
    assert lines[0].startswith(
        f"nb, cell 1: a picture cannot be shown, {reason}"
    )


def test_a_picture_on_the_web_is_named_with_its_link(convert):
    address = "https://example.org/a.png"
    pdf, _ = convert(new_markdown_cell(f"![the plot]({address})"))
    (annotation,) = PdfReader(io.BytesIO(pdf)).pages[0]["/Annots"]
    assert annotation.get_object()["/A"]["/URI"] == address


# HTML


def test_html_in_a_text_is_read_as_a_browser_reads_it(convert):
    text = (
        "# A <b>bold</b> title\n\nH<sub>2</sub>O<br>x<sup>3</sup> <i>it</i> "
        '<font color="red">red</font>\n\n<center>\n\n**middle** $x_1$\n\n'
        "</center>\n<div class='alert'>note &amp; co</div>\n\n"
        "<details><summary>More</summary>Hidden text</details>\n\n"
        "<script>alert(1)</script><style>p {}</style><!-- comment -->\n\n"
        "<table><tr><th>a</th></tr><tr><td>$y$</td></tr></table>"
    )
    pdf, lines = convert(new_markdown_cell(text))
    found = text_of(pdf)
    for part in (
        *("A bold title", "H2O", "x3 it red", "middle", "note & co"),
        *("More", "Hidden text"),
    ):
        assert part in found, part
    for part in "alert", "comment", "<", "p {}":
        assert part not in found
    assert not lines
    assert (
        alternatives(pdf)[-2:] == ["x 1", "y"] or len(alternatives(pdf)) == 2
    )


def test_footnotes_survive_beside_html(convert):
    text = "A note[^1] and <b>bold</b>.\n\n[^1]: The *note*."
    pdf, _ = convert(new_markdown_cell(text))
    assert "The note." in text_of(pdf)


def frame(num_columns, num_rows=2, name="column"):
    """A table as pandas writes it."""
    heads = "".join(f"<th>{name}_{i}</th>" for i in range(num_columns))
    rows = "".join(
        f"<tr><th>{r}</th>"
        + "".join(f"<td>{r}.{i:03}</td>" for i in range(num_columns))
        + "</tr>"
        for r in range(num_rows)
    )
    return (
        "<div><style scoped>.dataframe {}</style><table border='1'>"
        f"<thead><tr><th></th>{heads}</tr></thead><tbody>{rows}</tbody>"
        "</table></div>"
    )


def test_a_data_frame_becomes_a_table(convert):
    html = output(text_html=frame(3), text_plain="a plain table")
    pdf, lines = convert(code(html))
    assert "column_0 column_1 column_2 0 0.000 0.001 0.002" in text_of(pdf)
    assert "plain" not in text_of(pdf)
    assert "TH" in structure_types(pdf)
    assert not lines


def structure_types(pdf):
    return {str(e.get("/S", "")).lstrip("/") for e in tagged(pdf)}


def right_edge(pdf):
    """How far to the right text begins, in points."""
    edges = []
    for page in PdfReader(io.BytesIO(pdf)).pages:

        def visit(text, _, matrix, *rest, edges=edges):
            if text.strip():
                edges.append(matrix[4])

        page.extract_text(visitor_text=visit)
    return max(edges)


@pytest.mark.parametrize("num_columns", [8, 12, 30])
def test_a_wide_table_is_scaled_or_split_and_stays_on_the_page(
    convert, num_columns
):
    html = output(text_html=frame(num_columns), text_plain="")
    pdf, lines = convert(code(html))
    found = text_of(pdf)
    for i in range(num_columns):
        assert f"column_{i} " in found + " "
        assert f"1.{i:03}" in found
    assert right_edge(pdf) < 595 - 60
    assert bool(lines) == (num_columns > 8)


def test_html_without_content_gives_way_to_plain_text(convert):
    script = output(
        text_html="<div id='x'></div><script>draw()</script>",
        text_plain="<Plot>",
    )
    pdf, lines = convert(code(script))
    assert "<Plot>" in text_of(pdf)
    assert "draw" not in text_of(pdf)
    assert "on paper is shown by its plain text" in lines[0]


def test_latex_outputs_are_set(convert):
    pdf, lines = convert(
        code(output(text_latex=r"$\displaystyle x^{2}$", text_plain="x**2")),
        code(output(text_latex=r"\textbf{fat} text", text_plain="")),
    )
    assert "fat text" in text_of(pdf)
    assert len(alternatives(pdf)) == 1
    assert not lines


def test_what_html_typed_in_a_text_says_is_not_dropped(convert):
    text = (
        "- [ ] open\n- [x] done\n\nline<br>x <label>a label</label>\n\n"
        "<figure><img src='none.png' alt='A'><figcaption>The caption"
        "</figcaption></figure>\n\n<span hidden>secret</span>"
    )
    pdf, _ = convert(new_markdown_cell(text))
    for part in "☐ open", "☒ done", "a label", "The caption":
        assert part in text_of(pdf)
    assert "secret" not in text_of(pdf)


def test_marks_of_typst_within_lists_and_cells_are_text(convert):
    text = (
        "- = a\n- \\+ b\n\n| c |\n|---|\n| - 5 |\n| = d |\n\n"
        "A /$\\newcommand{\\q}{z}$/ e"
    )
    pdf, _ = convert(new_markdown_cell(f"# One\n\n{text}"))
    for part in "= a", "+ b", "- 5", "= d", "A // e":
        assert part in text_of(pdf)
    assert len(PdfReader(io.BytesIO(pdf)).outline) == 1


def test_no_picture_starts_another_program(convert):
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"
    _, lines = convert(code(output(image_png=coded(postscript))))
    assert "of an unknown format" in lines[0]


def test_an_anchor_or_a_footnote_in_a_heading_is_no_obstacle(convert):
    text = '# <a name="x"></a>Title[^1]\n\n[go](#x)\n\n[^1]: A note.'
    pdf, lines = convert(new_markdown_cell(text))
    assert "A note." in text_of(pdf)
    assert PdfReader(io.BytesIO(pdf)).outline[0].title.startswith("Title")
    assert not lines


def test_a_table_of_html_that_falls_apart_is_listed(convert):
    html = "<table><tr><td>b</td><td><pre>x</pre></td></tr></table>"
    pdf, lines = convert(code(output(text_html=html)))
    assert "x" in text_of(pdf)
    assert bool(lines) != ("Table" in structure_types(pdf))


def test_the_name_of_a_notebook_may_look_like_a_place():
    node = new_notebook(cells=[new_markdown_cell("![](a.png)")])
    name = "lab, cell biology"
    with pytest.raises(ConversionException, match=f"{name}, cell 1: "):
        TypstPDFExporter(strict=True).from_notebooks({name: node})


def test_one_endless_line_is_cut(convert):
    pdf, lines = convert(code(stream("x " * 3_000_000)))
    assert "left out" in text_of(pdf)
    assert lines


def test_what_a_player_would_show_is_listed(convert):
    _, lines = convert(
        new_markdown_cell("<video src='m.mp4'>no video</video> text"),
        code(output(text_html="<p>x</p><script>draw()</script>")),
    )
    assert lines == [
        "nb, cells 1 and 2: what a script or player would show is missing"
    ]


def test_latex_without_content_gives_way_to_plain_text(convert):
    pdf, lines = convert(
        code(output(text_latex=r"\unknown{LOST}", text_plain="plain text"))
    )
    assert "plain text" in text_of(pdf)
    assert "latex that shows nothing on paper" in lines[0]


def test_formulas_in_html_may_have_single_backslashes(convert):
    html = r"<div>the \(x^2\) of it</div>"
    for cell in code(output(text_html=html)), new_markdown_cell(html):
        pdf, _ = convert(cell)
        assert len(alternatives(pdf)) == 1
        assert "(" not in text_of(pdf)
    pdf, _ = convert(new_markdown_cell(r"the \(x\) of it"))
    assert "the (x) of it" in text_of(pdf)


def test_old_metadata_of_another_type_are_left_alone(convert):
    cell = code(stream("shown"), metadata={"tags": [], "transient": 5})
    pdf, _ = convert(cell)
    assert "shown" in text_of(pdf)


# Headings and links


def test_skipped_levels_of_headings_are_closed_up(convert):
    pdf, lines = convert(
        new_markdown_cell("###### Licence\n\n# One"),
        new_markdown_cell("#### Two\n\n## Three\n\n#### Four"),
        new_markdown_cell("# Five\n\n# \n\n## $x$"),
    )
    outline = PdfReader(io.BytesIO(pdf)).outline

    def titles(items):
        return [
            titles(item) if isinstance(item, list) else item.title.strip()
            for item in items
        ]

    one, below, five, (_,) = titles(outline)
    assert [one, below, five] == ["One", ["Two", "Three", ["Four"]], "Five"]
    assert "Licence" in text_of(pdf)
    assert lines == [
        "nb, cell 1: a heading of level 6 before the first of level 1 is a "
        "bold line",
        "nb, cell 2: a heading of level 4 has become one of level 2",
        "nb, cell 2: a heading of level 4 has become one of level 3",
    ]


@pytest.mark.parametrize(
    "target", ["My-Title", "my-title", "My%2DTitle", "spot", "part"]
)
def test_links_lead_to_headings_and_anchors_of_other_cells(convert, target):
    pdf, lines = convert(
        new_markdown_cell(f"[go](#{target})"),
        new_markdown_cell("# My Title\n\n<a name='spot' id='spot'></a>Text"),
        new_markdown_cell("<div id='part'>More</div>"),
    )
    assert "/Dest" in str(annotations(pdf)) or "/D" in str(annotations(pdf))
    assert not lines


def annotations(pdf):
    page = PdfReader(io.BytesIO(pdf)).pages[0]
    return [a.get_object() for a in page.get("/Annots", [])]


@pytest.mark.parametrize(
    "target", ["#nowhere", "other.ipynb", "javascript:alert(1)", "file:///etc"]
)
def test_a_link_that_leads_nowhere_is_text_and_named(convert, target):
    pdf, lines = convert(new_markdown_cell(f"[click]({target}) here"))
    assert "click here" in text_of(pdf)
    assert not annotations(pdf)
    assert target in lines[0]


# Characters


def test_other_scripts_are_shown_by_installed_fonts(convert):
    pytest.importorskip("noto_cjk_sans_otc")
    text = "猫 かな 한국 Привет עברית ελληνικά 😀"
    pdf, lines = convert(
        new_markdown_cell(text), code(stream("中文"), source="# 日本")
    )
    found = text_of(pdf)
    for part in "猫", "かな", "한국", "Привет", "中文", "日本", "😀":
        assert part in found
    assert not lines


def test_what_no_font_has_is_named(convert):
    pdf, lines = convert(
        new_markdown_cell("# An 🐙\n\n🐙 $x \\text{🐙}$"), code(stream("🐙"))
    )
    assert text_of(pdf).count("(octopus)") == 5  # once in the running head
    assert lines[-1].startswith("nb, cell")
    assert "no font has these, they are named: octopus" in lines[-1]


# Safety


INJECTIONS = [
    '#read("/etc/passwd")',
    '"); #read("/etc/passwd") //',
    "#panic()",
    "]#panic()[",
    "`#panic()`",
    "```typst\n#panic()\n```",
    "```{=typst}\n#panic()\n```",
    "`#panic()`{=typst}",
    "$#panic()$",
    '$\\text{"#panic()"}$',
    '$"#panic()$',
    "# #panic()",
    '[#panic()](http://x/"#panic\\()")',
    "![#panic()](a#panic.png)",
    "<b typst:text:fill='#panic()'>x</b>",
    "<table typst:fill='panic()'><tr typst:x='#panic()'>"
    "<td typst:fill='panic()' style='color: #panic()'>x</td></tr></table>",
    "<div id='x> #panic()'>x</div> [a](#x> #panic\\(\\))",
    "&#1;0&#1; &#2;{&quot;kind&quot;:&quot;code&quot;}&#2; &#3;x&#3;",
    "\ue0000\ue001 &#xe000;7&#xe001; &#57344;99999&#57345;",
    "@label <label> *a _b_ \\#x /* // */ ~ -- --- = == + - / 1. $",
    "[^1]\n\n[^1]: ]#panic()[",
    "[t](&#3;#panic\\(\\);&#3;) <a href='foo&#3;&#2;{bad&#2;'>y</a>",
    "# Intro\n\n[a](#Intro).at(panic(2)) <s>b</s>.foo() ~~b~~.foo()",
    "a <code>&#1;</code><code>x</code> b <code>&#1;</code> #panic() ``",
    "&#xE000;" + "1" * 5000 + "&#xE001; &#xE002;7&#xE003;",
    "\ufeff \ufffe \ufdd0 &#xfeff; $a\ufffe\ufeffb$",
    "| a |\n|---|\n| ]#panic()[ |",
]


@pytest.mark.parametrize("harm", INJECTIONS)
def test_texts_inject_no_typst(convert, harm):
    convert(new_markdown_cell(harm))


@pytest.mark.parametrize("harm", INJECTIONS)
def test_code_outputs_and_metadata_inject_no_typst(convert, harm):
    metadata = {"alt": harm, "caption": harm, "width": harm}
    error = {
        "output_type": "error",
        "ename": harm,
        "evalue": harm,
        "traceback": [harm],
    }
    convert(
        code(
            stream(harm),
            output({"image/png": metadata}, image_png=coded(picture())),
            output(text_html=harm, text_plain=harm),
            output(text_latex=harm),
            output({"text/markdown": {"caption": harm}}, text_markdown=harm),
            error,
            source=harm,
        ),
        new_raw_cell(harm, metadata={"format": "text/latex"}),
        new_raw_cell(harm, metadata={"format": "text/restructuredtext"}),
        new_raw_cell(harm, metadata={"format": "text/html"}),
        metadata={"title": harm, "language_info": {"name": harm}},
        author=harm,
    )


def test_html_and_latex_read_no_files(convert, tmp_path):
    secret = tmp_path / "secret.tex"
    secret.write_text("the secret")
    html = f'<iframe src="{secret}"></iframe><img src="{secret}">'
    latex = rf"\input{{{secret}}} \include{{{secret}}}"
    pdf, _ = convert(
        code(output(text_html=html, text_plain="")),
        code(output(text_latex=latex, text_plain="")),
        new_markdown_cell(f"{html} ${latex}$"),
        new_raw_cell(
            f".. include:: {secret}",
            metadata={"format": "text/restructuredtext"},
        ),
        folder=tmp_path / "notebooks",
    )
    assert "the secret" not in text_of(pdf)


def test_a_title_that_cannot_be_seen_is_replaced(convert):
    pdf, _ = convert(new_markdown_cell("x"), title="\x01\ufeff")
    assert PdfReader(io.BytesIO(pdf)).metadata.title == "nb"


def test_many_things_that_typst_refuses_still_make_a_pdf(convert, monkeypatch):
    monkeypatch.setattr(typesetting, "LONGEST_TIME", 2)
    broken = [
        output(**{"image_svg+xml": SVG.format(f"<use href='#{i}'/>" * 2)})
        for i in range(40)
    ]
    pdf, _ = convert(code(*broken), new_markdown_cell("the end"))
    assert "the end" in text_of(pdf)


def test_what_takes_too_long_is_shown_as_it_was_typed(convert, monkeypatch):
    monkeypatch.setattr(typesetting, "LONGEST_TIME", 1)
    nested = "".join("  " * i + "- item\n" for i in range(90))
    slow = typesetting.run

    def run(start, pieces, folder):
        if any("- item" in p.source and "printed" in p.source for p in pieces):
            return slow(start, pieces, folder)
        return [(None, typesetting.TOO_LONG)]

    monkeypatch.setattr(typesetting, "run", run)
    pdf, lines = convert(new_markdown_cell(nested))
    assert "- item" in text_of(pdf)
    assert lines == [
        "nb, cell 1: Typst takes too long, so nothing is formatted"
    ]


def test_when_pandoc_fails_the_texts_are_shown_as_typed(convert, monkeypatch):
    def fail(task, folder):
        raise ConversionException("pandoc: no")

    monkeypatch.setattr(chapter, "pandoc", fail)
    pdf, lines = convert(new_markdown_cell("**words** and $x^2$"))
    assert "**words** and $x^2$" in text_of(pdf)
    assert lines == ["nb: all texts are shown as typed: pandoc: no"]


def test_an_svg_reads_no_files(convert, tmp_path):
    (tmp_path / "secret.png").write_bytes(picture())
    link = f'<image href="{tmp_path}/secret.png" width="9" height="9"/>'
    svg = SVG.format(link + '<image href="0-2.png" width="9" height="9"/>')
    pdf, _ = convert(code(output(**{"image_svg+xml": svg})))
    assert not images_of(pdf)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "[" * 100_000,
        "*" * 100_000,
        "$" * 100_001,
        "\\" * 100_001,
        "{" * 100_000,
        "<b>" * 6_000,
        "> " * 5_000 + "x",
        "$" + "{" * 5_000 + "}" * 5_000 + "$",
        "$" + "x" * 100_000 + "$",
        "$" + r"\frac{1}{" * 500 + "x" + "}" * 500 + "$",
        r"$\def\a{\a\a}\a$",
    ],
    ids=range(12),
)
def test_monstrous_texts_end(convert, text):
    convert(new_markdown_cell(text))
    convert(code(stream(text), source=text))


def test_a_picture_of_too_many_pixels_is_named(convert):
    file = io.BytesIO()
    Image.new("1", (10_000, 9_000)).save(file, format="png")
    pdf, lines = convert(code(output(image_png=coded(file.getvalue()))))
    assert not images_of(pdf)
    assert "it has too many pixels" in lines[0]
