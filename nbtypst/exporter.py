"""Notebook to PDF: pandoc turns Markdown and maths into Typst, Typst sets it.

1. All texts of a notebook go through pandoc at once, with `maths.lua`, which
   lets only those formulas and constructs pass that come out right.
2. Code and printed output become Typst string literals.
3. Figures are written beside the source, with caption and alt text.
4. Typst sets the whole with `report.typ` as PDF/UA-1.

What cannot be converted raises a ConversionException that names the notebook
and the cell.
"""

import base64
import re
import subprocess
import tempfile
from pathlib import Path

import pypandoc
import typst
from nbconvert.exporters import Exporter
from nbconvert.filters import strip_ansi
from nbconvert.utils.exceptions import ConversionException
from traitlets import Integer, Unicode
from traitlets.config import Config

HERE = Path(__file__).parent
PANDOC_OPTIONS = [
    "--from=gfm+tex_math_dollars-autolink_bare_uris-emoji-yaml_metadata_block",
    "--to=typst",
    "--wrap=none",
    "--fail-if-warnings",
    "--file-scope",  # each text is read for itself
    f"--lua-filter={HERE / 'maths.lua'}",
]
BOUNDARY = "nbtypst-boundary"  # known to maths.lua
NO_GLYPH = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
TEXT = re.compile(r"\x00(\d+)\x00")  # where a converted text belongs
HIDES_INPUT = {"hide-input", "remove-input"}


class TypstPDFExporter(Exporter):
    """nbconvert exporter that makes a tagged PDF without TeX or a browser.

    Cells tagged `hide-input` or `remove-input` show only their outputs, cells
    tagged `remove-cell` nothing. A notebook with `small-print` in its metadata
    is set in two narrow columns, and so is what follows.
    """

    export_from_notebook = "PDF via Typst"
    output_mimetype = "application/pdf"
    title = Unicode(help="On the title page.").tag(config=True)
    course = Unicode(help="On the title page.").tag(config=True)
    author = Unicode(help="On the title page and every page.").tag(config=True)
    matriculation = Unicode(help="Matriculation number.").tag(config=True)
    notice = Unicode(help="A warning on the title page.").tag(config=True)
    columns = Integer(90, help="Characters in a line of code or output.").tag(
        config=True
    )

    def _file_extension_default(self):
        return ".pdf"

    @property
    def default_config(self):
        """Follow the tags, join what a cell printed in pieces."""
        config = Config(
            TagRemovePreprocessor={
                "enabled": True,
                "remove_cell_tags": {"remove-cell"},
                "remove_input_tags": HIDES_INPUT,
            },
            CoalesceStreamsPreprocessor={"enabled": True},
        )
        config.merge(super().default_config)
        return config

    def from_notebook_node(self, nb, resources=None, **kwargs):
        """Convert one notebook, as nbconvert asks for it."""
        name = (resources or {}).get("metadata", {}).get("name", "notebook")
        return self.from_notebooks({name: nb}), self._init_resources(resources)

    def from_notebooks(self, notebooks):
        """Convert several notebooks to one PDF, a chapter each.

        Parameters
        ----------
        notebooks : dict of name -> NotebookNode

        Returns
        -------
        bytes

        Raises
        ------
        ConversionException
            If something cannot be converted; names the notebook and cell.
        """
        title = self.title or next(iter(notebooks))
        with tempfile.TemporaryDirectory() as folder:
            self._folder = Path(folder)
            cells = []
            for name, notebook in notebooks.items():
                cells += self._cells(name, notebook)
            try:
                return self._compile(title, [source for _, source in cells])
            except typst.TypstError as error:
                self._where = self._find_culprit(cells)
                self._refuse(str(error))

    def _cells(self, name, notebook):
        """The cells of a notebook as [(where, Typst source)]."""
        numbers = {cell.id: n for n, cell in enumerate(notebook.cells, 1)}
        notebook, _ = super().from_notebook_node(notebook)
        self._texts = []  # (where, Markdown) that wait for pandoc
        is_small = notebook.metadata.get("small-print")
        start = "#show: small-print" if is_small else "#pagebreak(weak: true)"
        cells = [(name, start)]
        for cell in notebook.cells:
            self._where = f"{name}, cell {numbers[cell.id]}"
            cells.append((self._where, "\n\n".join(self._cell(cell))))
        converted = self._convert(self._texts)
        return [
            (where, TEXT.sub(lambda m: converted[int(m[1])], source))
            for where, source in cells
        ]

    def _cell(self, cell):
        if cell.cell_type == "markdown":
            yield self._markdown(cell.source)
        elif cell.cell_type == "code":
            if not cell.metadata.get("transient", {}).get("remove_source"):
                yield self._code(cell.source)
            yield from map(self._output, cell.outputs)

    def _output(self, output):
        """One output of a code cell as Typst source."""
        if output.output_type == "error":
            self._refuse(f"it raised {output.ename}: {output.evalue}")
        if output.output_type == "stream":
            return self._printed(output.text)
        if output.metadata.get("is_caption"):
            return ""  # what stands above it has brought its caption along
        if "image/png" in output.data:
            metadata = output.metadata.get("image/png", {})
            return self._figure(output.data["image/png"], metadata)
        if "text/markdown" in output.data:
            metadata = output.metadata.get("text/markdown", {})
            text = self._markdown(output.data["text/markdown"])
            if "caption" not in metadata:
                return text
            return f"#captioned[{self._markdown(metadata['caption'])}][{text}]"
        if "text/plain" in output.data and "text/html" not in output.data:
            return self._printed(output.data["text/plain"])
        self._refuse(f"an output has no printable form: {list(output.data)}")

    def _markdown(self, text):
        """A mark in the place of a text that pandoc will convert."""
        self._texts.append((self._where, text))
        return f"\x00{len(self._texts) - 1}\x00"

    def _convert(self, texts):
        """Markdown texts to Typst sources, with one call of pandoc."""
        try:
            return pandoc([text for _, text in texts], self._folder)
        except ConversionException as error:
            if len(texts) == 1:
                self._where = texts[0][0]
                reason = re.search("cannot convert .*", str(error))
                self._refuse(reason[0] if reason else str(error))
            for text in texts:
                self._convert([text])
            raise

    def _code(self, source):
        source = re.sub(r"\n{3,}", "\n\n", source)  # one blank line will do
        for line in source.split("\n"):
            if len(line) > self.columns:
                self._refuse(f"a line of code is too wide: {line}")
        return f'#raw(block: true, lang: "python", {literal(source)})'

    def _printed(self, text):
        text = fold(strip_ansi(text).rstrip(), self.columns)
        return f"#printed({literal(text)})" if text else ""

    def _figure(self, png, metadata):
        missing = {"alt", "caption", "width"} - metadata.keys()
        if missing:
            self._refuse(f"a figure has no {' and no '.join(sorted(missing))}")
        name = f"{len(list(self._folder.iterdir()))}.png"
        (self._folder / name).write_bytes(base64.b64decode(png))
        caption = self._markdown(metadata["caption"])
        width, height = (metadata.get(k, 0) / 96 for k in ("width", "height"))
        return (
            f"#picture({literal(name)}, width: {width}in, height: {height}in, "
            f"alt: {literal(metadata['alt'])})[{caption}]"
        )

    def _compile(self, title, sources):
        """Typst sources to PDF; the same sources give the same bytes."""
        arguments = {
            "title": title,
            "course": self.course,
            "author": self.author,
            "matriculation": self.matriculation,
            "notice": self.notice,
        }
        report = ", ".join(f"{k}: {literal(v)}" for k, v in arguments.items())
        template = (HERE / "report.typ").read_text("utf-8")
        main = self._folder / "main.typ"
        main.write_text(
            "\n\n".join([template, f"#show: report.with({report})", *sources]),
            encoding="utf-8",
        )
        pdf, warnings = typst.compile_with_warnings(
            main,
            format="pdf",
            pdf_standards=["ua-1"],
            ignore_system_fonts=True,
            timestamp=0,
        )
        for warning in warnings:
            raise typst.TypstError(warning.message)
        return pdf

    def _find_culprit(self, cells):
        """Where the first cell is that does not even compile alone."""
        for where, source in cells:
            try:
                self._compile("One cell", ["= One cell", source])
            except typst.TypstError:
                return where
        return "all cells together"

    def _refuse(self, problem):
        raise ConversionException(f"{self._where}: {problem}")


