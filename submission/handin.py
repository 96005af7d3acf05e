"""A hand-in, ours or a student's own: what is in the ZIP, read in memory.

Nothing is unpacked to a disk and nothing is executed. Whoever made the ZIP is
not trusted: how much is read is limited before anything is.
"""

import ast
import io
import logging
import stat
import unicodedata
import warnings
import zipfile
import zlib
from functools import cached_property
from pathlib import Path, PurePosixPath

import nbformat
from IPython.core.inputtransformer2 import TransformerManager
from pypdf import PdfReader

from submission.pack import NAME

MAX_FILES = 2000
MAX_BYTES = 200 * 2**20  # unpacked
CACHES = {"__pycache__", "__MACOSX", ".ipynb_checkpoints", ".pytest_cache"}
UTF8_NAMES = 0x800  # flag of a ZIP entry
UNICODE_PATH = 0x7075  # extra field of Info-ZIP's `zip`
logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # the rules report


class Entry:
    """A file or folder in a ZIP.

    Attributes
    ----------
    path : str
        With slashes, in Unicode normal form C.
    """

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

    @property
    def holds_work(self):
        """Whether its content is looked at."""
        return not (
            self.info.is_dir()
            or self.is_link
            or self.is_cache
            or self.is_hidden
            or self.leaves_folder
        )


class Handin:
    """A ZIP as the rules see it.

    Parameters
    ----------
    name : str
        The name of the ZIP file, without its folder.
    file : path or bytes
    sheet : submission.sheets.Sheet, optional
        The sheet it answers, when that is known.

    Attributes
    ----------
    rerun : dict of path -> NotebookNode or str, or None
        What a new run of the notebooks gave: outputs, or what went wrong.

    Raises
    ------
    zipfile.BadZipFile
        If it is no ZIP.
    """

    rerun = None

    def __init__(self, name, file, sheet=None):
        self.filename = unicodedata.normalize("NFC", name)
        self.name = Path(self.filename).stem
        self.owner = NAME.fullmatch(self.name)
        self.sheet = sheet
        if isinstance(file, bytes):
            file = io.BytesIO(file)
        self._zip = zipfile.ZipFile(file)
        self.entries = [Entry(info) for info in self._zip.infolist()]

    @cached_property
    def is_readable(self):
        """Whether reading it all takes no more than the limits allow."""
        sizes = [entry.info.file_size for entry in self.entries]
        return len(sizes) <= MAX_FILES and sum(sizes) <= MAX_BYTES

    @cached_property
    def _read(self):
        """Contents by path, and why some cannot be read."""
        contents, damaged = {}, {}
        for entry in self.entries if self.is_readable else ():
            if not entry.holds_work:
                continue
            try:
                contents[entry.path] = self._zip.read(entry.info)
            except RuntimeError:
                damaged[entry.path] = "it is encrypted"
            except NotImplementedError:
                damaged[entry.path] = "its compression method is unknown"
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError):
                damaged[entry.path] = "it is damaged"
        return contents, damaged

    @property
    def files(self):
        """Contents of the files by path; none when there are too many."""
        return self._read[0]

    @property
    def damaged(self):
        """Why files cannot be read, by path."""
        return self._read[1]

    @cached_property
    def _notebooks(self):
        notebooks, broken = {}, {}
        for path, data in self.with_suffix(".ipynb"):
            try:
                notebooks[path] = read_notebook(data)
            except Exception as error:  # nbformat lets many kinds through
                broken[path] = str(error).split("\n")[0]
        return notebooks, broken

    @property
    def notebooks(self):
        """Notebooks by path."""
        return self._notebooks[0]

    @cached_property
    def _code(self):
        code, broken = {}, dict(self._notebooks[1])
        sources = {
            path: [
                (number, python(cell.source))
                for number, cell in enumerate(notebook.cells, 1)
                if cell.cell_type == "code"
            ]
            for path, notebook in self.notebooks.items()
        }
        for path, data in self.with_suffix(".py"):
            sources[path] = [(None, data)]
        for path, cells in sources.items():
            code[path] = []
            for number, source in cells:
                try:
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")  # of their strings
                        tree = ast.parse(source)
                except (SyntaxError, ValueError, RecursionError) as error:
                    where = f"cell {number}: " if number else ""
                    broken[path] = f"{where}{error}"
                else:
                    code[path].append((number, tree))
        return code, broken

    @property
    def code(self):
        """Path -> [(cell number or None, syntax tree)] of all code."""
        return self._code[0]

    @property
    def broken_code(self):
        """Why a notebook or module cannot be read, by path."""
        return self._code[1]

    @cached_property
    def code_lines(self):
        """Path -> lines of code as they were written."""
        lines = {
            path: data.decode("utf-8", "replace").split("\n")
            for path, data in self.with_suffix(".py")
        }
        for path, notebook in self.notebooks.items():
            lines[path] = [
                line
                for cell in notebook.cells
                if cell.cell_type == "code"
                for line in cell.source.split("\n")
            ]
        return lines

    @property
    def pdf_paths(self):
        """Paths of all PDFs."""
        return [path for path, _ in self.with_suffix(".pdf")]

    @cached_property
    def pdf_path(self):
        """The PDF that is looked into: the one named like the ZIP, if any."""
        alike = [
            p for p in self.pdf_paths if PurePosixPath(p).stem == self.name
        ]
        return next(iter(alike + self.pdf_paths), None)

    @cached_property
    def pages(self):
        """The text of each page of the PDF; None if it cannot be opened."""
        try:
            return [page.extract_text() for page in self.pdf.pages]
        except Exception:  # whatever a broken PDF makes pypdf raise
            return None

    @cached_property
    def pdf(self):
        """The PDF as pypdf sees it."""
        return PdfReader(io.BytesIO(self.pdf_bytes))

    @property
    def pdf_bytes(self):
        """The PDF as it is."""
        return self.files[self.pdf_path]

    @property
    def text(self):
        """The text of the PDF; None if there is none."""
        return "\n".join(self.pages) if self.pdf_path and self.pages else None

    def with_suffix(self, suffix):
        """(path, content) of the files with this suffix."""
        return [
            (path, data)
            for path, data in self.files.items()
            if path.lower().endswith(suffix)
        ]

    def unpack(self, folder):
        """Write the files that hold work into a folder."""
        for path, data in self.files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)


def decoded_name(info):
    """The name of a ZIP entry as it was meant, whichever tool wrote it.

    The format knows code page 437 and UTF-8. Tools that flag neither write
    UTF-8 all the same, Info-ZIP's puts it into an extra field.
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
        if kind == UNICODE_PATH and checksum == zlib.crc32(raw).to_bytes(
            4, "little"
        ):
            raw = name
        extra = extra[4 + size :]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return info.orig_filename


def read_notebook(data):
    """A notebook of any version as the current one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # cells of old notebooks have no ids
        notebook = nbformat.reads(data.decode("utf-8"), as_version=4)
        nbformat.validate(notebook)
    return notebook


def python(source):
    """The code of a cell with IPython's `%` and `!` lines made Python."""
    return TransformerManager().transform_cell(source)
