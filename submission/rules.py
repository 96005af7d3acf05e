"""What a hand-in must keep to, a small function for each rule.

A rule takes a `Handin` and yields a `Problem` for each place that breaks it.
Its docstring says what must hold, its `fix` what to do where it does not.
"""

import ast
import math
import re
import sys
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from submission import hygiene
from submission.imports import FURNITURE, imported_in

MAX_DATA = 5 * 2**20
ILLEGAL = re.compile(r'[<>:"|?*\\\x00-\x1f]|[ .]$')
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)
MAX_PATH = 180  # Windows allows 260, and it is unpacked somewhere
ABSOLUTE = re.compile(
    r"(~|file:/|[A-Za-z]:)[\\/]|\\\\\w|/[\w.-]+/[\w.-]|"
    r"/(home|root|Users|tmp|usr|opt|mnt|content|kaggle|var)$"
)
CAPTION = re.compile(r"^\W*(?:Figure|Fig\.|Abbildung|Abb\.)\s*(\d+)\b", re.M)
QUESTION = r"^\W*(?:(?:task|question|exercise|problem|aufgabe)\s+)?{}(?!\w)"
DRAWS = {
    *("plot", "scatter", "bar", "barh", "hist", "step", "errorbar", "boxplot"),
    *("semilogx", "semilogy", "loglog", "contour", "contourf", "pcolormesh"),
    *("imshow", "matshow", "fill_between"),
}
X_LABEL = {"xlabel", "set_xlabel", "supxlabel"}
Y_LABEL = {"ylabel", "set_ylabel", "supylabel"}
NO_AXES = {"axis", "set_axis_off"}
KEYS = {"legend", "colorbar", "set_title", "title", "clabel"}
MIN_SHARE = 0.95  # of the lines of code, for tools that garble one or two
ADDRESS = re.compile("at 0x[0-9a-fA-F]+")
NUMBER = re.compile(r"[-+]?\d+\.?\d*(?:e[-+]?\d+)?")
RELATIVE_TOLERANCE = 1e-6  # of numbers, for another BLAS
WHY_NOT = {
    "is_readable": "the archive is not opened, as it is too large",
    "notebooks": "there is no notebook that can be read",
    "code": "there is no code that can be read",
    "pdf_path": "there is no PDF",
    "pages": "there is no PDF that can be opened",
    "text": "there is no PDF with text",
    "owner": "name and number are not known, as the ZIP is not named so",
    "sheet": "the sheet is not known",
    "rerun": "only with --run, and if it is safe to unpack",
}


@dataclass(frozen=True)
class Problem:
    """A place that breaks a rule: the file, what is wrong, and the cell."""

    file: str
    text: str
    cell: int | None = None


@dataclass(frozen=True)
class Rule:
    """A rule, what to do where it is broken, and what it looks at."""

    check: Callable
    fix: str
    needs: tuple[str, ...]
    sometimes: bool

    @property
    def name(self):
        """As sheets.toml and the table call it."""
        return self.check.__name__

    @property
    def demand(self):
        """What must hold."""
        return self.check.__doc__

    def why_not(self, handin):
        """Why the rule does not apply to a hand-in; None if it does."""
        for need in self.needs:
            if not getattr(handin, need):
                return WHY_NOT[need]
        if self.sometimes and self.name not in handin.sheet.demands:
            return "the sheet does not ask for it"
        return None


RULES = []


def rule(*needs, fix, sometimes=False):
    """Make a function a rule.

    Parameters
    ----------
    needs : attributes of Handin that must be there for the rule to apply
    fix : str
    sometimes : bool
        Whether it holds only for sheets that list it among their `demands`.
    """

    def register(function):
        wanted = ("sheet", *needs) if sometimes else needs
        RULES.append(Rule(function, fix, wanted, sometimes))
        return function

    return register


# The archive


@rule(fix="Leave out what is large, and what need not be handed in.")
def is_no_bomb(handin):
    """The archive does not unpack to more than 200 MiB or 2000 files."""
    if not handin.is_readable:
        yield Problem(handin.filename, "It unpacks to more than the limit.")


@rule(fix="Pack the folder anew, from the outside.")
def stays_in_its_folder(handin):
    """No path is absolute or leads out of the folder with `..`."""
    for entry in handin.entries:
        if entry.leaves_folder:
            yield Problem(entry.path, "It would be written elsewhere.")


