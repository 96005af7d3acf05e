"""What a hand-in must keep to, a small function for each rule.

A rule takes a `Handin` and yields, for each place that breaks it, the place
(a path, or a path and a cell's number) and a sentence. Its docstring says
what must hold, its `fix` what to do where it does not.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath

from helpers.mnist import STANDIN
from submission.notebook import same_text, text_of
from submission.sheets import heading, heading_form

MAX_DATA = 5 * 2**20
MAX_LINE = 79
MAX_PATH = 180  # Windows allows 260, and it is unpacked somewhere
ILLEGAL = re.compile(r'[<>:"|?*\\\x00-\x1f]|[ .]$')
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)
ABSOLUTE = re.compile(
    r"(~|file:/|[A-Za-z]:)[\\/]|\\\\\w|/[\w.-]+/[\w.-]|"
    r"/(home|root|Users|tmp|usr|opt|mnt|content|kaggle|var)$"
)
VOLATILE = {
    "a memory address": re.compile(r"\b0x[0-9a-fA-F]{6,}\b"),
    "an absolute path": re.compile(
        r"(?<![\w.:/])/(?:home|root|Users|tmp|usr|opt|work)/|\b[A-Z]:\\"
    ),
    "a timestamp": re.compile(r"\b\d{1,2}:\d\d:\d\d\b|\b\d{4}-\d\d-\d\dT"),
    "a NumPy type name": re.compile(
        r"np\.(?:bool|str|u?int|float|complex)\w*\("
    ),
}
MIN_SHARE = 0.95  # of the lines of code, for tools that garble one or two
START_HEADINGS = "Start each question's heading with its number."
RUN_ALL = "Choose Kernel, Restart Kernel and Run All Cells, and save."
WHY_NOT = {
    "is_readable": "the archive is not opened, as it is too large",
    "notebooks": "there is no notebook that can be read",
    "code": "there is no code that can be read",
    "pdf_path": "there is no PDF",
    "pdf": "there is no PDF that can be opened",
    "text": "there is no PDF with text",
    "owner": "name and number are not known, as the ZIP is not named so",
    "sheet": "the sheet is not known",
    "rerun": "only with --run, and if it is safe to unpack",
}


@dataclass(frozen=True)
class Rule:
    """A rule, what to do where it is broken, and when it applies."""

    name: str
    demand: str  # what must hold
    check: Callable
    fix: str
    needs: tuple[str, ...]  # what a Handin must have for it to apply
    sometimes: bool  # whether only for sheets with it among their `demands`

    def why_not(self, handin):
        """Why the rule does not apply to a hand-in; None if it does."""
        for need in self.needs:
            if not getattr(handin, need):
                return WHY_NOT[need]
        if self.sometimes and self.name not in handin.sheet.demands:
            return "the sheet does not ask for it"
        return None

    def problems(self, handin):
        """What breaks it, as dicts of file, cell (or None) and text."""
        problems = []
        for place, text in self.check(handin):
            file, cell = (place, None) if isinstance(place, str) else place
            problems.append({"file": file, "cell": cell, "text": text})
        return problems

    def result(self, handin):
        """Whether it is kept to and what there is to say, as a dict."""
        why_not = self.why_not(handin)
        problems = [] if why_not else self.problems(handin)
        state = "fail" if problems else "pass"
        return {
            "rule": self.name,
            "demand": self.demand,
            "state": "not applicable" if why_not else state,
            "why_not": why_not,
            "problems": problems,
            "fix": self.fix if problems else None,
        }


RULES = []


def rule(*needs, fix, sometimes=False):
    """Make a function a rule, its docstring the demand; see `Rule`."""

    def register(check):
        name, demand = check.__name__, check.__doc__
        RULES.append(Rule(name, demand, check, fix, needs, sometimes))
        return check

    return register


def stated(*needs, fix):
    """Make a function a rule for sheets that list it among their demands."""
    return rule("sheet", *needs, fix=fix, sometimes=True)


# The archive


@rule(fix="Leave out what is large, and what need not be handed in.")
def is_no_bomb(handin):
    """The archive does not unpack to more than 200 MiB or 2000 files."""
    if not handin.is_readable:
        yield handin.filename, "It unpacks to more than the limit."


@rule(fix="Pack the folder anew, from the outside.")
def stays_in_its_folder(handin):
    """No path is absolute or leads out of the folder with `..`."""
    for entry in handin.entries:
        if entry.leaves_folder:
            yield entry.path, "It would be written elsewhere."


@rule(fix="Pack the file that the link points to.")
def has_no_links(handin):
    """No entry is a symbolic link."""
    for entry in handin.entries:
        if entry.is_link:
            yield entry.path, "It is a link."


@rule(fix="Rename it: letters, digits, hyphens and dots work everywhere.")
def names_are_legal(handin):
    """Every file name can be used on Windows, macOS and Linux."""
    for entry in handin.entries:
        if entry.leaves_folder:
            continue
        for part in entry.parts:
            if ILLEGAL.search(part) or RESERVED.fullmatch(part):
                yield entry.path, "Windows cannot have this name."
        if len(entry.path) > MAX_PATH:
            yield entry.path, f"It has more than {MAX_PATH} characters."


@rule(fix="Rename one of them.")
def names_are_distinct(handin):
    """No two names are the same on Windows or macOS, where case is ignored."""
    names = [entry.path.rstrip("/").casefold() for entry in handin.entries]
    for name, count in Counter(names).items():
        if count > 1:
            yield name, f"{count} entries would get this name."


SAFE_TO_UNPACK = list(RULES)


@rule(fix="Delete caches and checkpoints before packing.")
def has_no_caches(handin):
    """There are no caches, checkpoints or compiled files."""
    for entry in handin.entries:
        if entry.is_cache:
            yield entry.path, "It is left over from a tool."


@rule(fix="Delete hidden files before packing.")
def has_no_hidden_files(handin):
    """There are no hidden files."""
    for entry in handin.entries:
        if entry.is_hidden and not entry.is_cache:
            yield entry.path, "It is hidden."


@rule("is_readable", fix="Let the code fetch or generate the data.")
def has_no_large_data(handin):
    """No file but code and PDF is larger than 5 MiB."""
    for path, data in handin.files.items():
        if len(data) > MAX_DATA and not path.endswith((".ipynb", ".pdf")):
            yield path, f"It has {len(data) / 2**20:.1f} MiB."


@rule("is_readable", fix="Pack the archive anew, without a password.")
def can_be_unpacked(handin):
    """Every file can be unpacked: none is damaged or encrypted."""
    for path, reason in handin.damaged.items():
        yield path, f"It cannot be unpacked: {reason}."


# What it is


@rule("is_readable", fix=START_HEADINGS + " Or name the sheet with --sheet.")
def answers_a_known_sheet(handin):
    """Its questions are those of a sheet in sheets.toml."""
    if handin.sheet is None:
        yield handin.filename, "It is not seen which sheet it answers."


@stated(fix="Rename the ZIP to Surname-MatriculationNumber.zip.")
def zip_is_named(handin):
    """The ZIP is named Surname-MatriculationNumber.zip."""
    if not handin.owner:
        yield handin.filename, "It is not named so."


@stated("pdf_path", fix="Give the PDF the name of the ZIP.")
def pdf_is_named_alike(handin):
    """The PDF is named like the ZIP: Surname-MatriculationNumber.pdf."""
    if PurePosixPath(handin.pdf_path).stem != handin.name:
        yield handin.pdf_path, f"It is not named {handin.name}.pdf."


@stated("is_readable", fix="Pack the report as one PDF.")
def has_one_pdf(handin):
    """There is exactly one PDF."""
    if len(handin.pdf_paths) != 1:
        yield handin.filename, f"It holds {len(handin.pdf_paths)} PDF files."


@rule("is_readable", fix="Pack the notebooks or scripts, too.")
def has_code(handin):
    """There is runnable code: a notebook or a Python file with statements."""
    statements = [tree.body for tree in handin.code.values()]
    if not any(statements) and not handin.broken_code:
        yield handin.filename, "It holds no code."


@rule("is_readable", "sheet", fix="Pack it, with just this name.")
def has_the_files_the_sheet_names(handin):
    """Every file that the sheet names is in some folder of the ZIP."""
    there = {PurePosixPath(path).name for path in handin.files}
    for name in handin.sheet.files:
        if name not in there:
            yield handin.filename, f"The file {name} is not in it."


# The code


@rule("is_readable", fix="Open it, correct it and save it again.")
def code_can_be_read(handin):
    """Every notebook is a valid notebook, and all code is valid Python."""
    for place, reason in handin.broken_code.items():
        yield place, f"It cannot be read: {reason}."


@rule("code", "sheet", fix="Write it yourself, with what the sheet allows.")
def imports_are_allowed(handin):
    """Nothing is imported that the sheet does not allow."""
    allowed = handin.sheet.allowed_imports | handin.sheet.comparison_imports
    for place, name in handin.imports:
        if not (is_inside(name, allowed) or leads_to(name, allowed)):
            yield place, f"It imports {name}, which is not allowed."


@rule("code", "sheet", fix="Move the comparison into the notebook.")
def modules_are_from_scratch(handin):
    """What the sheet allows only to compare with, no module builds on."""
    imported = handin.imported_names
    for (path, cell), name in handin.imports:
        is_module = cell is None and PurePosixPath(path).stem in imported
        if is_module and is_inside(name, handin.sheet.comparison_imports):
            yield path, f"It imports {name}, which is only to compare with."


@rule("code", fix="Write the path from the file's own folder.")
def paths_are_relative(handin):
    """No path in the code is absolute."""
    for place, text in handin.strings:
        if ABSOLUTE.match(text):
            yield place, f"It names the path {text!r}."


# The notebooks


@rule("notebooks", fix=RUN_ALL)
def notebooks_ran_in_order(handin):
    """Every notebook was run from top to bottom."""
    wanted = Counter()
    for (path, number), cell in handin.code_cells.items():
        wanted[path] += 1
        count = cell.execution_count
        if count != wanted[path]:
            text = f"Its execution count is {count} instead of {wanted[path]}."
            yield (path, number), text


@rule("notebooks", fix="Correct the cell. " + RUN_ALL)
def notebooks_have_no_errors(handin):
    """No cell of a notebook ended with an error."""
    for place, output in handin.outputs:
        if output.output_type == "error":
            yield place, f"It ended with the error {output.ename}."


@stated("notebooks", fix="Remove what it warns of. " + RUN_ALL)
def notebooks_have_no_warnings(handin):
    """No output went to stderr."""
    for place, output in handin.outputs:
        if output.get("name") == "stderr":
            yield place, f"It printed to stderr: {output.text!r}."


@stated("notebooks", fix="Print only what every run gives.")
def outputs_hold_nothing_volatile(handin):
    """No output holds what differs between runs or machines."""
    for place, cell in handin.code_cells.items():
        for what, pattern in VOLATILE.items():
            if found := pattern.search(text_of(cell)):
                yield place, f"It printed {what}: {found.group()!r}."


@stated("notebooks", fix="Break the line.")
def lines_are_short(handin):
    """No line of a notebook is longer than 79 characters."""
    for place, cell in handin.cells.items():
        for line in cell.source.split("\n"):
            if len(line) > MAX_LINE:
                yield place, f"It has a line of {len(line)} characters."


@rule("notebooks", fix="Run `make data notebooks` where MNIST can be fetched.")
def notebooks_ran_on_the_real_data(handin):
    """No output was made from the stand-in for MNIST."""
    for place, cell in handin.code_cells.items():
        if STANDIN in text_of(cell):
            yield place, f"It was run on the {STANDIN}."


@stated("notebooks", "owner", fix="Write your name into the first cell.")
def notebooks_are_signed(handin):
    """Every notebook holds the surname."""
    surname = handin.owner["surname"]
    for path, notebook in handin.notebooks.items():
        text = "\n".join(cell.source for cell in notebook.cells)
        if squeezed(surname) not in squeezed(text):
            yield path, f"{surname} is not in it."


@stated("notebooks", fix="Write the heading so, and only once.")
def notebooks_have_every_heading(handin):
    """Every question has one heading, with its points if the sheet has any."""
    for question in handin.sheet.questions:
        count = len(heading(question).findall(handin.prose))
        if count != 1:
            form = heading_form(question)
            yield handin.filename, f"It has {count} headings {form!r}."


# The PDF


@rule("pdf_path", fix="Export the PDF anew, without a password.")
def pdf_opens(handin):
    """The PDF can be opened."""
    if handin.pdf is None:
        yield handin.pdf_path, "It cannot be opened."


@rule("pdf_path", "pdf", fix="Export the PDF from the notebook; no scan.")
def pdf_has_text(handin):
    """The PDF holds text, not only pictures of it."""
    if not handin.text:
        yield handin.pdf_path, "It holds no text."


@stated("text", "owner", fix="Write both on the title page.")
def title_page_names_the_author(handin):
    """Surname and matriculation number are on the first page of the PDF."""
    page = squeezed(handin.pdf.pages[0])
    for part in handin.owner.groupdict().values():
        if squeezed(part) not in page:
            yield handin.pdf_path, f"{part} is not on page 1."


@stated("text", fix=START_HEADINGS)
def pdf_has_every_question(handin):
    """Every question of the sheet has its heading in the PDF."""
    answered = handin.answered([handin.sheet])
    for question in handin.sheet.questions:
        if question.id not in answered:
            yield handin.pdf_path, f"Question {question.id} has no heading."


@stated("text", "notebooks", fix="Export the PDF after the last run.")
def pdf_has_every_figure(handin):
    """The PDF holds as many pictures as the notebooks."""
    held, wanted = handin.pdf.num_pictures, handin.num_figures
    if 0 < held < wanted:  # none: they are drawn, and cannot be counted
        text = f"It holds {held} pictures, but the notebooks have {wanted}."
        yield handin.pdf_path, text


@stated("text", "notebooks", fix="Write `Figure 1: ...` below each figure.")
def figures_have_captions(handin):
    """The PDF has a numbered caption for every figure of the notebooks."""
    captions, figures = len(handin.pdf.captions), handin.num_figures
    if captions < figures:
        yield handin.pdf_path, f"{captions} captions, but {figures} figures."


@stated("text", fix="Print it in the PDF, in an appendix if it is long.")
def pdf_has_all_code(handin):
    """The PDF holds the code of every notebook and module."""
    printed = squeezed(handin.text)
    for path, lines in handin.code_lines.items():
        lines = [line for line in map(squeezed, lines) if line]
        missing = [line for line in lines if line not in printed]
        if len(missing) > (1 - MIN_SHARE) * len(lines):
            text = f"{len(missing)} of the {len(lines)} lines of {path} are "
            text += f"not in it, such as {missing[0]!r}."
            yield handin.pdf_path, text


# A new run


@rule("rerun", fix="Make it run from its own folder, with what is in the ZIP.")
def notebooks_run_elsewhere(handin):
    """Every notebook runs in another folder and a clean environment."""
    for path, result in handin.rerun.items():
        if isinstance(result, str):
            yield path, result


@rule("rerun", fix="Fix every seed, print no times. " + RUN_ALL)
def outputs_are_those_of_the_code(handin):
    """What a new run prints is what the notebooks hold."""
    for place, held, came in handin.printed_again:
        if not same_text(held, came):
            held, came = shortened(held), shortened(came)
            yield place, f"It holds {held}, but a new run printed {came}."


# What the rules have in common


def squeezed(text):
    """Text without white space and with one kind of quotes and dashes."""
    text = unicodedata.normalize("NFKC", text).translate(
        str.maketrans("‘’“”‐‑–—−", "''\"\"-----")
    )
    return "".join(text.split())


def is_inside(name, others):
    """Whether a name is one of the others or inside of one."""
    return any(f"{name}.".startswith(f"{other}.") for other in others)


def leads_to(name, others):
    """Whether one of the others is inside of a name."""
    return any(is_inside(other, {name}) for other in others)


def shortened(text):
    """The beginning of a text, quoted."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
