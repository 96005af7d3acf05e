"""Check hand-ins against the rules of their sheet."""

import csv
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from submission.files import DATA, ROOT, SubmissionError
from submission.handin import Handin
from submission.rules import RULES, SAFE_TO_UNPACK, questions_in
from submission.run import execute
from submission.sheets import find_sheet, load_sheets

MAX_SECONDS = 900  # for one hand-in of a folder
SIGNS = {"pass": "pass", "fail": "FAIL", "not applicable": "  - "}
# A space and an umlaut, which break what does not quote or encode its paths.
FOLDER_PREFIX = "hand-in prüfen "
KEPT_VARIABLES = {
    *("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "MNIST_DIR"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
}
HOMES = ("HOME", "USERPROFILE", "IPYTHONDIR", "MPLCONFIGDIR", "TMPDIR")


def open_handin(path, sheet_id):
    """A ZIP file as a Handin, its sheet named or guessed.

    Raises
    ------
    SubmissionError
        If it is no readable ZIP, or there is no such sheet.
    """
    try:
        handin = Handin(path.name, path)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise SubmissionError(
            f"{path} cannot be read as a ZIP: {error}."
        ) from None
    handin.sheet = find_sheet(sheet_id) if sheet_id else guess_sheet(handin)
    return handin


def guess_sheet(handin):
    """The sheet whose questions are most like those found, or None."""
    sheets = load_sheets().values()
    found = questions_in(handin, sheets)

    def likeness(sheet):
        ids = {question.id for question in sheet.questions}
        return len(found & ids) / len(found | ids)

    return max(sheets, key=likeness) if found else None


def check(handin):
    """Apply every rule.

    Returns
    -------
    list of dict
        For each rule its name, its state ("pass", "fail" or "not
        applicable"), why it does not apply, its problems and the fix.
    """
    results = []
    for rule in RULES:
        why_not = rule.why_not(handin)
        problems = [] if why_not else list(rule.check(handin))
        state = "not applicable" if why_not else "fail" if problems else "pass"
        results.append(
            {
                "rule": rule.name,
                "demand": rule.demand,
                "state": state,
                "why_not": why_not,
                "problems": [vars(problem) for problem in problems],
                "fix": rule.fix if problems else None,
            }
        )
    return results


def rerun(handin):
    """Run the notebooks of a hand-in in a temporary folder.

    The environment is clean, and what programs write to a home or a cache
    lands in that folder, too.

    Returns
    -------
    dict of path -> NotebookNode, or str that says what went wrong
    """
    results = {}
    with tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder:
        root, home = Path(folder, "hand-in"), Path(folder, "home")
        home.mkdir()
        try:
            handin.unpack(root)
        except OSError as error:
            return {handin.filename: f"It cannot be unpacked: {error}."}
        environment = {
            name: value
            for name, value in os.environ.items()
            if name in KEPT_VARIABLES
        } | dict.fromkeys(HOMES, str(home))
        environment.setdefault("MNIST_DIR", str(DATA / "mnist"))
        for path in handin.notebooks:
            try:
                results[path] = execute(root / path, environment=environment)
            except SubmissionError as error:
                results[path] = str(error).replace(f"{root}{os.sep}", "")
    return results


def check_file(path, sheet_id="", run=False):
    """Check one ZIP file.

    Returns
    -------
    dict
        The file's name, the sheet's id or None, the results of the rules.

    Raises
    ------
    SubmissionError
        If it is no readable ZIP, or there is no such sheet.
    """
    handin = open_handin(path, sheet_id)
    if run and not any(p for rule in SAFE_TO_UNPACK for p in rule(handin)):
        handin.rerun = rerun(handin)
    return {
        "file": handin.filename,
        "sheet": handin.sheet and handin.sheet.id,
        "rules": check(handin),
    }


def refuse_broken(filename, packed, sheet):
    """Check what was packed here against all rules, stated or not.

    Raises
    ------
    SubmissionError
        If it breaks one; with file, cell and what to do.
    """
    strict = replace(sheet, demands=frozenset(rule.name for rule in RULES))
    report = {"rules": check(Handin(filename, packed, strict))}
    if exit_code(report):
        raise SubmissionError(
            "\n".join([f"{filename} is not written:", *broken(report)])
        )


def exit_code(report):
    """0 if it passed, 1 if a rule is broken, 2 if it is no readable ZIP."""
    if "error" in report:
        return 2
    return int(any(result["state"] == "fail" for result in report["rules"]))


def broken(report):
    """A line for each problem and each fix."""
    for result in report["rules"]:
        for problem in result["problems"]:
            cell = f", cell {problem['cell']}" if problem["cell"] else ""
            yield f"      {problem['file']}{cell}: {problem['text']}"
        if result["problems"]:
            yield f"      -> {result['fix']}"


def table(report):
    """A report as text: a line for each rule, below it what breaks it."""
    lines = [f"{report['file']}, sheet: {report['sheet'] or 'not known'}", ""]
    for result in report["rules"]:
        why_not = f" ({result['why_not']})" if result["why_not"] else ""
        lines.append(f"{SIGNS[result['state']]}  {result['demand']}{why_not}")
        lines += broken({"rules": [result]})
    count = Counter(result["state"] for result in report["rules"])
    lines += ["", ", ".join(f"{count[state]} {state}" for state in SIGNS)]
    return printable("\n".join(lines))


def line(report):
    """A report as one line."""
    failed = [r["rule"] for r in report.get("rules", ()) if r["problems"]]
    result = report.get("error") or ", ".join(failed) or "pass"
    return printable(f"{report['file']}: {result}")


def printable(text):
    """Text without what could steer a terminal, as names in a ZIP might."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def check_folder(folder, options):
    """Check every ZIP of a folder, each in a process of its own.

    One that crashes or hangs does not stop the others.

    Parameters
    ----------
    folder : Path
    options : list of str
        Further arguments of the command.

    Yields
    ------
    dict
        As `check_file` returns it, or with an "error" instead of rules.

    Raises
    ------
    SubmissionError
        If there is no ZIP.
    """
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".zip")
    if not paths:
        raise SubmissionError(f"There is no ZIP file in {folder}.")

    def check_alone(path):
        command = [sys.executable, "-m", "submission", "check", "--json"]
        try:
            done = subprocess.run(
                [*command, *options, path.resolve()],
                cwd=ROOT,
                capture_output=True,
                encoding="utf-8",
                timeout=MAX_SECONDS,
                check=False,
            )
            return json.loads(done.stdout)
        except subprocess.TimeoutExpired:
            error = f"The check did not end within {MAX_SECONDS} seconds."
        except ValueError:  # what it printed is no JSON
            error = (done.stderr.strip() or "The check crashed.").split("\n")[
                -1
            ]
        return {"file": path.name, "sheet": None, "error": error}

    with ThreadPoolExecutor(os.cpu_count()) as threads:
        yield from threads.map(check_alone, paths)


def summary(reports):
    """Reports as CSV: a line for each file, a column for each rule."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["file", "sheet", "result", *(r.name for r in RULES)])
    for report in reports:
        result = ("pass", "fail", "not readable")[exit_code(report)]
        states = [r["state"] for r in report.get("rules", ())]
        writer.writerow([report["file"], report["sheet"], result, *states])
    return text.getvalue()
