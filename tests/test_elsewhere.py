"""Binder, Colab and a development container, as far as this machine can see.

What is not seen here: that their images are built, and that their pages show
the panels.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from packaging.requirements import Requirement

from submission.environment import OLDEST_PYTHON
from submission.files import DATA, HELPERS, ROOT, cell_sources
from submission.imports import code_of, imported_modules
from submission.notebook import write
from submission.run import execute

BINDER = ROOT / "binder"
CONTAINER = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text())
COLAB = re.search(
    r"```python\n(REPOSITORY = .*?)```", (ROOT / "README.md").read_text(), re.S
)[1]


def copied(folder):
    """A copy of what a notebook needs to run."""
    for name in "data", "helpers", "submission":
        (folder / name).mkdir(parents=True)
        for file in (ROOT / name).iterdir():
            if file.is_file():
                shutil.copy(file, folder / name)
    return folder


def without_network():
    """The environment of a process that finds no mirror."""
    folder = Path(sys.executable).parent
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    kept = {k: v for k, v in os.environ.items() if k != "MNIST_DIR"}
    return kept | {"MNIST_MIRRORS": "http://127.0.0.1:9/", "PATH": path}


def binder_python():
    """The version in runtime.txt, such as 3.13."""
    text = (BINDER / "runtime.txt").read_text()
    return re.fullmatch(r"python-(\d+\.\d+)\n", text)[1]


def test_binder_has_a_python_that_is_new_enough():
    assert tuple(map(int, binder_python().split("."))) >= OLDEST_PYTHON


def test_binder_installs_what_the_helpers_import_and_little_else():
    files = [*HELPERS.glob("*.py"), DATA / "fetch_mnist.py"]
    modules = set().union(*(imported_modules(code_of(f)) for f in files))
    tops = {module.partition(".")[0] for module in modules}
    packages = packages_distributions()
    needed = {packages[top][0] for top in tops & packages.keys()}
    needed -= {"ipython", "traitlets", "ml-exercise-solutions"}  # are there
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    installed = {Requirement(line).name for line in lines}
    needed = {name.lower() for name in needed}
    brought = {
        Requirement(line).name.lower()
        for name in needed
        for line in requires(name) or ()
    }
    assert needed - brought <= installed <= needed


def test_binder_installs_the_versions_that_are_pinned_for_its_python():
    python = {"python_version": binder_python()}
    python |= {"python_full_version": f"{binder_python()}.0"}
    text = (ROOT / "requirements.txt").read_text()
    pins = map(Requirement, re.findall(r"^([\w.-]+==[^\\\n]+)", text, re.M))
    pinned = {
        f"{pin.name}{pin.specifier}"
        for pin in pins
        if not pin.marker or pin.marker.evaluate(python)
    }
    for line in (BINDER / "requirements.txt").read_text().splitlines():
        assert line in pinned


@pytest.mark.skipif(os.name == "nt", reason="Binder runs Linux")
def test_what_binder_does_after_building_provides_the_data(tmp_path):
    folder = copied(tmp_path / "bundle")
    script = shutil.copy(BINDER / "postBuild", tmp_path)
    subprocess.run([script], cwd=folder, env=without_network(), check=True)
    assert (folder / "data/source").exists()
    assert list((folder / "data/standin").glob("*.gz"))


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_first_cell_on_colab_makes_a_notebook_run_there(
    tmp_path, monkeypatch
):
    bundle = copied(tmp_path / "bundle of mine")
    (bundle / "notebooks").mkdir()
    name = "05_softmax_gradients"
    shutil.copy(ROOT / f"notebooks/{name}.toml", bundle / "notebooks")
    who = ["-c", "user.name=A", "-c", "user.email=a@b.c"]
    for arguments in ["init", "-q"], ["add", "."], ["commit", "-qm", "All"]:
        subprocess.run(["git", *who, *arguments], cwd=bundle, check=True)

    first = re.sub('= ".*"', f"= {bundle.as_uri()!r}", COLAB, count=1)
    first, num_installs = re.subn("%pip .*", "", first)
    assert num_installs == 1
    imports = cell_sources(ROOT / f"notebooks/{name}.ipynb", "code")[0]
    cells = [new_code_cell(first), new_code_cell(imports)]
    colab = tmp_path / "content"
    colab.mkdir()
    write(colab / "nb.ipynb", new_notebook(cells=cells))
    for key, value in without_network().items():
        monkeypatch.setenv(key, value)
    monkeypatch.delenv("MNIST_DIR", raising=False)
    execute(colab / "nb.ipynb")
    assert (colab / "bundle/data/source").exists()


def test_the_container_makes_what_the_makefile_has():
    command, target = CONTAINER["postCreateCommand"].split()
    assert command == "make"
    assert re.search(f"^{target}:", (ROOT / "Makefile").read_text(), re.M)
    version = CONTAINER["image"].rpartition(":")[2]
    assert tuple(map(int, version.split("."))) >= OLDEST_PYTHON
    python = CONTAINER["customizations"]["vscode"]["settings"]
    assert python["python.defaultInterpreterPath"] == ".venv/bin/python"
