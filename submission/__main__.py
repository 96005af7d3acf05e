"""Build, test and pack the solutions.

The Makefile calls these commands; without make they work as they are.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from submission.files import (
    BUILD,
    NOTEBOOKS,
    REPORTS,
    ROOT,
    SubmissionError,
    relative,
    write_whole,
)


def setup(args):
    """create .venv and install the pinned requirements"""
    from submission.environment import set_up

    set_up()


def rules(args):
    """print which executed notebook and PDF depends on what, for make"""
    from submission.imports import make_rules

    print(make_rules(), end="")


def run(args):
    """run notebooks and leave them with their outputs in build/"""
    from submission.run import execute, write

    for path in args.notebooks or all_notebooks():
        write(BUILD / path.name, execute(path.resolve(), args.timeout))


def notebooks(args):
    """re-run notebooks in place, store their outputs and README's figures"""
    from submission.run import execute, pictures, write

    paths = args.notebooks or all_notebooks()
    fetch_data(paths)
    for path in paths:
        executed = execute(path.resolve(), args.timeout)
        write(path, executed)
        for picture in pictures(executed, tag="readme"):
            save(REPORTS / f"{path.stem}.png", picture)


def export(args):
    """write the PDF of a sheet from its notebooks in build/"""
    from submission.pdf import latex_pdf, sheet_pdf
    from submission.run import read
    from submission.sheets import find_sheet

    sheet = find_sheet(args.sheet)
    executed = {p.stem: read(BUILD / p.name) for p in sheet.notebooks}
    if args.engine == "latex":
        save(REPORTS / f"{sheet.id}-latex.pdf", latex_pdf(sheet, executed))
    else:
        save(REPORTS / f"{sheet.id}.pdf", sheet_pdf(sheet, executed))


def pdf(args):
    """run all notebooks and write the PDF of every sheet"""
    from submission.sheets import load_sheets

    fetch_data(all_notebooks())
    run(args)
    for sheet in load_sheets().values():
        if sheet.notebooks:
            export(argparse.Namespace(sheet=sheet.id, engine=args.engine))


def zip(args):
    """run a sheet's notebooks, pack what is handed in and check it"""
    from submission.check import refuse_broken
    from submission.pack import submission_files, submission_name, zip_bytes
    from submission.pdf import sheet_pdf
    from submission.run import execute
    from submission.sheets import find_sheet

    sheet = find_sheet(args.sheet)
    name = submission_name(args.surname, args.matriculation)
    surname = name.rpartition("-")[0]
    fetch_data(sheet.notebooks)
    executed = {p.stem: execute(p, args.timeout) for p in sheet.notebooks}
    document = sheet_pdf(sheet, executed, surname, args.matriculation)
    files = submission_files(sheet, name, document, executed)
    packed = zip_bytes(files)
    refuse_broken(f"{name}.zip", packed, sheet)
    save(REPORTS / f"{name}.zip", packed)


def check(args):
    """check a ZIP, or every ZIP of a folder, against its sheet's rules"""
    from submission import check as checks
    from submission.rules import RULES

    if args.list:
        for rule in RULES:
            print(f"{rule.name}: {rule.demand}\n    {rule.fix}")
        return
    if args.path is None:
        raise SubmissionError("Name a ZIP file or a folder of them.")
    if not args.path.is_dir():
        report = checks.check_file(args.path, args.sheet, args.run)
        print(json.dumps(report) if args.json else checks.table(report))
        sys.exit(checks.exit_code(report))
    options = ["--run"] * args.run + [f"--sheet={args.sheet}"]
    reports = []
    for report in checks.check_folder(args.path, options):
        reports.append(report)
        print(json.dumps(report) if args.json else checks.line(report))
    summary = args.path / "summary.csv"
    write_whole(summary, checks.summary(reports).encode("utf-8-sig"))
    sys.exit(max(map(checks.exit_code, reports)))


def coverage(args):
    """print every question and whether it is answered"""
    from submission.sheets import coverage as table

    print(table())


def lint(args):
    """check code and notebooks with ruff"""
    call("ruff", "check", ".")
    call("ruff", "format", "--check", ".")


