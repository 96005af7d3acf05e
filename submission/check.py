"""Check hand-ins against the rules of their sheet."""

import csv
import io
import os
import re
import sys
import unicodedata
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from submission.archive import MAX_BYTES, unpack
from submission.files import ROOT, SubmissionError, write_whole
from submission.handin import Handin
from submission.inbox import hand_ins
from submission.look import ask
from submission.page import LOOK, page, result_of, sentences
from submission.rules import RULES, SAFE_TO_UNPACK
from submission.sandbox import is_offered, run_again
from submission.sheets import find_in, load_sheets

SHEETS = ROOT / "sheets.toml"
SIGNS = {
    "pass": "pass",
    "fail": "FAIL",
    "look": "look",
    "not applicable": "  - ",
}
RESULTS = "pass", "fail", "not readable"  # by exit code
KINDS = {
    "danger": "a danger",
    "demand": "a demand",
    "stated": "a demand of sheets that state it",
    "advice": "advice, unless a sheet states it",
}
MIN_LIKENESS = 0.5  # of the words of a sheet's title
MIN_OF_ANSWERS = 0.8  # that are to questions of the sheet
NOT_APART = """\
This system cannot run the notebooks of others apart from your files and your
network. Say --trust, too, to run them with all your rights."""


def request_for(sheet=""):
    """What is asked of every hand-in, for a sheet's id, FILE.toml or both.

    Both are written FILE.toml#ID.

    Raises
    ------
    SubmissionError
        If there is no such sheet, or it demands what is no rule.
    """
    sheet += "#" * sheet.endswith(".toml")
    file, _, sheet_id = sheet.rpartition("#")
    path = Path(file).resolve() if file else SHEETS
    sheets = load_sheets(path)
    if sheet_id:
        find_in(sheets, sheet_id)
    elif len(sheets) == 1:
        (sheet_id,) = sheets
    rules = {rule.name for rule in RULES if rule.kind in ("stated", "advice")}
    for one in sheets.values():
        if unknown := sorted(one.demands - rules):
            raise SubmissionError(
                f"{one.id} demands {', '.join(unknown)}: no rules, or such as "
                f"hold always; `submission check --list` says which there are."
            )
    return {"sheets": str(path), "sheet": sheet_id}


def refuse_unsafe_run(trust):
    """Raise a SubmissionError if notebooks cannot run apart, without trust."""
    if not is_offered():
        if not trust:
            raise SubmissionError(" ".join(NOT_APART.split()))
        print("Running notebooks with your rights.", file=sys.stderr)


def check_file(path, request, run=False, name=None, pdf=""):
    """The report of a ZIP file, looked at in a process with limits.

    Parameters
    ----------
    path : Path
    request : dict
        As `request_for` makes it.
    run : bool
        Whether to run the notebooks, too.
    name : str, optional
        What it was called when it was handed in.
    pdf : str
        Where to write its PDF.

    Returns
    -------
    dict
        As `submission.look.ask` returns it.
    """
    request = request | {"path": str(Path(path).resolve()), "pdf": str(pdf)}
    request["name"] = name or path.name
    report = ask(request)
    if run and report.get("safe") and report["notebooks"]:
        new = run_again(path, report["notebooks"], is_offered())
        report = ask(request | {"rerun": new})
    return report


def look(path, name, sheets, sheet="", rerun=None, pdf="", inbox=""):
    """The report of a hand-in, worked out in this process; see `look.ask`."""
    handin = Handin(name, path)
    known = load_sheets(Path(sheets))
    handin.sheet = known[sheet] if sheet else guess_sheet(handin, known)
    if rerun:
        handin.take_new_run(rerun)
    if pdf and handin.pdf:
        write_whole(pdf, handin.files[handin.pdf_path])
    is_safe = not any(rule.problems(handin) for rule in SAFE_TO_UNPACK)
    if inbox and is_safe and handin.is_collection:
        unpack(path, Path(inbox))
    return {
        "file": handin.filename,
        "sheet": handin.sheet and handin.sheet.id,
        "safe": is_safe,
        "collection": handin.is_collection,
        "notebooks": list(handin.notebooks),
        "rules": check(handin),
    }


def guess_sheet(handin, sheets):
    """The sheet whose questions and title are most like it, or None."""
    ids = [i for sheet in sheets.values() for i in sheet.ids]
    in_notebooks, in_pdf = handin.answered(ids)
    answered = set(in_notebooks or in_pdf)  # a PDF may be of another sheet
    texts = chain(handin.prose, [handin.text or ""])
    start = islice(chain.from_iterable(f"{text} " for text in texts), 20000)
    text = "".join(start).casefold()

    def likeness(sheet):
        ids = set(sheet.ids)
        words = set(re.findall(r"\w{4,}", f"{sheet.course} {sheet.title}"))
        named = [word for word in words if word.casefold() in text]
        share = len(named) / len(words) if words else 0
        if share < MIN_LIKENESS:
            is_like = len(answered & ids) >= MIN_OF_ANSWERS * len(answered)
            share, ids = 0, ids if is_like else set()
        return share + len(answered & ids) / len(answered | ids or {0})

    best = max(sheets.values(), key=likeness)
    return best if likeness(best) else None


def check(handin):
    """The results of all rules."""
    return [rule.result(handin) for rule in RULES]


def strict(sheet):
    """A sheet whose demands are all rules: what is packed here keeps to all.

    Only whether all code is printed in the PDF is up to the sheet.
    """
    names = {rule.name for rule in RULES} - {"pdf_has_all_code"}
    return replace(sheet, demands=sheet.demands | names)


