import io
import stat
import unicodedata
import zipfile

import nbformat
import pytest

from submission.files import ROOT, SubmissionError
from submission.imports import helper_files, imported_modules, make_rules
from submission.notebook import read
from submission.owner import checked_number, checked_surname
from submission.pack import requirements, submission_files, zip_bytes
from submission.sheets import find_sheet, load_sheets


@pytest.fixture(scope="module")
def packed():
    """A submission of the notebooks as they are stored."""
    sheet = find_sheet("genai-ex2")
    notebooks = {path.stem: read(path) for path in sheet.notebooks}
    return submission_files(sheet, "Müller-1", b"%PDF", notebooks)


def test_the_zip_holds_one_pdf_notebooks_helpers_and_a_readme(packed):
    names = zipfile.ZipFile(io.BytesIO(zip_bytes(packed))).namelist()
    sheet = find_sheet("genai-ex2")
    helpers = {f for path in sheet.notebooks for f in helper_files(path)}
    expected = {"Müller-1.pdf", "README.md"}
    expected |= {f"notebooks/{path.name}" for path in sheet.notebooks}
    expected |= {f"helpers/{file.name}" for file in helpers}
    expected |= {"helpers/panel.js", "helpers/panel.css"}
    expected |= {"helpers/panels_genai_ex2.npz"}
    panels = "knn", "luck", "outlier", "weights"
    expected |= {f"notebooks/panels/{name}_panel.png" for name in panels}
    captions = [path.with_suffix(".toml") for path in sheet.notebooks]
    expected |= {f"notebooks/{p.name}" for p in captions if p.exists()}
    assert set(names) == expected
    assert len(names) == len(set(names))


def test_the_zip_is_the_same_when_built_twice(packed):
    backwards = dict(reversed(packed.items()))
    assert zip_bytes(packed) == zip_bytes(backwards)


def test_an_entry_is_a_plain_file_that_does_not_tell_when_it_was_made():
    archive = zipfile.ZipFile(io.BytesIO(zip_bytes({"a/ü.txt": b"1" * 999})))
    [entry] = archive.infolist()
    assert archive.read("a/ü.txt") == b"1" * 999
    assert entry.compress_size < 99
    assert entry.date_time == (1980, 1, 1, 0, 0, 0)
    assert entry.create_system == 3  # Unix, whose modes are
    assert entry.external_attr >> 16 == stat.S_IFREG | 0o644


def test_the_readme_pins_what_the_notebooks_import(packed):
    readme = packed["README.md"].decode()
    for package in "numpy==", "matplotlib==", "scikit-learn==", "jupyterlab==":
        assert package in readme
    assert "nbclient" not in readme
    assert requirements(["import os, json"])[0].startswith("jupyterlab==")


def test_the_readme_asks_for_mnist_where_the_notebooks_read_it(packed):
    sheet = find_sheet("dnn-a4")
    notebooks = {path.stem: read(path) for path in sheet.notebooks}
    files = submission_files(sheet, "Müller-1", b"%PDF", notebooks)
    assert b"MNIST_DIR" in files["README.md"]
    assert b"MNIST_DIR" not in packed["README.md"]


def test_make_learns_what_notebooks_and_pdfs_are_made_from():
    lines = make_rules().splitlines()
    rules = dict(line.split(": ") for line in lines if ": " in line)
    plain = rules["build/01_knn.ipynb"].split()
    assert {"notebooks/01_knn.toml", "helpers/knn.py"} <= set(plain)
    assert "data/source" not in plain
    reads_mnist = rules["build/04_mnist_linear_regression.ipynb"].split()
    assert {"helpers/mnist.py", "data/source"} <= set(reads_mnist)
    for sheet in load_sheets().values():
        target = f"reports/{sheet.id}"
        assert f"PDFS += {target}$(ENGINE:%=-%).pdf" in lines
        needs = rules[f"{target}.pdf {target}-latex.pdf"]
        assert needs.split() == [f"build/{p.name}" for p in sheet.notebooks]


def test_helpers_are_found_through_helpers_and_no_others_are():
    found = {f.name for f in helper_files(ROOT / "notebooks/01_knn.ipynb")}
    assert {"__init__.py", "knn.py", "nearest.py", "checks.py"} <= found
    for file in found:
        names = imported_modules((ROOT / "helpers" / file).read_text())
        used = {n.split(".")[1] for n in names if n.startswith("helpers.")}
        assert {f"{name}.py" for name in used} <= found


def test_submission_never_imports_what_imports_it():
    for file in (ROOT / "submission").glob("*.py"):
        names = imported_modules(file.read_text("utf-8"))
        rooms = {name.partition(".")[0] for name in names}
        assert rooms.isdisjoint({"data", "tests", "benchmarks"})


def test_the_notebooks_are_signed_and_else_as_they_were(packed):
    sheet = find_sheet("genai-ex2")
    for path in sheet.notebooks:
        text = packed[f"notebooks/{path.name}"].decode()
        first, *cells = nbformat.reads(text, as_version=4).cells
        stored = read(path).cells
        assert first.source == (
            stored[0].source + "\n\nMüller, matriculation number 1"
        )
        assert cells == stored[1:]


@pytest.mark.parametrize(
    "surname",
    [
        "Müller",
        "O'Brien",
        "D’Angelo",
        "van der Berg",
        "Meyer-Landrut",
        "Ørsted",
        "St. John",
        "Nguyễn",
        "'t Hooft",
        "Şahin",
    ],
)
def test_surnames_of_many_kinds_work_in_one_normal_form(surname):
    names = {
        checked_surname(unicodedata.normalize(form, surname))
        for form in ("NFC", "NFD")
    }
    assert names == {unicodedata.normalize("NFC", surname)}


@pytest.mark.parametrize(
    "surname",
    [
        "",
        " ",
        "a/b",
        "a\\b",
        "..",
        ".",
        "../a",
        "a\nb",
        "a\0b",
        "a ",
        "a:b",
        "a1",
        "-a",
        "a--b",
        "a<b",
        "a*",
    ],
)
def test_surnames_that_cannot_be_file_names_are_refused(surname):
    with pytest.raises(SubmissionError, match="SURNAME"):
        checked_surname(surname)


@pytest.mark.parametrize(
    "number", ["", "12 3", "12/3", "..", "1\n", "x", "١٢"]
)
def test_matriculation_numbers_that_are_none_are_refused(number):
    with pytest.raises(SubmissionError, match="MATRICULATION"):
        checked_number(number)