def test(args):
    """lint, run the unit tests and compare all notebook outputs"""
    from helpers.mnist import STANDIN
    from helpers.training import BLAS_THREADS
    from submission.imports import uses_mnist

    lint(args)
    paths, source = all_notebooks(), fetch_data(all_notebooks())
    on_standin = [p for p in paths if source == STANDIN and uses_mnist(p)]
    strict = [p for p in paths if p not in on_standin]
    # Two workers with two BLAS threads each would fight over two cores.
    os.environ.update(dict.fromkeys(BLAS_THREADS, "1"))
    pytest = ["pytest", "-n", "2", "--dist", "loadfile", "--nbval-current-env"]
    units = ["--doctest-modules", "tests", "helpers", "submission", "data"]
    call(*pytest, "--nbval", *units, *map(str, strict))
    if on_standin:
        call(*pytest, "--nbval-lax", *map(str, on_standin))
        print(
            f"{', '.join(p.stem for p in on_standin)}: run on the "
            f"{STANDIN}, as MNIST could not be fetched; none of their outputs "
            f"were compared."
        )


def lab(args):
    """open JupyterLab"""
    call("jupyterlab", str(ROOT))


def clean(args):
    """delete what was built"""
    shutil.rmtree(BUILD, ignore_errors=True)
    for path in [*REPORTS.glob("*.pdf"), *REPORTS.glob("*.zip")]:
        path.unlink()


def data(args):
    """fetch MNIST, or make its stand-in when no mirror can be reached"""
    from data.fetch_mnist import provide

    print(f"The notebooks will use: {provide()}")


def fetch_data(paths):
    """Provide MNIST if a notebook needs it; what it is, or None."""
    from submission.imports import uses_mnist

    if any(map(uses_mnist, paths)):
        from data.fetch_mnist import provide

        return provide()
    return None


def all_notebooks():
    """All notebooks of the project, in order."""
    return sorted(NOTEBOOKS.glob("*.ipynb"))


def save(path, data):
    """Write a file whole and say so."""
    write_whole(path, data)
    print(f"wrote {relative(path)}")


def call(module, *arguments):
    """Run a Python module as a command; end with its exit code if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    code = subprocess.run(command, cwd=ROOT, check=False).returncode
    if code:
        sys.exit(code)


def parse(arguments):
    """The command line as a namespace whose `command` is the function."""
    parser = argparse.ArgumentParser(
        "python -m submission", description=__doc__
    )
    commands = parser.add_subparsers(required=True, metavar="command")
    for command in (
        *(pdf, zip, check, test, lab, data, notebooks, lint, coverage),
        *(clean, setup, run, export, rules),
    ):
        sub = commands.add_parser(
            command.__name__, help=command.__doc__, description=command.__doc__
        )
        sub.set_defaults(command=command, notebooks=[])
        if command in (run, notebooks):
            sub.add_argument("notebooks", nargs="*", type=Path)
        if command in (run, notebooks, pdf, zip):
            sub.add_argument(
                "--timeout",
                type=int,
                default=600,
                help="seconds a cell may take (default: %(default)s)",
            )
        if command in (pdf, export):
            sub.add_argument(
                "--engine",
                choices=["typst", "latex"],
                default="typst",
                help="latex: with nbconvert's own exporter; needs xelatex",
            )
        if command is export:
            sub.add_argument("sheet")
        if command is check:
            sub.add_argument(
                "path", nargs="?", type=Path, help="ZIP or folder"
            )
            sub.add_argument("--sheet", default="", help="its id, if not seen")
            for option, text in (
                ("--run", "run the notebooks, too, and compare"),
                ("--json", "print JSON"),
                ("--list", "print the rules"),
            ):
                sub.add_argument(option, action="store_true", help=text)
        if command is zip:
            for option in ("--sheet", "--surname", "--matriculation"):
                sub.add_argument(option, default="")
    return parser.parse_args(arguments)


def main():
    """Run a command; a mistake of the user is one sentence and exit code 2."""
    sys.path.insert(0, str(ROOT))  # for the helpers, whatever the folder
    args = parse(sys.argv[1:])
    try:
        args.command(args)
    except SubmissionError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
