"""A hand-in, ours or a student's own: what is in the ZIP, read in memory.

Nothing is unpacked to a disk and nothing is executed. Whoever made the ZIP is
not trusted: how much is read is limited before anything is.
"""

import ast
import io
import re
import sys
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePosixPath

from submission.archive import Entry, why_a_bomb
from submission.cells import MAX_CODE, parse, syntax_tree
from submission.code import imports_of
from submission.document import Pdf
from submission.imports import FURNITURE
from submission.inbox import CODE
from submission.questions import OWN, Numbers, swapped
from submission.reach import excerpt, used_names

MAX_ALL_CODE = 2**20
MAX_FILE = 50 * 2**20  # of what is looked into
CHUNK = 2**16
LOOKED_INTO = (".ipynb", ".py", ".pdf")
# As some systems and a second download of the same file name it.
COPY = re.compile(r"(?: ?\(\d+\)| - Kopie| - Copy|(?<=\d)-\d)+$")
OWNER = re.compile(
    r"(?P<surname>[^\d/]*[^\W\d_][^\d/]*?) ?[-‐‑–—] ?"
    r"(?P<number>[A-Za-z]{0,2}[0-9]+)"
)
SPELT = re.compile("[aou]e|aa|ss|[a-z]", re.I)  # what stands for a letter
# What Moodle, Blackboard, Canvas and ILIAS put before the names of files.
PLATFORM = re.compile(
    r"^.*_assignsubmission_file_/?|^.*_(?:attempt|Versuch)_[\d-]+_?|"
    r"^\w+?(?:_LATE)?_\d+_\d+_|^\d{14}_|/[^/_]+_[^/_]+_[^/_]+_\d+/"
)
# Libraries that a file of the same name in a hand-in cannot stand for.
LIBRARIES = {
    *("torch", "tensorflow", "keras", "jax", "sklearn", "scipy", "xgboost"),
    *("lightgbm", "pandas", "statsmodels", "cupy", "numba", "torchvision"),
}
REASONS = {
    (MemoryError, RecursionError): (
        "it is nested too deep, or needs too much memory"
    ),
    (KeyError, TypeError, AttributeError): "it is not made as a notebook is",
    (zipfile.BadZipFile, zlib.error, EOFError): "it is damaged",
}


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
    sizes, files : dicts
        Bytes that each file unpacks to, and what is looked into, by path.
    notebooks, cells, code_cells, code : dicts
        Lists of cells, the cells, syntax trees: by path, or by place, which
        is a path and the number of a cell or None.
    damaged, broken_code : dicts
        Why files cannot be unpacked, and why code cannot be read.
    """

    num_bytes = 0  # of code that is looked at
    rerun = None  # path -> cells or what went wrong, after a new run
    seen_imports = ()  # names that it was seen to import in that run

    def __init__(self, name, file, sheet=None):
        self.filename = unicodedata.normalize("NFC", name)
        name = PLATFORM.sub("", Path(self.filename).stem)
        self.name = COPY.sub("", name)
        self.owner = OWNER.fullmatch(self.name)
        self.sheet = sheet
        stream = io.BytesIO(file) if isinstance(file, bytes) else file
        with zipfile.ZipFile(stream) as archive:
            infos = archive.infolist()
            self.bomb = why_a_bomb(infos)
            self.is_readable = not self.bomb
            self.entries = [] if self.bomb else [Entry(i) for i in infos]
            self._read(archive)
        self.notebooks, errors = tried(parse, self.with_suffix(".ipynb"))
        self.cells = {
            (path, number): cell
            for path, cells in self.notebooks.items()
            for number, cell in enumerate(cells, 1)
        }
        self.code_cells = {
            place: cell
            for place, cell in self.cells.items()
            if cell.cell_type == "code" and cell.source.strip()
        }
        self.code, more_errors = tried(self._tree, self.sources)
        self.broken_code = {
            place: described(error)
            for place, error in (errors | more_errors).items()
        }

    def _read(self, archive):
        """Read the files that are looked into; unpack the others, too.

        A ZipFile gives no more bytes than an entry says it has, if it is
        asked for a number of them.
        """
        self.sizes, self.files, self.damaged = {}, {}, {}
        for entry in self.entries:
            if entry.holds_work:
                path, size = entry.path, entry.info.file_size
                self.sizes[path] = size
                try:
                    if entry.is_encrypted:
                        raise ValueError("it is encrypted")
                    with archive.open(entry.info) as file:
                        if path.lower().endswith(LOOKED_INTO):
                            if size > MAX_FILE:
                                raise ValueError("it is too large")
                            self.files[path] = file.read(size)
                        while file.read(CHUNK):
                            pass
                except Exception as error:  # a stranger's: many kinds
                    self.damaged[path] = described(error)

    def _tree(self, source):
        """The syntax tree of a source, until there were too many."""
        self.num_bytes += len(source) if len(source) <= MAX_CODE else 0
        if self.num_bytes > MAX_ALL_CODE:
            raise ValueError(f"there is more than {MAX_ALL_CODE >> 20} MiB")
        return syntax_tree(source)

    def with_suffix(self, suffix):
        """Contents of the files with this suffix, by path."""
        paths = [path for path in self.files if path.lower().endswith(suffix)]
        return {path: self.files[path] for path in paths}

    def take_new_run(self, result):
        """Take what `submission.sandbox.run_again` returned."""
        notebooks = {
            path: parse(text.encode())
            for path, text in result["notebooks"].items()
        }
        self.rerun = notebooks | result["problems"]
        self.seen_imports = result["imports"]

    @property
    def is_collection(self):
        """Whether it is no hand-in but a download of many."""
        paths = [PurePosixPath(path) for path in self.sizes]
        code = [path for path in paths if path.suffix.lower() in CODE]
        has_zips = any(path.suffix.lower() == ".zip" for path in paths)
        is_download = any(map(PLATFORM.search, self.sizes))
        with_code = {folder for path in code for folder in path.parents}
        reports = {PurePosixPath(path).parent for path in self.pdf_paths}
        students = reports & with_code - {PurePosixPath(".")}
        has_many = has_zips or len(students) > 1
        return (is_download and has_many) or (has_zips and not code)

    @property
    def prose(self):
        """The texts of the notebooks' cells, and code for its comments."""
        for cell in self.cells.values():
            is_code = cell.cell_type == "code"
            yield comments_of(cell.source) if is_code else cell.source
        for data in self.with_suffix(".py").values():
            yield comments_of(data[:MAX_CODE].decode("utf-8-sig", "replace"))

    @property
    def outputs(self):
        """(place, output) of all outputs of the notebooks."""
        for place, cell in self.code_cells.items():
            for output in cell.outputs:
                yield place, output

    @property
    def num_figures(self):
        """How many pictures are among the outputs, without those of panels."""
        return sum(
            output.is_picture and "interactive" not in self.cells[place].tags
            for place, output in self.outputs
        )

    @property
    def printed_again(self):
        """(place, what a cell printed before, what in the new run)."""
        for (path, number), cell in self.cells.items():
            result = self.rerun.get(path, "")
            if not isinstance(result, str):
                yield (path, number), cell.text, result[number - 1].text

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
                source = source.decode("utf-8-sig", "replace")
                with suppress(SyntaxError):  # of magics
                    source = excerpt(source, used, docstring_lines=0)
            lines[path] += source.split("\n")
        return lines

    @cached_property
    def names(self):
        """Place -> the names that its code imports, and what is not seen."""
        return {place: imports_of(tree) for place, tree in self.code.items()}

    @property
    def imports(self):
        """(place, module) of imports of what is not in the archive."""
        folders = {part for path in self.sizes for part in path.split("/")}
        own = {part.removesuffix(".py") for part in folders} - LIBRARIES
        at_hand = own | sys.stdlib_module_names | FURNITURE | {""}
        seen = {(self.filename, None): (self.seen_imports, [])}
        for place, (modules, _) in (self.names | seen).items():
            for name in sorted(modules):
                if name.lstrip("~").partition(".")[0] not in at_hand:
                    yield place, name

    @property
    def imported_names(self):
        """Parts of the names of all that is imported."""
        names = set().union(*(names for names, _ in self.names.values()))
        return {part for name in names for part in name.split(".")}

    @property
    def strings(self):
        """(place, text, whether it is opened) of the string constants."""
        for place, tree in self.code.items():
            nodes = list(ast.walk(tree))
            docs = {node.value for node in nodes if isinstance(node, ast.Expr)}
            calls = [node for node in nodes if isinstance(node, ast.Call)]
            files = {n.args[0] for n in calls if n.args and opens(n)}
            for node in nodes:
                text = getattr(node, "value", None)
                if isinstance(text, str) and node not in docs:
                    yield place, text, node in files

    @property
    def pdf_paths(self):
        """Paths of all PDFs, first of those that are named like the ZIP."""
        paths = self.with_suffix(".pdf")
        return sorted(paths, key=lambda p: not self.is_named_alike(p))

    @property
    def pdf_path(self):
        """The path of the PDF that is looked into; None if there is none."""
        return next(iter(self.pdf_paths), None)

    def is_named_alike(self, path):
        """Whether a file has the ZIP's name, as far as tools keep names."""
        stem = COPY.sub("", PurePosixPath(path).stem)
        return bool(loosely(self.name).fullmatch(squeezed(stem)))

    @cached_property
    def pdf(self):
        """The PDF that is looked into; None if it cannot be opened."""
        path = self.pdf_path
        return tried(Pdf, {path: self.files.get(path, b"")})[0].get(path)

    @property
    def text(self):
        """The text of the PDF; None if there is none."""
        return self.pdf and self.pdf.text

    def answered(self, ids):
        """Where questions have headings, and answers below.

        Parameters
        ----------
        ids : list of str
            Of the questions.

        Returns
        -------
        (notebooks, pdf) : dicts of id -> what stands below the heading
            As `submission.questions.Numbers.sections` says it.
        """
        for written in ids, [swapped(question_id) for question_id in ids]:
            numbers, in_pdf = Numbers(written), {}
            in_notebooks = numbers.sections(self.prose)
            if self.pdf:
                known = numbers.sections([self.pdf.bookmarks])
                in_pdf = dict.fromkeys(known, OWN)
                in_pdf |= numbers.sections(self.pdf.pages)
            if in_notebooks or in_pdf:
                break
        meant = dict(zip(written, ids, strict=True))
        return tuple(
            {meant[as_written]: below for as_written, below in part.items()}
            for part in (in_notebooks, in_pdf)
        )