def pandoc(texts, folder):
    """Markdown texts to Typst sources.

    Raises
    ------
    ConversionException
        With pandoc's own words, if one of them cannot be converted.
    """
    boundary = "boundary.md"
    (folder / boundary).write_text(f"```{BOUNDARY}\n```\n", encoding="utf-8")
    files = [f"text{number}.md" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        (folder / file).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [
            *(pypandoc.get_pandoc_path(), *PANDOC_OPTIONS),
            *(name for file in files for name in (file, boundary)),
        ],
        cwd=folder,  # its path would get into the headings' labels
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        raise ConversionException(done.stderr.strip())
    *converted, end = re.split(f"^//{BOUNDARY}$", done.stdout, flags=re.M)
    if len(converted) != len(texts) or end.strip():
        raise ConversionException(f"cannot convert a text with {BOUNDARY}")
    return [text.strip() for text in converted]


def literal(text):
    """A Typst string literal.

    Examples
    --------
    >>> print(literal('say "a\\\\b"'))
    "say \\"a\\\\b\\""
    """
    text = NO_GLYPH.sub("", text)
    for character, escaped in ("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"):
        text = text.replace(character, escaped)
    return f'"{text}"'


def fold(text, columns):
    """Break lines longer than `columns`; the rest goes on after an arrow.

    Examples
    --------
    >>> print(fold("abcdef", 4))
    abcd
    ↪ ef
    """
    folded = []
    for line in text.expandtabs().split("\n"):
        while len(line) > columns:
            folded.append(line[:columns])
            line = "↪ " + line[columns:]
        folded.append(line)
    return "\n".join(folded)
