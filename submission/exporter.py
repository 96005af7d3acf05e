"""Notebook to PDF: pandoc turns Markdown and maths into Typst, Typst sets it.

1. Text cells go through pandoc with `maths.lua`, which lets only those
   formulas and constructs pass that come out right.
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
    "--from=gfm+tex_math_dollars-autolink_bare_uris-emoji",
    "--to=typst",
    "--wrap=none",
    "--fail-if-warnings",
    f"--lua-filter={HERE / 'maths.lua'}",
]
NO_GLYPH = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class TypstPDFExporter(Exporter):
    """nbconvert exporter that makes a tagged PDF without TeX or a browser."""

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
        """Leave interactive cells out, hide the input of text answers."""
        config = Config(
            TagRemovePreprocessor={
                "enabled": True,
                "remove_cell_tags": {"interactive"},
                "remove_input_tags": {"answer"},
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
        """Convert several notebooks to one PDF.

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
        """The cells of a notebook as (where, Typst source)."""
        numbers = {cell.id: n for n, cell in enumerate(notebook.cells, 1)}
        notebook, _ = super().from_notebook_node(notebook)
        yield name, "#pagebreak(weak: true)"
        for cell in notebook.cells:
            self._where = f"{name}, cell {numbers[cell.id]}"
            yield self._where, "\n\n".join(self._cell(cell))

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
            return ""  # the figure above it has brought its caption along
        if "image/png" in output.data:
            metadata = output.metadata.get("image/png", {})
            return self._figure(output.data["image/png"], metadata)
        if "text/markdown" in output.data:
            return self._markdown(output.data["text/markdown"])
        if "text/plain" in output.data and "text/html" not in output.data:
            return self._printed(output.data["text/plain"])
        self._refuse(f"an output has no printable form: {list(output.data)}")

    def _markdown(self, text):
        """Markdown as Typst source, by pandoc."""
        pandoc = subprocess.run(
            [pypandoc.get_pandoc_path(), *PANDOC_OPTIONS],
            input=text,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        if pandoc.returncode:
            reason = re.search("cannot convert .*", pandoc.stderr)
            self._refuse(reason[0] if reason else pandoc.stderr.strip())
        return pandoc.stdout

    def _code(self, source):
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
        return (
            f"#picture({literal(name)}, width: {metadata['width'] / 96}in, "
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
