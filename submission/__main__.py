"""Build, test and pack the solutions.

The Makefile calls these commands; without make they work as they are.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from submission.files import (
    BUILD,
    REPORTS,
    ROOT,
    SubmissionError,
    all_notebooks,
    relative,
    write_whole,
)


def setup(args):
    """create .venv and install the pinned requirements"""
    from submission.environment import set_up

    set_up()


def rules(args):
    """write down which notebook and PDF depends on what, for make"""
    from submission.imports import make_rules

    write_whole(BUILD / "rules.mk", make_rules().encode())


def run(args):
    """run notebooks and leave them with their outputs in build/"""
    from submission.notebook import write
    from submission.run import execute

    for path in args.notebooks or all_notebooks():
        write(BUILD / path.name, execute(path.resolve()))


def notebooks(args):
    """re-run notebooks in place, store their outputs and README's files"""
    from submission.notebook import pictures, read, write
    from submission.pdf import sheet_pdf
    from submission.run import execute
    from submission.sheets import find_sheet

    paths = args.notebooks or all_notebooks()
    fetch_data(paths)
    for path in paths:
        executed = execute(path.resolve())
        write(path, executed)
        for picture in pictures(executed, tag="readme"):
            save(REPORTS / f"{path.stem}.png", picture)
    for example in (REPORTS / "example").glob("*.pdf"):
        sheet = find_sheet(example.stem)
        stored = {p.stem: read(p) for p in sheet.notebooks}
        save(example, sheet_pdf(sheet, stored))


def export(args):
    """write the PDF of a sheet from its notebooks in build/"""
    from submission.notebook import read
    from submission.pdf import latex_pdf, sheet_pdf
    from submission.sheets import find_sheet

    sheet = find_sheet(args.sheet)
    executed = {p.stem: read(BUILD / p.name) for p in sheet.notebooks}
    if args.engine == "latex":
        save(REPORTS / f"{sheet.id}-latex.pdf", latex_pdf(sheet, executed))
    else:
        save(REPORTS / f"{sheet.id}.pdf", sheet_pdf(sheet, executed))


def pdf(args):
    """run the notebooks of a sheet, or of all, and write the PDF of each"""
    from submission.sheets import find_sheet, load_sheets

    sheets = [find_sheet(args.sheet)] if args.sheet else load_sheets().values()
    args.notebooks = [path for sheet in sheets for path in sheet.notebooks]
    fetch_data(args.notebooks)
    run(args)
    for sheet in sheets:
        if sheet.notebooks:
            export(argparse.Namespace(sheet=sheet.id, engine=args.engine))


def pack(args):
    """run a sheet's notebooks, pack what is handed in and check it"""
    from submission.owner import complete

    name, sheet = complete(args.surname, args.matriculation, args.sheet)

    from submission.check import refuse_broken
    from submission.notebook import used_standin
    from submission.pack import refuse_missing, submission_files, zip_bytes
    from submission.pdf import sheet_pdf
    from submission.run import execute

    refuse_missing(sheet)  # before minutes of running
    surname = name.rpartition("-")[0]
    fetch_data(sheet.notebooks)
    executed = {p.stem: execute(p) for p in sheet.notebooks}
    if standins := [name for name in executed if used_standin(executed[name])]:
        raise SubmissionError(
            f"{name}.zip is not written: {', '.join(standins)} ran on the "
            f"stand-in for MNIST. Run `make data` where it can be fetched."
        )
    document = sheet_pdf(sheet, executed, surname, args.matriculation)
    packed = zip_bytes(submission_files(sheet, name, document, executed))
    refuse_broken(f"{name}.zip", packed, sheet)
    save(REPORTS / f"{name}.zip", packed)


def check(args):
    """check a ZIP, or all hand-ins of a folder, against their sheet's rules"""
    from submission import check as checks

    if args.list:
        print(checks.rule_list())
        return
    if not (args.path and (args.path.is_dir() or args.path.is_file())):
        raise SubmissionError("Name a ZIP file or a folder of them.")
    request = checks.request_for(args.sheet)
    if args.run:
        checks.refuse_unsafe_run(args.trust)
    with tempfile.TemporaryDirectory() as unpacked:
        folder, target = args.path, args.path / "summary"
        if not folder.is_dir():
            asked = request | {"inbox": unpacked}
            report = checks.check_file(args.path, asked, args.run)
            if not report.get("collection"):
                print(
                    json.dumps(report) if args.json else checks.table(report)
                )
                sys.exit(checks.exit_code(report))
            folder = Path(unpacked)
            target = args.path.with_name(f"{args.path.stem}-summary")
        reports = []
        for report in checks.check_folder(folder, target, request, args.run):
            reports.append(report)
            print(json.dumps(report) if args.json else checks.line(report))
    print(f"wrote {target}.html and {target.name}.csv", file=sys.stderr)
    sys.exit(max(map(checks.exit_code, reports)))