@rule(fix="Pack the file that the link points to.")
def has_no_links(handin):
    """No entry is a symbolic link."""
    for entry in handin.entries:
        if entry.is_link:
            yield Problem(entry.path, "It is a link.")


@rule(fix="Rename it: letters, digits, hyphens and dots work everywhere.")
def names_are_legal(handin):
    """Every file name can be used on Windows, macOS and Linux."""
    for entry in handin.entries:
        if entry.leaves_folder:
            continue
        for part in entry.parts:
            if ILLEGAL.search(part) or RESERVED.fullmatch(part):
                yield Problem(entry.path, "Windows cannot have this name.")
        if len(entry.path) > MAX_PATH:
            yield Problem(
                entry.path, f"The path has more than {MAX_PATH} characters."
            )


@rule(fix="Rename one of them.")
def names_are_distinct(handin):
    """No two names are the same on Windows or macOS, where case is ignored."""
    paths = Counter(
        entry.path.rstrip("/").casefold() for entry in handin.entries
    )
    for path, count in paths.items():
        if count > 1:
            yield Problem(path, f"{count} entries would get this name.")


@rule(fix="Delete caches and checkpoints before packing.")
def has_no_caches(handin):
    """There are no caches, checkpoints or compiled files."""
    for entry in handin.entries:
        if entry.is_cache:
            yield Problem(entry.path, "It is left over from a tool.")


@rule(fix="Delete hidden files before packing.")
def has_no_hidden_files(handin):
    """There are no hidden files."""
    for entry in handin.entries:
        if entry.is_hidden and not entry.is_cache:
            yield Problem(entry.path, "It is hidden.")


SAFE_TO_UNPACK = [
    is_no_bomb,
    stays_in_its_folder,
    has_no_links,
    names_are_legal,
    names_are_distinct,
]


@rule("is_readable", fix="Let the code fetch or generate the data.")
def has_no_large_data(handin):
    """No file but code and PDF is larger than 5 MiB."""
    for path, data in handin.files.items():
        if len(data) > MAX_DATA and not path.endswith((".ipynb", ".pdf")):
            yield Problem(path, f"It has {len(data) / 2**20:.1f} MiB.")


@rule("is_readable", fix="Pack the archive anew, without a password.")
def can_be_unpacked(handin):
    """Every file can be unpacked: none is damaged or encrypted."""
    for path, problem in handin.damaged.items():
        yield Problem(path, f"It cannot be unpacked: {problem}.")


# What it is


@rule(
    "is_readable",
    fix="Put each question's number at the start of its heading, or name the "
    "sheet with --sheet.",
)
def answers_a_known_sheet(handin):
    """Its questions are those of a sheet in sheets.toml."""
    if handin.sheet is None:
        yield Problem(
            handin.filename, "It is not seen which sheet it answers."
        )


@rule(fix="Rename the ZIP to Surname-MatriculationNumber.zip.", sometimes=True)
def zip_is_named(handin):
    """The ZIP is named Surname-MatriculationNumber.zip."""
    if not handin.owner:
        yield Problem(handin.filename, "It is not named so.")


@rule("pdf_path", fix="Give the PDF the name of the ZIP.", sometimes=True)
def pdf_is_named_alike(handin):
    """The PDF is named like the ZIP: Surname-MatriculationNumber.pdf."""
    if PurePosixPath(handin.pdf_path).stem != handin.name:
        yield Problem(handin.pdf_path, f"It is not named {handin.name}.pdf.")


@rule("is_readable", fix="Pack the report as one PDF.", sometimes=True)
def has_one_pdf(handin):
    """There is exactly one PDF."""
    if len(handin.pdf_paths) != 1:
        yield Problem(
            handin.filename, f"It holds {len(handin.pdf_paths)} PDF files."
        )


@rule("is_readable", fix="Pack the notebooks or scripts, too.")
def has_code(handin):
    """There is runnable code: a notebook or a Python file with statements."""
    cells = [cell for cells in handin.code.values() for cell in cells]
    if not any(tree.body for _, tree in cells) and not handin.broken_code:
        yield Problem(handin.filename, "It holds no code.")


# The code


@rule("is_readable", fix="Open it, correct it and save it again.")
def code_can_be_read(handin):
    """Every notebook is a valid notebook, and all code is valid Python."""
    for path, problem in handin.broken_code.items():
        yield Problem(path, f"It cannot be read: {problem}.")


