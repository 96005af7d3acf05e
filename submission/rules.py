"""What a hand-in must keep to, a small function for each rule.

A rule takes a `Handin` and yields, for each place that breaks it, the place
(a path, or a path and a cell's number) and a sentence; and True, where that
cannot be seen for certain and the reader is to look. Its docstring says what
must hold, its `fix` what to do where it does not. A rule is one of three
kinds: a demand or a danger, which a hand-in can fail by, or advice, which it
cannot, unless the sheet demands it.
"""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import PurePosixPath

from submission.cells import same_text
from submission.code import TOOLS
from submission.handin import loosely, squeezed
from submission.questions import (
    OWN,
    SHARED,
    Numbers,
    major_of,
    swapped,
    task_heading,
)
from submission.reach import is_docstring

MAX_PATH = 180  # Windows allows 260, and it is unpacked somewhere
MAX_PROBLEMS = 20  # of a rule that are told
MAX_TEXT = 300
ILLEGAL = re.compile(r'[<>:"|?*]|[ .]$')
# What steers a terminal, ends a line or turns the direction of text.
HARMFUL = re.compile("[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
DEVICE = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[\d¹²³])\s*(\..*)?",
    re.I,
)
ABSOLUTE = re.compile(
    r"file:/|[C-Zc-z]:[\\/][\w ]{2,}[\\/.]|~[\\/]\w|"
    r"/(home|Users|root|kaggle/\w+|mnt|media|Volumes|scratch|tmp|opt)/[\w.-]|"
    r"/content/(drive|gdrive|sample_data|[^/]*\.\w+$)"
)
LONG = 40  # letters of a line of code; margins cut or break the rest
MIN_SHARE = 0.95  # of the lines of code, for tools that garble one or two
CERTAIN_SHARE = 0.75  # of them; where fewer are found, they are not printed
START_HEADINGS = "Start each question's heading with its number."
RUN_ALL = "Choose Kernel, Restart Kernel and Run All Cells, and save."
WHY_NOT = {
    "is_readable": "the archive is not opened, see above",
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
    kind: str  # danger, demand, stated (a demand of some sheets), advice

    def why_not(self, handin):
        """Why the rule does not apply to a hand-in; None if it does."""
        for need in self.needs:
            if not getattr(handin, need):
                return WHY_NOT[need]
        if self.kind == "stated" and not self.is_demanded(handin):
            return "the sheet does not ask for it"
        return None

    def is_demanded(self, handin):
        """Whether the sheet, if it is known, states the rule."""
        return bool(handin.sheet) and self.name in handin.sheet.demands

    def problems(self, handin):
        """What breaks it, as dicts of file, cell (or None), text and look."""
        is_advice = self.kind == "advice" and not self.is_demanded(handin)
        problems = []
        for place, text, *unsure in islice(self.check(handin), MAX_PROBLEMS):
            file, cell = (place, None) if isinstance(place, str) else place
            problems.append(
                {
                    "file": file[:MAX_TEXT],
                    "cell": cell,
                    "text": text[:MAX_TEXT],
                    "look": is_advice or any(unsure),
                }
            )
        return problems

    def result(self, handin):
        """Whether it is kept to and what there is to say, as a dict."""
        why_not = self.why_not(handin)
        problems = [] if why_not else self.problems(handin)
        state = "not applicable" if why_not else "pass"
        if problems:
            is_sure = any(not problem["look"] for problem in problems)
            state = "fail" if is_sure else "look"
        return {
            "rule": self.name,
            "demand": self.demand,
            "state": state,
            "why_not": why_not,
            "problems": problems,
            "fix": self.fix if problems else None,
        }


RULES = []


def rule(*needs, fix, kind="demand"):
    """Make a function a rule, its docstring the demand; see `Rule`."""

    def register(check):
        name, demand = check.__name__, check.__doc__
        RULES.append(Rule(name, demand, check, fix, needs, kind))
        return check

    return register


danger = partial(rule, kind="danger")  # for whoever unpacks the archive
stated = partial(rule, "sheet", kind="stated")  # by sheets that list it
advice = partial(rule, kind="advice")  # none fails by it, unless it is stated


# The archive


@danger(fix="Leave out what is large, and what need not be handed in.")
def is_no_bomb(handin):
    """The archive has at most 2000 files, apart, and 200 MiB unpacked."""
    if handin.bomb:
        yield handin.filename, handin.bomb


@danger(fix="Pack the folder anew, from the outside.")
def stays_in_its_folder(handin):
    """No path is absolute or leads out of the folder with `..`."""
    for entry in handin.entries:
        if entry.leaves_folder:
            yield entry.path, "It would be written elsewhere."


@danger(fix="Pack the file that the link points to.")
def has_no_links(handin):
    """No entry is a symbolic link or a device."""
    for entry in handin.entries:
        if entry.is_link:
            yield entry.path, "It is a link or a device."


@danger(fix="Rename it: letters, digits, hyphens and dots work everywhere.")
def names_are_harmless(handin):
    """No name is a device of Windows or holds characters that steer."""
    for entry in handin.entries:
        if entry.is_litter:
            continue
        if HARMFUL.search(entry.path):
            yield entry.path, "It holds characters that are not seen."
        elif any(map(DEVICE.fullmatch, entry.parts)):
            yield entry.path, "Windows takes it for a device."


@danger(fix="Rename one of them.")
def names_are_distinct(handin):
    """No two files have the same name, nor a file that of a folder."""
    entries = [e for e in handin.entries if not e.is_litter]
    paths = Counter(e.path for e in entries if not e.is_folder)
    folders = {e.path for e in entries if e.is_folder}
    for entry in entries:
        folders |= set(map(str, PurePosixPath(entry.path).parents))
    for path, count in paths.items():
        if count > 1:
            yield path, f"{count} files have this name."
        if path in folders:
            yield path, "A file and a folder have this name."


SAFE_TO_UNPACK = list(RULES)


@advice(fix="Rename it: letters, digits, hyphens and dots work everywhere.")
def names_work_everywhere(handin):
    """Every file can be unpacked on Windows, macOS and Linux."""
    entries = [
        e for e in handin.entries if not (e.is_litter or e.leaves_folder)
    ]
    names = Counter(e.path.casefold() for e in entries)
    for entry in entries:
        if names[entry.path.casefold()] > 1:
            yield entry.path, "Another name differs only in its case."
        elif len(entry.path) > MAX_PATH:
            yield entry.path, f"It has more than {MAX_PATH} characters."
        elif any(map(ILLEGAL.search, entry.parts)):
            yield entry.path, "Windows cannot have this name."


@advice(fix="Delete caches and hidden files before packing.")
def has_no_litter(handin):
    """There are no caches, checkpoints or hidden files."""
    for entry in handin.entries:
        if entry.is_litter and not entry.is_unseen:
            yield entry.path, "It is left over from a tool."


@rule("is_readable", fix="Pack the archive anew, without a password.")
def can_be_unpacked(handin):
    """Every file can be unpacked: none is damaged or encrypted."""
    for path, reason in handin.damaged.items():
        yield path, f"It cannot be unpacked: {reason}."


# What it is


@advice("is_readable", fix=START_HEADINGS + " Or name it with --sheet.")
def answers_a_known_sheet(handin):
    """Its questions are those of a known sheet."""
    if handin.sheet is None:
        text = "It is not seen which sheet it answers; little is checked."
        yield handin.filename, text


@stated(fix="Rename the ZIP to Surname-MatriculationNumber.zip.")
def zip_is_named(handin):
    """The ZIP is named Surname-MatriculationNumber.zip."""
    if not handin.owner:
        text = f"{handin.name!r} is no surname, hyphen and number."
        yield handin.filename, text


@stated("pdf_path", fix="Give the PDF the name of the ZIP.")
def pdf_is_named_alike(handin):
    """The PDF is named like the ZIP: Surname-MatriculationNumber.pdf."""
    if not handin.is_named_alike(handin.pdf_path):
        stem = squeezed(PurePosixPath(handin.pdf_path).stem)
        parts = map(loosely, handin.name.split("-"))
        has_all = all(part.search(stem) for part in parts)
        text = f"It is not named {handin.name}.pdf."
        yield handin.pdf_path, text, has_all


@stated("is_readable", fix="Pack the report as one PDF.")
def has_one_pdf(handin):
    """There is exactly one PDF."""
    paths = handin.pdf_paths
    if len(paths) != 1:
        is_clear = sum(map(handin.is_named_alike, paths)) == 1
        yield handin.filename, f"It holds {len(paths)} PDF files.", is_clear


@rule("is_readable", fix="Pack notebooks or scripts, not a ZIP of them.")
def has_code(handin):
    """There is runnable code: a notebook or a Python file with statements."""
    statements = [tree.body for tree in handin.code.values()]
    if not any(statements) and not handin.broken_code:
        yield handin.filename, "It holds no code."


@rule("is_readable", "sheet", fix="Pack it, with just this name.")
def has_the_files_the_sheet_names(handin):
    """Every file that the sheet names is in some folder of the ZIP."""
    there = {PurePosixPath(path).name.casefold() for path in handin.sizes}
    for name in handin.sheet.files:
        if PurePosixPath(name).name.casefold() not in there:
            yield handin.filename, f"The file {name} is not in it."
    for (path, cell), tree in handin.code.items():
        names = {PurePosixPath(name).name for name in handin.sheet.files}
        is_empty = all(map(is_docstring, tree.body))
        if cell is None and is_empty and PurePosixPath(path).name in names:
            yield path, "It holds no code."


# The code


@rule("is_readable", fix="Open it, correct it and save it again.")
def code_can_be_read(handin):
    """Every notebook is a valid notebook, and all code is valid Python."""
    for place, reason in handin.broken_code.items():
        is_cell = place in handin.cells  # an error there is seen elsewhere
        yield place, f"It cannot be read: {reason}.", is_cell


@rule("code", "sheet", fix="Write it yourself, with what the sheet allows.")
def imports_are_allowed(handin):
    """Nothing is imported or installed that the sheet does not allow."""
    if handin.sheet.allowed_imports is None:
        return
    allowed = handin.sheet.allowed_imports | handin.sheet.comparison_imports
    allowed |= {"google.colab", "mpl_toolkits"}  # where they are written
    for place, name in handin.imports:
        is_unsure = name.startswith("~") or bool(TOOLS.match(name))
        name = name.lstrip("~")
        leads_to_some = any(is_inside(one, {name}) for one in allowed)
        if not (is_inside(name, allowed) or leads_to_some):
            text = f"It imports {name}, which is not allowed."
            yield place, text, is_unsure
    for place, (_, hidden) in handin.names.items():
        for name in hidden:
            yield place, f"It is not seen what {name} imports.", True


@rule("code", "sheet", fix="Move the comparison into the notebook.")
def modules_are_from_scratch(handin):
    """What the sheet allows only to compare with, no module builds on."""
    imported = handin.imported_names
    for (path, cell), name in handin.imports:
        is_module = cell is None and PurePosixPath(path).stem in imported
        if is_module and is_inside(name, handin.sheet.comparison_imports):
            yield path, f"It imports {name}, which is only to compare with."


@advice("code", fix="Write the path from the file's own folder.")
def paths_are_relative(handin):
    """No path in the code is absolute."""
    for place, text, is_opened in handin.strings:
        if ABSOLUTE.match(text) or (is_opened and text.startswith("/")):
            yield place, f"It names the path {text!r}."


# The notebooks


@rule("notebooks", fix=RUN_ALL)
def notebooks_were_run(handin):
    """The notebooks hold what their code printed."""
    for path in dict.fromkeys(path for path, _ in handin.code_cells):
        cells = handin.notebooks[path]
        counts = [cell.execution_count for cell in cells]
        if set(counts) == {None} and not any(cell.outputs for cell in cells):
            yield path, "None of its cells was run."
        elif not any(handin.outputs):
            yield path, "No notebook has any output."


@advice("notebooks", fix=RUN_ALL)
def notebooks_ran_in_order(handin):
    """Every notebook was run from top to bottom."""
    wanted, told = Counter(), set()
    for (path, number), cell in handin.code_cells.items():
        wanted[path] += 1
        count = cell.execution_count
        if count != wanted[path] and path not in told:
            told.add(path)
            text = f"Its count is {count or 'missing'}, not {wanted[path]}."
            yield (path, number), text


@rule("notebooks", fix="Correct the cell. " + RUN_ALL)
def notebooks_have_no_errors(handin):
    """No cell ended with an error, unless it is tagged raises-exception."""
    for place, output in handin.outputs:
        is_meant = "raises-exception" in handin.cells[place].tags
        if output.output_type in ("error", "pyerr") and not is_meant:
            yield place, f"It ended with the error {output.error}."


@stated("notebooks", "owner", fix="Write your name into the first cell.")
def notebooks_are_signed(handin):
    """Every notebook holds the surname."""
    for path, cells in handin.notebooks.items():
        text = "\n".join(cell.source for cell in cells)
        for part, is_unsure in missing_names(handin, text):
            if part == handin.owner["surname"]:
                yield path, f"{part} is not in it.", is_unsure


# The PDF


@rule("pdf_path", fix="Export the PDF anew, without a password.")
def pdf_opens(handin):
    """The PDF can be opened."""
    if handin.pdf is None:
        yield handin.pdf_path, "It cannot be opened."


@advice("pdf", fix="Export the PDF anew, from the notebook.")
def pdf_is_only_read(handin):
    """The PDF brings no programs and no other files."""
    if handin.pdf.acts:
        yield handin.pdf_path, "It may start a program or hold a file."


@rule("pdf_path", "pdf", fix="Export the PDF from the notebook; no scan.")
def pdf_has_text(handin):
    """The PDF holds text, not only pictures of it."""
    if not handin.pdf.is_whole:
        yield handin.pdf_path, "It is too large to be read whole.", True
    elif not handin.text:
        text = "It holds no text that is seen."
        yield handin.pdf_path, text, handin.pdf.shows


@stated("text", "owner", fix="Write both on the title page.")
def title_page_names_the_author(handin):
    """Surname and matriculation number are on the first page of the PDF."""
    for part, is_unsure in missing_names(handin, handin.pdf.pages[0]):
        yield handin.pdf_path, f"{part} is not seen on page 1.", is_unsure


@stated("text", fix=START_HEADINGS)
def pdf_has_every_question(handin):
    """Every question of the sheet has its heading in the PDF."""
    _, in_pdf = handin.answered(handin.sheet.ids)
    for question in handin.sheet.questions:
        if question.id not in in_pdf:
            lines = handin.text.split("\n")
            is_near = any(map(Numbers([question.id]).in_heading, lines))
            major = major_of(question.id)
            if [major_of(other) for other in in_pdf].count(major) < 2:
                other = Numbers([swapped(question.id)])
                is_near |= any(map(other.in_line, lines))
                is_near |= any(map(task_heading(major).match, lines))
            text = f"No heading of question {question.id} is seen."
            is_unsure = is_near or not (in_pdf and handin.pdf.is_whole)
            yield handin.pdf_path, text, is_unsure


@rule("sheet", fix="Write the answer below the heading of its question.")
def questions_have_answers(handin):
    """Below the heading of a question stands something."""
    in_notebooks, in_pdf = handin.answered(handin.sheet.ids)
    is_drawn = bool(handin.pdf and handin.pdf.shows)
    for question_id, below in (in_pdf | in_notebooks).items():
        if below == OWN:
            continue
        text = f"Nothing stands below the heading of {question_id}."
        is_unsure = is_drawn and question_id not in in_notebooks
        is_unsure |= in_pdf.get(question_id) == OWN
        is_in_pdf = question_id not in in_notebooks
        place = handin.pdf_path if is_in_pdf else handin.filename
        yield place, text, below == SHARED or is_unsure


@stated("text", "notebooks", fix="Export the PDF after the last run.")
def pdf_has_every_figure(handin):
    """The PDF holds as many pictures as the notebooks."""
    held, wanted = handin.pdf.num_pictures, handin.num_figures
    if held < wanted:
        is_sure = not handin.pdf.shows and handin.pdf.is_whole
        text = f"It holds {held} pictures, but the notebooks have {wanted}."
        yield handin.pdf_path, text, not is_sure


@advice("text", "notebooks", fix="Write `Figure 1: ...` below each figure.")
def figures_have_captions(handin):
    """The PDF has a numbered caption for every figure of the notebooks."""
    captions, figures = len(handin.pdf.captions), handin.num_figures
    if captions < figures:
        yield handin.pdf_path, f"{captions} captions, but {figures} figures."


@stated("text", fix="Print it in the PDF, in an appendix if it is long.")
def pdf_has_all_code(handin):
    """The PDF holds the code of every notebook and module."""
    printed = letters(handin.text)
    is_shown = handin.pdf.num_pictures > handin.num_figures  # as a picture
    is_unsure = is_shown or not handin.pdf.is_whole
    for path, lines in handin.code_lines.items():
        lines = [line.strip() for line in lines]
        lines = [x for x in lines if letters(x) and x[0] != "#"]
        missing = [x for x in lines if letters(x)[:LONG] not in printed]
        if len(missing) > (1 - MIN_SHARE) * len(lines):
            text = f"{len(missing)} of the {len(lines)} lines of {path} are "
            text += f"not in it, such as {shortened(missing[0])}."
            is_sure = len(missing) > (1 - CERTAIN_SHARE) * len(lines)
            yield handin.pdf_path, text, is_unsure or not is_sure


# A new run


@rule("rerun", fix="Make it run from its own folder, with what is in the ZIP.")
def notebooks_run_elsewhere(handin):
    """Every notebook runs in another folder and a clean environment."""
    for path, result in handin.rerun.items():
        if isinstance(result, str):
            # Other errors may come from what this machine lacks.
            yield path, result, "NameError" not in result


@advice("rerun", fix="Fix every seed, print no times. " + RUN_ALL)
def outputs_are_those_of_the_code(handin):
    """What a new run prints is what the notebooks hold."""
    for place, held, came in handin.printed_again:
        if not same_text(held, came):
            held, came = shortened(held), shortened(came)
            yield place, f"It holds {held}, but a new run printed {came}."


# What the rules have in common


def missing_names(handin, text):
    """The surname or number that a text lacks, and whether that is unsure.

    A ZIP may be named otherwise where its sheet does not name it, and names
    change in spelling where the number stays.
    """
    text = squeezed(text)
    is_theirs = handin.owner["number"].casefold() in text.casefold()
    is_named = "zip_is_named" in handin.sheet.demands
    is_seen = any(map(str.isalnum, text))
    for part in handin.owner.groupdict().values():
        if not loosely(part).search(text):
            yield part, is_theirs or not (is_named and is_seen)


def is_inside(name, others):
    """Whether a name is one of the others or inside of one."""
    return any(f"{name}.".startswith(f"{other}.") for other in others)


def letters(text):
    """The letters and digits of a text, which every tool prints alike."""
    return re.sub("[^A-Za-z0-9]", "", squeezed(text))


def shortened(text):
    """The beginning of a text, quoted."""
    return repr(text if len(text) <= 60 else text[:57] + "...")
