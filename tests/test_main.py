"""The commands, as a user calls them."""

import io
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader

from submission.__main__ import COMMANDS, parse
from submission.__main__ import pack as pack_zip
from submission.files import ROOT
from submission.run import execute
from submission.sandbox import is_offered

SHEETS = """
[small]
course = "A course"
title = "A small sheet"
allowed_imports = []
files = ["script.py"]
questions = [{ id = "1", points = 1, notebook = "one" }]
"""
NOTEBOOK = """{
 "cells": [
  {"cell_type": "markdown", "id": "a", "metadata": {},
   "source": "# One\\n\\n## 1 Sum (1 P)"},
  {"cell_type": "code", "id": "b", "metadata": {}, "outputs": [],
   "execution_count": null,
   "source": ["import sys\\n", "sys.path.append('..')\\n",
              "from helpers.used import f\\n", "print(f())"]}
 ],
 "metadata": {}, "nbformat": 4, "nbformat_minor": 5
}"""


@pytest.fixture
def project(tmp_path):
    """A project of one small notebook, with this project's commands."""
    root = tmp_path / "my projekt ü"
    for name in (
        *("submission", "nbtypst", "Makefile"),
        *("requirements.txt", "pyproject.toml"),
    ):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, (root.mkdir(exist_ok=True), root / name)[1])
    for folder in "notebooks", "helpers", "reports", "data", "scripts/small":
        (root / folder).mkdir(parents=True)
    for name in (
        *("helpers/mnist.py", "helpers/sweep.py"),
        *("data/fetch_mnist.py", "data/registry.txt"),
    ):
        shutil.copy(ROOT / name, root / name)
    (root / "sheets.toml").write_text(SHEETS)
    (root / "notebooks/one.ipynb").write_text(NOTEBOOK)
    (root / "notebooks/one.toml").write_text("caption = 'A caption.'\n")
    (root / "scripts/small/script.py").write_text("print(6 * 7)\n")
    (root / "helpers/__init__.py").write_text("")
    (root / "helpers/used.py").write_text("def f():\n    return 6 * 7\n")
    (root / "helpers/unused.py").write_text("")
    return root


def submission(project, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "submission", *arguments],
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def pack(project, surname="Müller", matriculation="1234567", sheet="small"):
    return submission(
        project,
        "zip",
        f"--surname={surname}",
        f"--matriculation={matriculation}",
        f"--sheet={sheet}",
    )


def test_pdf_runs_the_notebooks_and_writes_the_sheet(project):
    done = submission(project, "pdf")
    assert done.returncode == 0, done.stderr
    assert "one: 2 cells in" in done.stderr
    pages = PdfReader(project / "reports/small.pdf").pages
    assert "42" in "".join(page.extract_text() for page in pages)


def test_zip_packs_a_submission_that_runs_by_itself(project, tmp_path):
    done = pack(project, surname="O'Brien Müller")
    assert done.returncode == 0, done.stderr
    (path,) = (project / "reports").iterdir()
    assert path.name == "O'Brien Müller-1234567.zip"
    first = path.read_bytes()
    pack(project, surname="O'Brien Müller")
    assert path.read_bytes() == first

    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
        assert set(archive.namelist()) == {
            "O'Brien Müller-1234567.pdf",
            "README.md",
            "helpers/__init__.py",
            "helpers/used.py",
            "notebooks/one.ipynb",
            "notebooks/one.toml",
            "script.py",
        }
        document = archive.read("O'Brien Müller-1234567.pdf")
    title_page = PdfReader(io.BytesIO(document)).pages[0].extract_text()
    assert "O'Brien Müller" in title_page
    assert "1234567" in title_page
    execute(tmp_path / "unpacked/notebooks/one.ipynb")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"surname": ""}, "The surname ''"),
        ({"surname": "../x"}, "The surname '../x'"),
        ({"matriculation": "12a"}, "The matriculation number '12a'"),
        ({"sheet": "ex9"}, "There is no sheet 'ex9'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(project, wrong, message):
    done = pack(project, **wrong)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {message}")
    assert done.stderr.count("\n") == 1
    assert not list((project / "reports").iterdir())


def test_all_that_zip_needs_and_was_not_told_is_named_at_once(project):
    done = pack(project, surname="", matriculation="", sheet="")
    assert done.returncode == 2
    for name in "SURNAME", "MATRICULATION", "SHEET":
        assert name in done.stderr
    assert done.stderr.count("\n") == 3


def test_what_zip_needs_is_checked_before_anything_is_loaded(project):
    without_packages = [sys.executable, "-S", "-m", "submission", "zip"]
    done = subprocess.run(
        without_packages,
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: The surname ''")


def test_the_pdf_of_one_sheet_runs_its_notebooks_only(project):
    (project / "notebooks/two.ipynb").write_text("no notebook")
    done = submission(project, "pdf", "--sheet=small")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].endswith("small.pdf")
    done = submission(project, "pdf", "--sheet=ex9")
    assert done.stderr.startswith("error: There is no sheet 'ex9'")


def test_a_notebook_that_raises_stops_zip_and_names_the_cell(project):
    (project / "helpers/used.py").write_text("def f():\n    return 1 / 0\n")
    done = pack(project)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"error: {os.path.join('notebooks', 'one.ipynb')}, cell 2 of 2, "
        f"raised ZeroDivisionError: division by zero."
    )
    assert not list((project / "reports").iterdir())