@rule("code", "sheet", fix="Write it yourself, with what the sheet allows.")
def imports_are_allowed(handin):
    """Nothing is imported that the sheet does not allow."""
    sheet = handin.sheet
    allowed = sheet.allowed_imports | sheet.comparison_imports
    for path, cell, name in foreign_imports(handin):
        if not (is_inside(name, allowed) or leads_to(name, allowed)):
            yield Problem(
                path, f"It imports {name}, which is not allowed.", cell
            )


@rule("code", "sheet", fix="Move the comparison into the notebook.")
def modules_are_from_scratch(handin):
    """What the sheet allows only to compare with, no module builds on."""
    imported = {
        name.rpartition(".")[2]
        for cells in handin.code.values()
        for _, tree in cells
        for name in imported_in(tree)
    }
    for path, cell, name in foreign_imports(handin):
        is_module = (
            path.endswith(".py") and PurePosixPath(path).stem in imported
        )
        if is_module and is_inside(name, handin.sheet.comparison_imports):
            yield Problem(
                path,
                f"It imports {name}, which is only to compare with.",
                cell,
            )


@rule("code", fix="Write the path from the file's own folder.")
def paths_are_relative(handin):
    """No path in the code is absolute."""
    for path, cells in handin.code.items():
        for cell, tree in cells:
            for text in strings(tree):
                if ABSOLUTE.match(text):
                    yield Problem(path, f"It names the path {text!r}.", cell)


# The notebooks

RUN_ALL = "Choose Kernel, Restart Kernel and Run All Cells, and save."


def in_notebooks(handin, hygiene_rule):
    """The problems that a rule of `hygiene` finds in the notebooks."""
    for path, notebook in handin.notebooks.items():
        for cell, text in hygiene_rule(notebook):
            yield Problem(path, text, cell)


@rule("notebooks", fix=RUN_ALL)
def notebooks_ran_in_order(handin):
    """Every notebook was run from top to bottom."""
    yield from in_notebooks(handin, hygiene.runs_in_order)


@rule("notebooks", fix="Correct the cell. " + RUN_ALL)
def notebooks_have_no_errors(handin):
    """No cell of a notebook ended with an error."""
    yield from in_notebooks(handin, hygiene.has_no_errors)


@rule("notebooks", fix="Run `make data notebooks` where MNIST can be fetched.")
def notebooks_ran_on_the_real_data(handin):
    """No output was made from the stand-in for MNIST."""
    yield from in_notebooks(handin, hygiene.ran_on_the_real_data)


@rule(
    "notebooks",
    "owner",
    fix="Write your name into the first cell.",
    sometimes=True,
)
def notebooks_are_signed(handin):
    """Every notebook holds the surname."""
    for path, notebook in handin.notebooks.items():
        text = "\n".join(cell.source for cell in notebook.cells)
        if squeezed(handin.owner["surname"]) not in squeezed(text):
            yield Problem(path, f"{handin.owner['surname']} is not in it.")


@rule(
    "code",
    "notebooks",
    fix="Set a label with its unit on both axes, or switch the axes off.",
    sometimes=True,
)
def axes_are_labelled(handin):
    """The code that draws a figure labels both axes."""
    for path, cell, called in drawing_cells(handin):
        for axis, setters in ("x", X_LABEL), ("y", Y_LABEL):
            if called.isdisjoint(setters | NO_AXES):
                yield Problem(
                    path, f"No label is set on the {axis} axis.", cell
                )


@rule(
    "code",
    "notebooks",
    fix="Call legend() once all is drawn.",
    sometimes=True,
)
def legends_are_shown(handin):
    """Code that gives labels to what it draws shows them in a legend."""
    for path, cell, called in drawing_cells(handin):
        if "label=" in called and called.isdisjoint(KEYS):
            yield Problem(path, "Labels are given, but no legend.", cell)


# The PDF


@rule("pdf_path", fix="Export the PDF anew, without a password.")
def pdf_opens(handin):
    """The PDF can be opened."""
    if handin.pages is None:
        yield Problem(handin.pdf_path, "It cannot be opened.")


@rule("pdf_path", "pages", fix="Export the PDF from the notebook; no scan.")
def pdf_has_text(handin):
    """The PDF holds text, not only pictures of it."""
    if not handin.text.strip():
        yield Problem(handin.pdf_path, "It holds no text.")


