"""LICENSES.md says what the metadata of the installed packages say."""

import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, files, metadata, version

import pytest
from packaging.requirements import Requirement

from submission.files import ROOT

PAGE = (ROOT / "LICENSES.md").read_text("utf-8")
ROWS = dict(re.findall(r"^\| ([\w-]+) \| ([^|]+) \|$", PAGE, re.M)[1:])
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"].values()
NAMES = [
    Requirement(dependency).name
    for group in [PROJECT["dependencies"], *EXTRAS]
    for dependency in group
]
PINS = (ROOT / "requirements.txt").read_text("utf-8")


def licence_of(name):
    """What a package calls its licence; the field depends on its age."""
    about = metadata(name)
    if said := about.get("License-Expression"):
        return said
    if (said := about.get("License")) and "\n" not in said:
        return said
    for said in about.get_all("Classifier", []):
        if said.startswith("License :: OSI Approved :: "):
            return said.rpartition(" :: ")[2]
    (text,) = (f for f in files(name) if f.name == "LICENSE")
    return text.read_text("utf-8").splitlines()[0]


def start_of(package, name):
    """The first lines of a file that a package brings along."""
    (file,) = (f for f in files(package) if f.name.lower().startswith(name))
    return " ".join(file.read_text("utf-8")[:900].split())


def test_every_direct_dependency_has_its_row():
    assert list(ROWS) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_row_says_what_the_pinned_package_says(name):
    try:
        pin = f"{name}=={version(name)} "
    except PackageNotFoundError:
        pytest.skip("not installed")
    if f"\n{pin}" not in f"\n{PINS}":
        pytest.skip("another version is installed")
    assert ROWS[name] == licence_of(name)


def test_axe_is_under_the_licence_named():
    assert "Mozilla Public * License, v. 2.0." in start_of(
        "axe-playwright-python", "axe.min.js"
    )
    assert "| axe-core | axe-playwright-python | MPL-2.0 |" in PAGE


@pytest.mark.skipif(
    sys.platform == "darwin", reason="the wheel for Macs brings no such file"
)
def test_pandoc_is_under_the_licence_named():
    text = start_of("pypandoc-binary", "copyright")
    assert "under the [GPL], version 2 or later" in text
    assert "| pandoc | pypandoc-binary | GPL-2.0-or-later |" in PAGE