def test_what_zip_packs_passes_the_check_and_a_new_run(project):
    pack(project)
    path = "reports/Müller-1234567.zip"
    done = submission(project, "check", "--run", "--trust", path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "FAIL" not in done.stdout
    (project / path).rename(project / "reports/x.zip")
    done = submission(project, "check", "--json", "reports/x.zip")
    assert json.loads(done.stdout)["sheet"] == "small"


def test_zip_refuses_what_ran_on_the_standin_or_imports_what_it_must_not(
    project,
):
    used = project / "helpers/used.py"
    used.write_text("def f():\n    return 'data: digits stand-in'\n")
    done = pack(project)
    assert done.returncode == 2
    assert "error: Müller-1234567.zip is not written" in done.stderr
    assert "one ran on the stand-in for MNIST" in done.stderr
    used.write_text("import numpy\n\ndef f():\n    return 1\n")
    done = pack(project)
    assert done.returncode == 2
    assert "helpers/used.py: It imports numpy, which is not" in done.stderr
    assert not list((project / "reports").iterdir())


def running(project, **options):
    """The process of `zip`."""
    arguments = ["--surname=Müller", "--matriculation=1", "--sheet=small"]
    return subprocess.Popen(
        [sys.executable, "-m", "submission", "zip", *arguments],
        cwd=project,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        **options,
    )


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_a_zip_that_is_stopped_leaves_nothing_behind(project, name):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        slow = f"""
import socket

def f():
    with socket.create_connection({server.getsockname()}) as connection:
        connection.recv(1)
"""
        (project / "helpers/used.py").write_text(slow)
        process = running(project, start_new_session=True)
        kernel, _ = server.accept()  # the cell is running
    process.send_signal(getattr(signal, name))
    _, said = process.communicate()
    kernel.close()
    assert "Traceback" not in said, said
    assert process.returncode == (-9 if name == "SIGKILL" else 130)
    assert not list((project / "reports").iterdir())


def test_two_runs_at_once_write_one_whole_zip(project):
    runs = [running(project) for _ in range(2)]
    for run in runs:
        run.communicate()
    assert [run.returncode for run in runs] == [0, 0]
    (path,) = (project / "reports").iterdir()
    assert zipfile.ZipFile(path).testzip() is None


@pytest.mark.skipif(not is_offered(), reason="needs name spaces for users")
def test_a_full_disk_is_one_sentence_and_leaves_nothing(project):
    zipping = "-m submission zip --surname=A --matriculation=1 --sheet=small"
    script = (
        "mount -t tmpfs -o size=4k tmpfs reports && "
        f"{shlex.quote(sys.executable)} {zipping}; "
        "code=$?; ls -A reports; exit $code"
    )
    done = subprocess.run(
        [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            "sh",
            "-c",
            script,
        ],
        cwd=project,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "No space left on device" in done.stderr.splitlines()[-1]
    assert done.stdout == ""


def test_reports_that_cannot_be_written_are_one_sentence(project):
    (project / "reports").rmdir()
    (project / "reports").write_text("")
    done = pack(project)
    assert done.returncode == 2
    assert "error: Cannot write " in done.stderr.splitlines()[-1]


def test_a_script_that_is_not_written_yet_stops_zip(project):
    (project / "scripts/small/script.py").unlink()
    done = pack(project)
    assert done.returncode == 2
    assert "script.py is not written yet." in done.stderr.splitlines()[-1]
    assert not list((project / "reports").iterdir())


LAB = """
import json, os, sys
print(json.dumps([sys.argv[1:], os.environ["OMP_NUM_THREADS"]]))
"""


def test_lab_opens_the_copies_with_one_blas_thread(project):
    (project / "jupyterlab.py").write_text(LAB)  # in JupyterLab's place
    done = submission(project, "lab")
    assert done.returncode == 0, done.stderr
    arguments, threads = json.loads(done.stdout)
    assert f"--ServerApp.root_dir={project}" in arguments
    assert "--LabApp.default_url=/lab/tree/explore" in arguments
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    assert ("--allow-root" in arguments) == is_root
    assert threads == "1"
    assert (project / "explore/one.ipynb").exists()

    (project / "notebooks/00_explore.ipynb").write_text(NOTEBOOK)
    arguments, _ = json.loads(submission(project, "lab").stdout)
    opened = "--LabApp.default_url=/lab/tree/explore/00_explore.ipynb"
    assert opened in arguments


def test_data_that_are_not_mnist_are_one_sentence(project, monkeypatch):
    monkeypatch.setenv("MNIST_DIR", str(project / "data"))
    done = submission(project, "data")
    assert done.returncode == 2
    assert done.stderr.startswith("error: MNIST_DIR is ")
    assert done.stderr.count("\n") == 1


def test_a_command_line_becomes_a_function_and_its_options():
    args = parse(["zip", "--surname=Müller"])
    assert args.command is pack_zip
    assert (args.surname, args.sheet) == ("Müller", "")
    args = parse(["run", "a.ipynb"])
    assert args.notebooks == [Path("a.ipynb")]
    assert parse(["check", "--run", "x.zip"]).run
    assert not parse(["check", "x.zip"]).run


def test_every_command_says_what_it_does(capsys):
    with pytest.raises(SystemExit):
        parse(["--help"])
    printed = " ".join(capsys.readouterr().out.split())
    for name, (command, _) in COMMANDS.items():
        assert f"{name} {command.__doc__}" in printed


def test_notebooks_stores_outputs_in_place(project):
    submission(project, "notebooks")
    assert "42" in (project / "notebooks/one.ipynb").read_text()


needs_make = pytest.mark.skipif(
    shutil.which("make") is None, reason="make is not installed"
)


def make(project, *arguments):
    """Run make as if .venv were installed: with this Python."""
    python = shlex.quote(sys.executable)
    done = subprocess.run(
        [
            "make",
            f"VENV_PYTHON={python}",
            f"PYTHON={python}",
            "--old-file=.venv/installed",
            *arguments,
        ],
        cwd=project,
        env={k: v for k, v in os.environ.items() if "MAKE" not in k},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


@needs_make
def test_make_redoes_only_what_depends_on_a_change(project):
    (project / ".venv").mkdir()
    (project / ".venv/installed").touch()

    def made():
        said = make(project, "pdf")
        assert "The PDFs: reports/small.pdf" in said.splitlines()
        return "cells in" in said, "wrote" in said

    def change(path):
        for old in project.rglob("*"):
            os.utime(old, (1e9, 1e9))
        (project / path).touch()

    def redone(path):
        change(path)
        commands = make(project, "--dry-run", "pdf")
        return "submission run" in commands, "submission export" in commands

    assert made() == (True, True)
    assert made() == (False, False)
    assert redone("helpers/used.py") == (True, True)
    assert redone("helpers/unused.py") == (False, False)
    assert redone("notebooks/one.ipynb") == (True, True)
    assert redone("notebooks/one.toml") == (True, True)
    change("nbtypst/report.typ")
    assert made() == (False, True)
    assert made() == (False, False)


@needs_make
def test_make_pdf_of_one_sheet_says_where_it_is(project):
    (project / ".venv").mkdir()
    (project / ".venv/installed").touch()
    said = make(project, "pdf", "SHEET=small")
    assert "The PDFs: reports/small.pdf" in said.splitlines()
    assert (project / "reports/small.pdf").exists()


@needs_make
def test_clean_leaves_what_was_not_built(project):
    (project / "reports/README.md").write_text("")
    submission(project, "pdf")
    assert (project / "reports/small.pdf").exists()
    make(project, "clean")
    assert [p.name for p in (project / "reports").iterdir()] == ["README.md"]
    assert not (project / "build").exists()


@needs_make
def test_make_alone_prints_what_can_be_made(project):
    printed = make(project)
    makefile = (ROOT / "Makefile").read_text()
    assert printed.count("\n") == makefile.count("\n## ")
    for target in "pdf", "test", "zip", "lab", "notebooks", "lint", "clean":
        assert f"make {target}" in printed
