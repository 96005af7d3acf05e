"""A hand-in, ours or a student's own: what is in the ZIP, read in memory.

Nothing is unpacked to a disk and nothing is executed. Whoever made the ZIP is
not trusted: how much is read is limited before anything is.
"""

import ast
import io
import logging
import re
import stat
import sys
import unicodedata
import warnings
import zipfile
import zlib
from collections import defaultdict
from functools import cached_property
from pathlib import Path, PurePosixPath

from pypdf import PdfReader

from submission.imports import FURNITURE, imported_in
from submission.notebook import parse, python, text_of
from submission.pack import NAME
from submission.reach import excerpt, used_names

MAX_FILES = 2000
MAX_BYTES = 200 * 2**20  # unpacked
CACHES = {"__pycache__", "__MACOSX", ".ipynb_checkpoints", ".pytest_cache"}
UTF8_NAMES = 0x800  # flag of a ZIP entry
UNICODE_PATH = 0x7075  # extra field of Info-ZIP's `zip`
PICTURES = {"image/png", "image/jpeg", "image/svg+xml"}
HEADING = re.compile(r"^#[# ]*(.*)$", re.M)
CAPTION = re.compile(r"^\W*(?:Figure|Fig\.|Abbildung|Abb\.)\s*(\d+)\b", re.M)
UNREADABLE = {
    RuntimeError: "it is encrypted",
    NotImplementedError: "its compression method is unknown",
}
QUESTION = r"^\W*(?:(?:task|question|exercise|problem|aufgabe)\s+)?{}(?!\w)"
logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # the rules report


class Entry:
    """A file or folder in a ZIP."""

    def __init__(self, info):
        self.info = info
        self.path = unicodedata.normalize("NFC", decoded_name(info))
        self.parts = PurePosixPath(self.path).parts
        self.is_link = stat.S_ISLNK(info.external_attr >> 16)
        self.is_cache = bool(CACHES & set(self.parts)) or self.path.endswith(
            (".pyc", "-checkpoint.ipynb")
        )
        self.is_hidden = any(
            part.startswith(".") and part not in (".", "..")
            for part in self.parts
        ) or self.parts[-1:] in (("Thumbs.db",), ("desktop.ini",))
        self.leaves_folder = (
            ".." in self.parts
            or self.path.startswith(("/", "\\"))
            or "..\\" in self.path
        )
        self.holds_work = not (
            info.is_dir()
            or self.is_link
            or self.is_cache
            or self.is_hidden
            or self.leaves_folder
        )


class Pdf:
    """A PDF, read from its bytes: the text of its pages, and of all."""

    def __init__(self, data):
        self._reader = PdfReader(io.BytesIO(data))
        self.pages = [page.extract_text() for page in self._reader.pages]
        self.text = "\n".join(self.pages).strip()

    @property
    def bookmarks(self):
        """The titles of its bookmarks, one a line."""
        return "\n".join(titles(self._reader.outline))

    @property
    def captions(self):
        """The numbers of the figures with a caption."""
        return set(CAPTION.findall(self.text))

    @property
    def num_pictures(self):
        """How many pictures are on its pages."""
        return sum(map(pictures_on, self._reader.pages))