@rule(
    "text",
    "owner",
    fix="Write surname and matriculation number on the first page.",
    sometimes=True,
)
def title_page_names_the_author(handin):
    """Surname and matriculation number are on the first page of the PDF."""
    page = squeezed(handin.pages[0])
    for part in handin.owner.groupdict().values():
        if squeezed(part) not in page:
            yield Problem(handin.pdf_path, f"{part} is not on page 1.")


@rule(
    "text",
    "sheet",
    fix="Answer it below a heading that starts with its number.",
    sometimes=True,
)
def pdf_has_every_question(handin):
    """Every question of the sheet has its heading in the PDF."""
    found = questions_in(handin, {handin.sheet})
    for question in handin.sheet.questions:
        if question.id not in found:
            yield Problem(
                handin.pdf_path, f"Question {question.id} has no heading."
            )


@rule(
    "text",
    "notebooks",
    fix="Export the PDF after the last run.",
    sometimes=True,
)
def pdf_has_every_figure(handin):
    """The PDF holds as many pictures as the notebooks."""
    wanted = len(list(figures(handin)))
    found = sum(pictures_on(page) for page in handin.pdf.pages)
    if 0 < found < wanted:  # none: they are drawn, and cannot be counted
        yield Problem(
            handin.pdf_path,
            f"It holds {found} pictures, but the notebooks have {wanted}.",
        )


@rule(
    "text",
    "notebooks",
    fix="Write `Figure 1: what it shows` below each figure.",
    sometimes=True,
)
def figures_have_captions(handin):
    """The PDF has a numbered caption for every figure of the notebooks."""
    wanted = len(list(figures(handin)))
    found = len(set(CAPTION.findall(handin.text)))
    if found < wanted:
        yield Problem(
            handin.pdf_path, f"{found} captions, but {wanted} figures."
        )


@rule(
    "text",
    fix="Print it in the PDF, in an appendix if it is long.",
    sometimes=True,
)
def pdf_has_all_code(handin):
    """The PDF holds the code of every notebook and module."""
    text = squeezed(handin.text)
    for path, lines in handin.code_lines.items():
        if path in handin.broken_code:
            continue
        lines = [line for line in map(squeezed, lines) if line]
        missing = [line for line in lines if line not in text]
        if len(missing) > (1 - MIN_SHARE) * len(lines):
            yield Problem(
                handin.pdf_path,
                f"{len(missing)} of the {len(lines)} lines of {path} are not "
                f"in it, such as {missing[0]!r}.",
            )


# A new run


@rule("rerun", fix="Make it run from its own folder, with what is in the ZIP.")
def notebooks_run_elsewhere(handin):
    """Every notebook runs in another folder and a clean environment."""
    for path, result in handin.rerun.items():
        if isinstance(result, str):
            yield Problem(path, result)


@rule("rerun", fix="Fix every seed, print no times. " + RUN_ALL)
def outputs_are_those_of_the_code(handin):
    """What a new run prints is what the notebooks hold."""
    for path, result in handin.rerun.items():
        if isinstance(result, str):
            continue
        old, new = handin.notebooks[path].cells, result.cells
        for number, (before, after) in enumerate(
            zip(old, new, strict=True), 1
        ):
            expected, came = hygiene.text_of(before), hygiene.text_of(after)
            if not same_text(expected, came):
                yield Problem(
                    path,
                    f"It holds {shortened(expected)}, but a new run printed "
                    f"{shortened(came)}.",
                    number,
                )


# What the rules have in common


def squeezed(text):
    """Text without white space and with one kind of quotes and dashes."""
    text = unicodedata.normalize("NFKC", text).translate(
        str.maketrans("‘’“”‐‑–—−", "''\"\"-----")
    )
    return "".join(text.split())


def foreign_imports(handin):
    """(path, cell, module) of imports of what is not in the archive."""
    own = {part for path in handin.code for part in PurePosixPath(path).parts}
    own = {name.removesuffix(".py") for name in own}
    at_hand = own | sys.stdlib_module_names | FURNITURE
    for path, cells in handin.code.items():
        for cell, tree in cells:
            modules = imported_in(tree)
            for name in sorted(modules):
                is_attribute = name.rpartition(".")[0] in modules
                if name.partition(".")[0] not in at_hand and not is_attribute:
                    yield path, cell, name


