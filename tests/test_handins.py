"""The hand-ins of all sheets, packed from the notebooks as they are stored."""

import ast
import io
import os
import re
import subprocess
import sys
import zipfile

import pypdfium2
import pytest
from pypdf import PdfReader

from helpers import mnist
from submission.check import check, strict
from submission.files import NOTEBOOKS, ROOT, cell_sources
from submission.handin import Handin
from submission.imports import uses_mnist
from submission.sandbox import is_offered, run_again
from submission.sheets import find_sheet, load_sheets

# nbval runs all of them, in place.
QUICKEST = {
    "genai-ex2": "02_lls_outliers",
    "dnn-a4": "05_softmax_gradients",
    "tdt4265-a1": "06_mnist_logistic_regression",
}
BUILD = """
import sys
from submission.pack import submission_files, zip_bytes
from submission.pdf import sheet_pdf
from submission.notebook import read
from submission.sheets import find_sheet

sheet = find_sheet(sys.argv[1])
notebooks = {path.stem: read(path) for path in sheet.notebooks}
pdf = sheet_pdf(sheet, notebooks, "Grün", "7654321")
packed = zip_bytes(submission_files(sheet, "Grün-7654321", pdf, notebooks))
open(sys.argv[2], "wb").write(packed)
"""


def build(sheet_id, folder, **environment):
    path = folder / "Grün-7654321.zip"
    subprocess.run(
        [sys.executable, "-c", BUILD, sheet_id, path],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        umask=int(environment.get("UMASK", "022"), 8),
        check=True,
    )
    return path


def pdf_bytes(path):
    with zipfile.ZipFile(path) as archive:
        return archive.read(f"{path.stem}.pdf")


@pytest.fixture(scope="module", params=load_sheets())
def packed(request, tmp_path_factory):
    """The id of a sheet and the path of its ZIP."""
    return request.param, build(request.param, tmp_path_factory.mktemp("a"))


@pytest.fixture(scope="module")
def document(packed):
    """The PDF of the hand-in."""
    return PdfReader(io.BytesIO(pdf_bytes(packed[1])))


def test_it_keeps_to_every_rule_also_those_its_sheet_does_not_state(packed):
    sheet = find_sheet(packed[0])
    results = check(Handin(packed[1].name, packed[1], strict(sheet)))
    assert [r for r in results if r["state"] == "fail"] == []
    unused = {r["rule"] for r in results if r["state"] != "pass"}
    only_where_stated = {"pdf_has_all_code"} - sheet.demands
    assert unused == only_where_stated | {
        "notebooks_run_elsewhere",
        "outputs_are_those_of_the_code",
    }


def test_its_quickest_notebook_runs_elsewhere_with_the_same_outputs(packed):
    sheet_id, path = packed
    notebook = QUICKEST[sheet_id]
    needs_mnist = uses_mnist(NOTEBOOKS / f"{notebook}.ipynb")
    if needs_mnist and mnist.find()[1] == mnist.STANDIN:
        pytest.skip("MNIST could not be fetched, so it was not run again")
    handin = Handin(path.name, path)
    names = [f"notebooks/{notebook}.ipynb"]
    handin.take_new_run(run_again(path, names, is_offered()))
    assert list(handin.rerun) == names
    states = {r["rule"]: (r["state"], r["problems"]) for r in check(handin)}
    assert states["notebooks_run_elsewhere"] == ("pass", [])
    assert states["outputs_are_those_of_the_code"] == ("pass", [])


def test_all_that_its_notebooks_import_is_in_it(packed, tmp_path):
    with zipfile.ZipFile(packed[1]) as archive:
        archive.extractall(tmp_path)
    folder = tmp_path / "notebooks"
    imports = [
        ast.unparse(node)
        for path in folder.glob("*.ipynb")
        for source in cell_sources(path, "code")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    lines = ["import sys", "sys.path.append('..')", *imports]
    call = [sys.executable, "-c", "\n".join(lines)]
    subprocess.run(call, cwd=folder, check=True)


def test_a_second_build_elsewhere_is_the_same_file(packed, tmp_path):
    sheet_id, path = packed
    again = build(sheet_id, tmp_path, LC_ALL="C", TZ="Asia/Tokyo", UMASK="077")
    assert again.read_bytes() == path.read_bytes()


def elements(document):
    """All elements of the tag tree."""
    waiting = [document.root_object["/StructTreeRoot"]]
    while waiting:
        element = waiting.pop().get_object()
        if isinstance(element, list):
            waiting += element
        elif isinstance(element, dict):
            yield element
            waiting += [element["/K"]] if "/K" in element else []


def test_the_pdf_can_be_read_by_those_who_do_not_see_it(packed, document):
    root, tags = document.root_object, list(elements(document))
    sheet = find_sheet(packed[0])
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert document.metadata.title == sheet.title
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    for kind in "/Figure", "/Formula":
        described = [tag for tag in tags if tag.get("/S") == kind]
        assert described
        assert all(tag["/Alt"].strip() for tag in described)
    assert document.page_labels[:3] == ["i", "1", "2"]
    assert document.page_labels[-1] == str(len(document.pages) - 1)


def test_every_heading_is_a_bookmark(packed, document):
    def count(items):
        return sum(count(i) if isinstance(i, list) else 1 for i in items)

    headings = re.compile("/H[1-6]")
    tagged = [e for e in elements(document) if "/S" in e]
    wanted = sum(bool(headings.fullmatch(e["/S"])) for e in tagged)
    assert count(document.outline) == wanted - 1  # but "Contents"


def test_the_text_of_the_pdf_comes_in_reading_order(packed):
    with pypdfium2.PdfDocument(pdf_bytes(packed[1])) as read:
        texts = [page.get_textpage().get_text_range() for page in read]
    title_page, *pages = texts
    assert "Grün" in title_page
    text, place = " ".join(" ".join(pages).split()), -1
    questions = find_sheet(packed[0]).questions
    for question in sorted(questions, key=lambda q: q.notebook):
        found = re.compile(rf"(?<!\S){re.escape(question.id)} \w")
        place = found.search(text, place + 1).start()


def test_the_pdf_is_small_enough_to_upload(packed):
    assert len(pdf_bytes(packed[1])) < 5 * 2**20