def test(args):
    """run the unit tests and compare all notebook outputs with a new run"""
    from helpers.mnist import STANDIN
    from submission.imports import uses_mnist

    paths = all_notebooks()
    is_standin = fetch_data(paths) == STANDIN
    lax = [str(p) for p in paths if is_standin and uses_mnist(p)]
    strict = [str(p) for p in paths if str(p) not in lax]
    one_blas_thread()
    pytest = ["pytest", "-n", "auto", "--dist", "loadfile"]
    pytest += ["--nbval-current-env"]
    units = ["tests", "helpers", "nbtypst", "submission", "data"]
    call(*pytest, "--doctest-modules", "--nbval", *units, *strict)
    if lax:
        call(*pytest, "--nbval-lax", *lax)
        names = ", ".join(Path(path).stem for path in lax)
        print(
            f"{names}: run on the {STANDIN}, as MNIST could not be fetched; "
            f"none of their outputs were compared."
        )


def lab(args):
    """open JupyterLab on copies of the notebooks, which are in explore/"""
    from submission.lab import lab_arguments, provide_copies

    fetch_data(all_notebooks())
    provide_copies()
    one_blas_thread()
    call("jupyterlab", *lab_arguments())


def doctor(args):
    """say what is missing on this machine, and what to do"""
    from submission.doctor import examine
    from submission.environment import venv_python

    python = venv_python()
    if python.exists() and not python.parent.parent.samefile(sys.prefix):
        again = [python, "-m", "submission", "doctor"]
        sys.exit(subprocess.run(again, cwd=ROOT, check=False).returncode)
    is_fine = True
    for state, what, advice in examine():
        is_fine &= state != "MISSING"
        print(f"{state:<10}{what}", flush=True)
        if advice:
            print(f"{'':<10}-> {advice}")
    sys.exit(not is_fine)


def data(args):
    """fetch MNIST, or make its stand-in when no mirror can be reached"""
    print(f"The notebooks will use: {provide()}")


def provide():
    """Provide MNIST or its stand-in, in a process as make does; which."""
    from helpers.mnist import find

    call("data.fetch_mnist")
    return find()[1]


def fetch_data(paths):
    """Provide MNIST if a notebook needs it; what it is, or None."""
    from submission.imports import uses_mnist

    return provide() if uses_mnist(*paths) else None


def one_blas_thread():
    """Give each process started from here one BLAS thread.

    Two with two threads each would fight over two cores.
    """
    from helpers.sweep import BLAS_THREADS

    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))


def save(path, content):
    """Write a file whole and say so."""
    write_whole(path, content)
    print(f"wrote {relative(path)}")


def call(module, *arguments):
    """Run a Python module as a command; end with its exit code if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)


FLAG, TEXT = {"action": "store_true"}, {"default": ""}
PATHS = {"notebooks": {"nargs": "*", "type": Path}}
ENGINE = {
    "--engine": {
        "choices": ["typst", "latex"],
        "default": "typst",
        "help": "latex: with nbconvert's own exporter; needs xelatex",
    }
}
SHEET = {"--sheet": TEXT | {"help": "its id; left out, all sheets"}}
OWNER = {"--sheet": TEXT, "--surname": TEXT, "--matriculation": TEXT}
CHECK = {
    "path": {"nargs": "?", "type": Path, "help": "ZIP or folder"},
    "--sheet": TEXT | {"help": "ID, if not seen; FILE.toml, FILE.toml#ID"},
    "--run": FLAG | {"help": "run the notebooks, too, apart, and compare"},
    "--trust": FLAG | {"help": "run them where they cannot run apart"},
    "--json": FLAG | {"help": "print JSON"},
    "--list": FLAG | {"help": "print the rules"},
}
COMMANDS = {  # what `add_argument` takes, for each option of each command
    "pdf": (pdf, ENGINE | SHEET),
    "zip": (pack, OWNER),
    "check": (check, CHECK),
    "test": (test, {}),
    "lab": (lab, {}),
    "doctor": (doctor, {}),
    "data": (data, {}),
    "notebooks": (notebooks, PATHS),
    "setup": (setup, {}),
    "run": (run, PATHS),
    "export": (export, {"sheet": {}} | ENGINE),
    "rules": (rules, {}),
}


def parse(arguments):
    """The command line as a namespace whose `command` is the function."""
    program = "python -m submission"
    parser = argparse.ArgumentParser(program, description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    for name, (command, options) in COMMANDS.items():
        text = command.__doc__
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(command=command, notebooks=[])
        for option, settings in options.items():
            sub.add_argument(option, **settings)
    return parser.parse_args(arguments)


def main():
    """Run a command; a mistake of the user is one sentence and exit code 2."""
    sys.path.insert(0, str(ROOT))  # for the helpers, whatever the folder
    for stream in sys.stdout, sys.stderr:
        stream.reconfigure(errors="replace")  # names in a narrow code page
    args = parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        args.command(args)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read what is printed has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(2)
    except (SubmissionError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("\nstopped", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