def is_inside(name, others):
    """Whether a name is one of the others or inside of one.

    Examples
    --------
    >>> is_inside("sklearn.svm.SVC", {"sklearn.svm"})
    True
    >>> is_inside("sklearn", {"sklearn.svm"})
    False
    """
    return any(f"{name}.".startswith(f"{other}.") for other in others)


def leads_to(name, others):
    """Whether one of the others is inside of a name."""
    return any(f"{other}.".startswith(f"{name}.") for other in others)


def strings(tree):
    """The string constants of some code, but not its docstrings."""
    nodes = list(ast.walk(tree))
    docs = [node.value for node in nodes if isinstance(node, ast.Expr)]
    for node in set(nodes).difference(docs):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def names_called(tree):
    """Names of what some code calls; `label=` when it labels what it draws."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", None))
            yield name
            keywords = {keyword.arg for keyword in node.keywords}
            if name in DRAWS and "label" in keywords:
                yield "label="
            if name == "set":  # ax.set(xlabel=..., ylabel=...)
                yield from keywords


def drawing_cells(handin):
    """(path, cell, names called) of the cells that drew a figure.

    The names are those called in the cell and, in turn, in the functions of
    the archive that have such a name.
    """
    bodies = defaultdict(set)
    for cells in handin.code.values():
        for _, tree in cells:
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef):
                    bodies[node.name] |= set(names_called(node))
    drawn = set(figures(handin))
    for path, cells in handin.code.items():
        for cell, tree in cells:
            if (path, cell) not in drawn:
                continue
            called, waiting = set(), set(names_called(tree))
            while waiting:
                called |= waiting
                waiting = set().union(
                    *map(bodies.get, bodies.keys() & waiting)
                )
                waiting -= called
            if called & DRAWS:
                yield path, cell, called


def figures(handin):
    """(path, cell) of each picture among the outputs of the notebooks."""
    for path, notebook in handin.notebooks.items():
        for number, cell in hygiene.code_cells(notebook):
            for output in cell.outputs:
                kinds = output.get("data", {}).keys()
                if kinds & {"image/png", "image/jpeg", "image/svg+xml"}:
                    yield path, number


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


def questions_in(handin, sheets):
    """The ids of the questions of some sheets that have a heading.

    Headings are the PDF's bookmarks, or else lines of its text, or else those
    of the notebooks.
    """
    ids = {q.id for sheet in sheets for q in sheet.questions}
    headings = "\n".join(
        line.lstrip("# ")
        for notebook in handin.notebooks.values()
        for cell in notebook.cells
        for line in cell.source.split("\n")
        if cell.cell_type == "markdown" and line.startswith("#")
    )
    for text in bookmarks(handin), handin.text or "", headings:
        found = {id for id in ids if heading_pattern(id).search(text)}
        if found:
            return found
    return set()


def bookmarks(handin):
    """The titles of the PDF's bookmarks, one a line."""

    def titles(items):
        for item in items:
            if isinstance(item, list):
                yield from titles(item)
            else:
                yield str(item.title)

    return "\n".join(titles(handin.pdf.outline)) if handin.text else ""


def heading_pattern(id):
    """Pattern of a heading of a question, such as `1.1`, `Task 1.1)`, `1 (a)`.

    Examples
    --------
    >>> bool(heading_pattern("1a").search("Question 1 (a): shapes"))
    True
    >>> bool(heading_pattern("1.1").search("1.10 Shapes"))
    False
    """
    digits, rest = re.fullmatch(r"(\d+)(.*)", id).groups()
    number = rf"{digits}[\s.]*\(?{rest}" if rest.isalpha() else re.escape(id)
    return re.compile(QUESTION.format(number), re.I | re.M)


def same_text(expected, came):
    """Whether two outputs are the same but for rounding and addresses.

    Examples
    --------
    >>> same_text("<f at 0x7f1> 0.30000000000000004", "<f at 0x7f2> 0.3")
    True
    >>> same_text("0.9644", "0.9645")
    False
    """
    expected, came = ADDRESS.sub("at", expected), ADDRESS.sub("at", came)
    if NUMBER.sub("#", expected) != NUMBER.sub("#", came):
        return False
    pairs = zip(NUMBER.findall(expected), NUMBER.findall(came), strict=True)
    return all(
        math.isclose(float(a), float(b), rel_tol=RELATIVE_TOLERANCE)
        for a, b in pairs
    )


def shortened(text):
    """The beginning of a text, quoted."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
