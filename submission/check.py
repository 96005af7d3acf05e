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
from submission.rules import RULES, SAFE_TO_UNPACK
from submission.run import execute
from submission.sheets import find_sheet, load_sheets

MAX_SECONDS = 900  # for one hand-in of a folder
SIGNS = {"pass": "pass", "fail": "FAIL", "not applicable": "  - "}
RESULTS = "pass", "fail", "not readable"  # by exit code
# A space and an umlaut, which break what does not quote or encode its paths.
FOLDER_PREFIX = "hand-in prüfen "
KEPT_VARIABLES = {
    *("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "MNIST_DIR"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
}
HOMES = ("HOME", "USERPROFILE", "IPYTHONDIR", "MPLCONFIGDIR", "TMPDIR")


def check_file(path, sheet_id="", run=False):
    """Check a ZIP file; a SubmissionError if it is none that can be read.

    Returns
    -------
    dict
        The file's name, the sheet's id or None, the results of the rules.
    """
    try:
        handin = Handin(path.name, path)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise SubmissionError(
            f"{path} cannot be read as a ZIP: {error}."
        ) from None
    handin.sheet = find_sheet(sheet_id) if sheet_id else guess_sheet(handin)
    if run and not any(rule.problems(handin) for rule in SAFE_TO_UNPACK):
        handin.rerun = rerun(handin)
    return {
        "file": handin.filename,
        "sheet": handin.sheet and handin.sheet.id,
        "rules": check(handin),
    }


def guess_sheet(handin):
    """The sheet whose questions are most like those answered, or None."""
    sheets = load_sheets().values()
    answered = handin.answered(sheets)

    def likeness(sheet):
        ids = {question.id for question in sheet.questions}
        return len(answered & ids) / len(answered | ids)

    return max(sheets, key=likeness) if answered else None


def check(handin):
    """The results of all rules."""
    return [rule.result(handin) for rule in RULES]


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
        kept = {k: v for k, v in os.environ.items() if k in KEPT_VARIABLES}
        environment = {"MNIST_DIR": str(DATA / "mnist"), **kept}
        environment |= dict.fromkeys(HOMES, str(home))
        for path in handin.notebooks:
            try:
                results[path] = execute(root / path, environment=environment)
            except SubmissionError as error:
                results[path] = str(error).replace(f"{root}{os.sep}", "")
    return results


def strict(sheet):
    """A sheet whose demands are all rules: what is packed here keeps to all.

    Only whether all code is printed in the PDF is up to the sheet.
    """
    names = {rule.name for rule in RULES} - {"pdf_has_all_code"}
    return replace(sheet, demands=sheet.demands | names)


def refuse_broken(filename, packed, sheet):
    """Raise a SubmissionError if what was packed here breaks a rule."""
    report = {"rules": check(Handin(filename, packed, strict(sheet)))}
    if exit_code(report):
        lines = [f"{filename} is not written:", *broken(report["rules"])]
        raise SubmissionError("\n".join(lines))


def exit_code(report):
    """0 if it passed, 1 if a rule is broken, 2 if it is no readable ZIP."""
    if "error" in report:
        return 2
    return int(any(result["state"] == "fail" for result in report["rules"]))


def broken(results):
    """A line for each problem and each fix."""
    for result in results:
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
        lines += broken([result])
    count = Counter(result["state"] for result in report["rules"])
    lines += ["", ", ".join(f"{count[state]} {state}" for state in SIGNS)]
    return printable("\n".join(lines))


def line(report):
    """A report as one line: the file and the rules that are broken."""
    failed = [r["rule"] for r in report.get("rules", ()) if r["problems"]]
    result = report.get("error") or ", ".join(failed) or "pass"
    return printable(f"{report['file']}: {result}")


def printable(text):
    """Text without what could steer a terminal, as names in a ZIP might."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def check_folder(folder, options):
    """The reports of all ZIPs of a folder, each checked by `check_alone`."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".zip")
    if not paths:
        raise SubmissionError(f"There is no ZIP file in {folder}.")
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        yield from threads.map(lambda p: check_alone(p, options), paths)


def check_alone(path, options):
    """Check a ZIP in a process of its own, which may crash or hang.

    Returns
    -------
    dict
        As `check_file` returns it, or with an "error" instead of rules.
    """
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
        error = done.stderr.strip().split("\n")[-1] or "The check crashed."
    return {"file": path.name, "sheet": None, "error": error}


def summary(reports):
    """Reports as CSV: a line for each file, a column for each rule."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["file", "sheet", "result", *(r.name for r in RULES)])
    for report in reports:
        states = [result["state"] for result in report.get("rules", ())]
        result = RESULTS[exit_code(report)]
        writer.writerow([report["file"], report["sheet"], result, *states])
    return text.getvalue()


def rule_list():
    """The rules as text: name, what must hold, what to do where it is not."""
    return "\n".join(f"{r.name}: {r.demand}\n    {r.fix}" for r in RULES)