def refuse_broken(filename, packed, sheet):
    """Raise a SubmissionError if what was packed here gives any advice."""
    results = check(Handin(filename, packed, strict(sheet)))
    if lines := [text for r in results for text in problem_lines(r)]:
        raise SubmissionError(
            "\n".join([f"{filename} is not written:", *lines])
        )


def exit_code(report):
    """0 if it passed, 1 if a rule is broken, 2 if it is no readable ZIP."""
    return {"fail": 1, "not readable": 2}.get(result_of(report), 0)


def problem_lines(result):
    """A line for each problem, and one that says what to do."""
    lines = [f"      {text}" for text in sentences(result)]
    return [*lines, f"      -> {result['fix']}"] if lines else []


def table(report):
    """A report as text: a line for each rule, below it what breaks it."""
    if "error" in report:
        return printable(f"{report['file']}: not readable. {report['error']}")
    lines = [f"{report['file']}, sheet: {report['sheet'] or 'not known'}", ""]
    for result in report["rules"]:
        why_not = f" ({result['why_not']})" if result["why_not"] else ""
        lines.append(f"{SIGNS[result['state']]}  {result['demand']}{why_not}")
        lines += problem_lines(result)
    count = Counter(result["state"] for result in report["rules"])
    lines += ["", ", ".join(f"{count[state]} {state}" for state in SIGNS)]
    return "\n".join(map(printable, lines))


def line(report):
    """A report as one line: the file, and the rules by their result."""
    names = {"fail": [], "look": []}
    for result in report.get("rules", ()):
        names.setdefault(result["state"], []).append(result["rule"])
    text = report.get("error") or ", ".join(names["fail"]) or "pass"
    if names["look"]:
        text += f" (look yourself: {', '.join(names['look'])})"
    return printable(f"{report['file']}: {text}")


def printable(text):
    """Text without what could steer a terminal, as names in a ZIP might."""
    return "".join(c if c.isprintable() else "?" for c in text)


def check_folder(folder, target, request, run=False):
    """The reports of all hand-ins of a folder, as a page and a table, too.

    Parameters
    ----------
    folder : Path
    target : Path
        Where to write the page, the table and the PDFs: their common name.
    """
    found = list(enumerate(hand_ins(folder), 1))
    if not found:
        raise SubmissionError(
            f"There is no hand-in in {folder}: no ZIP, and no folder of a "
            f"student."
        )
    if any(place.is_relative_to(target) for _, (_, place) in found):
        raise SubmissionError(
            f"{target} is where the PDFs are written to: rename the hand-in."
        )
    target.mkdir(exist_ok=True)

    def check_one(number_and_place):
        number, (label, place) = number_and_place
        pdf = target / f"{number}.pdf"
        pdf.unlink(missing_ok=True)
        with TemporaryDirectory() as temporary:
            path, name = place, place.name
            try:
                if place.is_dir():
                    path = Path(temporary, "loose.zip")
                    name = pack_folder(place, path)
                report = check_file(path, request, run, name, pdf)
            except (OSError, ValueError) as error:
                report = {"sheet": None, "error": f"It is not read: {error}"}
        link = f"{target.name}/{pdf.name}" if pdf.exists() else None
        return report | {"file": label, "pdf": link}

    reports = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for report in threads.map(check_one, found):
            reports.append(report)
            yield report
    write_whole(f"{target}.csv", summary(reports).encode("utf-8-sig"))
    html = page(reports).encode("utf-8", "replace")
    write_whole(f"{target}.html", html)


def pack_folder(folder, path):
    """Pack the files of a folder that were handed in without a ZIP.

    Returns
    -------
    str
        The name that the ZIP would have: that of the only PDF, if it can be.

    Raises
    ------
    ValueError
        If they are larger than is looked at.
    """
    files = [f for f in folder.rglob("*") if f.is_file()]
    files = sorted(file for file in files if not file.is_symlink())
    if sum(file.stat().st_size for file in files) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES >> 20} MiB.")
    with zipfile.ZipFile(path, "w", strict_timestamps=False) as archive:
        for file in files:
            name = str(file.relative_to(folder)).encode("utf-8", "replace")
            archive.write(file, name.decode())
    pdfs = [file.stem for file in files if file.suffix.lower() == ".pdf"]
    return f"{pdfs[0]}.zip" if len(pdfs) == 1 else folder.name


def summary(reports):
    """Reports as CSV: a line for each file, a column for each rule."""
    text = io.StringIO()
    writer = csv.writer(text)
    heads = ["hand-in", "sheet", "result", "problems", "look yourself"]
    writer.writerow([*heads, *(rule.demand for rule in RULES)])
    for report in reports:
        results = report.get("rules", ())
        told = [text for result in results for text in sentences(result)]
        look = [text for text in told if text.startswith(LOOK)]
        problems = [report.get("error"), *(t for t in told if t not in look)]
        cells = [report["file"], report["sheet"], RESULTS[exit_code(report)]]
        cells += [" | ".join(filter(None, problems)), " | ".join(look)]
        writer.writerow(map(plain, [*cells, *(r["state"] for r in results)]))
    return text.getvalue()


def plain(text):
    """A text that no spreadsheet takes for a formula, or for two cells."""
    text = printable(text or "").replace(";", ",")
    start = unicodedata.normalize("NFKC", text).lstrip()
    is_formula = start.startswith(("=", "+", "-", "@"))
    return f"'{text}" if is_formula else text


def rule_list():
    """The rules as text: name, what must hold, what to do where it is not."""
    return "\n".join(
        f"{r.name} ({KINDS[r.kind]}): {r.demand}\n    {r.fix}" for r in RULES
    )