class Handin:
    """A ZIP as the rules see it; a zipfile.BadZipFile if it is none.

    Parameters
    ----------
    name : str
        The name of the ZIP file, without its folder.
    file : path or bytes
    sheet : submission.sheets.Sheet, optional
        The sheet it answers, when that is known.

    Attributes
    ----------
    files, notebooks, cells, code_cells, code : dicts
        Bytes, NotebookNodes, their cells, syntax trees: by path, or by place,
        which is a path and the number of a cell or None.
    damaged, broken_code : dicts
        Why files cannot be unpacked, and why code cannot be read.
    """

    rerun = None  # path -> notebook or what went wrong, after a new run

    def __init__(self, name, file, sheet=None):
        self.filename = unicodedata.normalize("NFC", name)
        self.name = Path(self.filename).stem
        self.owner = NAME.fullmatch(self.name)
        self.sheet = sheet
        if isinstance(file, bytes):
            file = io.BytesIO(file)
        archive = zipfile.ZipFile(file)
        self.entries = [Entry(info) for info in archive.infolist()]
        size = sum(entry.info.file_size for entry in self.entries)
        self.is_readable = size <= MAX_BYTES and len(self.entries) <= MAX_FILES
        entries = self.entries if self.is_readable else []
        self.files, errors = tried(
            archive.read, {e.path: e.info for e in entries if e.holds_work}
        )
        self.damaged = {
            path: UNREADABLE.get(type(error), "it is damaged")
            for path, error in errors.items()
        }
        self.notebooks, errors = tried(parse, self.with_suffix(".ipynb"))
        self.cells = {
            (path, number): cell
            for path, notebook in self.notebooks.items()
            for number, cell in enumerate(notebook.cells, 1)
        }
        self.code_cells = {
            place: cell
            for place, cell in self.cells.items()
            if cell.cell_type == "code" and cell.source.strip()
        }
        self.code, more_errors = tried(syntax_tree, self.sources)
        self.broken_code = {
            place: str(error).split("\n")[0]
            for place, error in (errors | more_errors).items()
        }

    def with_suffix(self, suffix):
        """Contents of the files with this suffix, by path."""
        paths = [path for path in self.files if path.lower().endswith(suffix)]
        return {path: self.files[path] for path in paths}

    def unpack(self, folder):
        """Write the files that hold work into a folder."""
        for path, data in self.files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)

    @property
    def prose(self):
        """The text of the notebooks."""
        cells = [c for c in self.cells.values() if c.cell_type == "markdown"]
        return "\n\n".join(cell.source for cell in cells)

    @property
    def outputs(self):
        """(place, output) of all outputs of the notebooks."""
        for place, cell in self.code_cells.items():
            for output in cell.outputs:
                yield place, output

    @property
    def num_figures(self):
        """How many pictures are among the outputs."""
        kinds = [output.get("data", {}).keys() for _, output in self.outputs]
        return sum(not PICTURES.isdisjoint(kind) for kind in kinds)

    @property
    def printed_again(self):
        """(place, what a cell printed before, what in the new run)."""
        for (path, number), cell in self.cells.items():
            result = self.rerun.get(path, "")
            if not isinstance(result, str):
                new = result.cells[number - 1]
                yield (path, number), text_of(cell), text_of(new)

    @property
    def sources(self):
        """Modules, as bytes, and the code of cells, as text, by place."""
        modules = self.with_suffix(".py").items()
        code = {place: c.source for place, c in self.code_cells.items()}
        return code | {(path, None): data for path, data in modules}

    @property
    def code_lines(self):
        """Path -> lines of valid code that is reached from where it starts.

        It starts in notebooks, and in modules that no other one imports.
        """
        sources, imported = self.sources, self.imported_names
        modules, starts, lines = [], [], defaultdict(list)
        for (path, cell), tree in self.code.items():
            is_module = cell is None and PurePosixPath(path).stem in imported
            (modules if is_module else starts).append(tree)
        used = used_names(starts, modules)
        for path, cell in self.code:
            source = sources[path, cell]
            if cell is None:
                source = source.decode("utf-8", "replace")
                source = excerpt(source, used, docstring_lines=0)
            lines[path] += source.split("\n")
        return lines

    @property
    def imports(self):
        """(place, module) of imports of what is not in the archive."""
        parts = {part for path, _ in self.code for part in path.split("/")}
        own = {part.removesuffix(".py") for part in parts}
        at_hand = own | sys.stdlib_module_names | FURNITURE | {""}
        for place, tree in self.code.items():
            modules = imported_in(tree)
            for name in sorted(modules):
                is_attribute = name.rpartition(".")[0] in modules
                if name.partition(".")[0] not in at_hand and not is_attribute:
                    yield place, name

    @property
    def imported_names(self):
        """Last parts of the names of all that is imported."""
        modules = set().union(*map(imported_in, self.code.values()))
        return {name.rpartition(".")[2] for name in modules}

    @property
    def strings(self):
        """(place, text) of the string constants that are no docstrings."""
        for place, tree in self.code.items():
            nodes = list(ast.walk(tree))
            docs = {node.value for node in nodes if isinstance(node, ast.Expr)}
            for node in nodes:
                text = getattr(node, "value", None)
                if isinstance(text, str) and node not in docs:
                    yield place, text

    @property
    def pdf_paths(self):
        """Paths of all PDFs, first of those that are named like the ZIP."""
        paths = self.with_suffix(".pdf")
        return sorted(paths, key=lambda p: PurePosixPath(p).stem != self.name)

    @property
    def pdf_path(self):
        """The path of the PDF that is looked into; None if there is none."""
        return next(iter(self.pdf_paths), None)

    @cached_property
    def pdf(self):
        """The PDF that is looked into; None if it cannot be opened."""
        path = self.pdf_path
        return tried(Pdf, {path: self.files.get(path, b"")})[0].get(path)

    @property
    def text(self):
        """The text of the PDF; None if there is none."""
        return self.pdf and self.pdf.text

    def answered(self, sheets):
        """Ids of questions of some sheets that have a heading.

        Headings are the PDF's bookmarks, or else lines of its text, or else
        those of the notebooks.
        """
        ids = {question.id for s in sheets for question in s.questions}
        texts = [self.pdf.bookmarks, self.text] if self.text else []
        for text in [*texts, "\n".join(HEADING.findall(self.prose))]:
            found = {i for i in ids if heading_pattern(i).search(text)}
            if found:
                return found
        return set()