def opens(call):
    """Whether a call opens the file that its first argument names."""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    return name in ("open", "load", "save", "savefig", "loadtxt", "read_csv")


def comments_of(source):
    """Code as its comments, which may be headings, and a word for the rest."""
    lines = [line.strip() for line in source.split("\n") if line.strip()]
    return "\n".join(
        line.lstrip("#% -=") if line.startswith("#") else "code"
        for line in lines
    )


def tried(function, items):
    """What a function makes of each item, by key, and the errors it raised."""
    results, errors = {}, {}
    for key, item in items.items():
        try:
            results[key] = function(item)
        except Exception as error:  # a stranger's files raise many kinds
            errors[key] = error
    return results, errors


def described(error):
    """What an error says, in one line."""
    for kinds, text in REASONS.items():
        if isinstance(error, kinds):
            return text
    return str(error).split("\n")[0] or type(error).__name__


def squeezed(text):
    """Text without white space and with one kind of quotes and dashes."""
    text = unicodedata.normalize("NFKC", text).translate(
        str.maketrans("‘’“”‐‑–—−", "''\"\"-----")
    )
    return "".join(text.split())


def loosely(text):
    """Pattern of squeezed text in which few letters can be relied on.

    Tools and fonts lose what is not ASCII, and join `fi` and the like; people
    spell it in ASCII.

    Examples
    --------
    >>> bool(loosely("Sørensen-1").fullmatch("S_rensen-1"))
    True
    >>> bool(loosely("Mueller-1").fullmatch("Müller-1"))
    True
    >>> bool(loosely("Sørensen-1").fullmatch("report"))
    False
    """
    parts = re.split(r"(f[fil]+|[^A-Za-z0-9-]+)", squeezed(text))
    parts[1::2] = [rf".{{0,{4 * len(part)}}}?" for part in parts[1::2]]
    like = r"(?:\g<0>|[À-ɏḀ-ỿ])"
    parts[::2] = [SPELT.sub(like, part) for part in parts[::2]]
    return re.compile("".join(parts), re.I | re.S)