def tried(function, items):
    """What a function makes of each item, by key, and the errors it raised."""
    results, errors = {}, {}
    for key, item in items.items():
        try:
            results[key] = function(item)
        except Exception as error:  # a stranger's files raise many kinds
            errors[key] = error
    return results, errors


def decoded_name(info):
    """The name of a ZIP entry as it was meant, whichever tool wrote it.

    The format knows code page 437 and UTF-8. Tools that flag neither write
    UTF-8 all the same; Info-ZIP's puts it into an extra field.
    """
    if info.flag_bits & UTF8_NAMES:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    extra = info.extra
    while len(extra) >= 4:
        kind, size = (
            int.from_bytes(extra[i : i + 2], "little") for i in (0, 2)
        )
        checksum, name = extra[5:9], extra[9 : 4 + size]
        is_of_raw = checksum == zlib.crc32(raw).to_bytes(4, "little")
        if kind == UNICODE_PATH and is_of_raw:
            raw = name
        extra = extra[4 + size :]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return info.orig_filename


def syntax_tree(source):
    """The syntax tree of a module's bytes or of a cell's text."""
    if isinstance(source, str):
        source = python(source)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of their strings
        return ast.parse(source)


def titles(outline):
    """The titles of bookmarks, those below others included."""
    for item in outline:
        if isinstance(item, list):
            yield from titles(item)
        else:
            yield str(item.title)


def pictures_on(page):
    """How many pictures are on a page of a PDF, those in forms included."""
    count, seen, waiting = 0, set(), [page.get("/Resources")]
    while waiting:
        resources = waiting.pop()
        objects = resources and resources.get_object().get("/XObject")
        for reference in (objects.get_object() if objects else {}).values():
            thing = reference.get_object()
            if id(thing) in seen:
                continue
            seen.add(id(thing))
            if thing.get("/Subtype") == "/Image":
                count += 1
            elif thing.get("/Subtype") == "/Form":
                waiting.append(thing.get("/Resources"))
    return count


def heading_pattern(question_id):
    """Pattern of a heading of a question, such as `1.1`, `Task 1.1)`, `1 (a)`.

    Examples
    --------
    >>> bool(heading_pattern("1a").search("Question 1 (a): shapes"))
    True
    """
    digits, rest = re.fullmatch(r"(\d+)(.*)", question_id).groups()
    number = re.escape(question_id)
    if rest.isalpha():
        number = rf"{digits}[\s.]*\(?{rest}"
    return re.compile(QUESTION.format(number), re.I | re.M)
