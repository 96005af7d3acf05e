"""What the README says is what the notebooks computed."""

import re

import pypdfium2
import pytest

from submission.files import REPORTS, ROOT, all_notebooks
from submission.notebook import pictures, read, text_of
from submission.pdf import sheet_pdf
from submission.sheets import find_sheet, load_sheets

README = (ROOT / "README.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\S+) \| \[(\w+)\].*\| (.*) \|$", README, re.M)


def test_every_notebook_has_its_row_under_its_sheet():
    listed = [(sheet, notebook) for sheet, notebook, _ in ROWS]
    there = [
        (sheet.id, path.stem)
        for sheet in load_sheets().values()
        for path in sheet.notebooks
    ]
    assert listed == there


@pytest.mark.parametrize(("sheet", "notebook", "result"), ROWS)
def test_headline_numbers_were_computed_in_the_notebook(
    sheet, notebook, result
):
    stored = read(ROOT / "notebooks" / f"{notebook}.ipynb")
    text = " ".join(map(text_of, stored.cells))
    computed = re.findall(r"\d+\.?\d*", text)
    numbers = re.findall(r"\d+\.?\d*", result)
    assert numbers
    assert set(numbers) <= set(computed)


def test_its_pictures_are_those_of_the_notebooks():
    shown = set(re.findall(r"\]\(reports/(\w+)\.png\)", README))
    for path in all_notebooks():
        for picture in pictures(read(path), tag="readme"):
            shown.remove(path.stem)
            assert (REPORTS / f"{path.stem}.png").read_bytes() == picture
    assert not shown


def page_texts(document):
    with pypdfium2.PdfDocument(document) as pages:
        return [page.get_textpage().get_text_bounded() for page in pages]


@pytest.mark.parametrize(
    ("name", "pages"),
    re.findall(r"\(reports/(\S+\.pdf)\), (\d+) pages", README),
)
def test_its_pdf_is_made_of_the_stored_notebooks(name, pages):
    shown = REPORTS / name
    sheet = find_sheet(shown.stem)
    made = sheet_pdf(sheet, {p.stem: read(p) for p in sheet.notebooks})
    texts = list(map(page_texts, [shown, made]))
    assert texts[0] == texts[1], "`make notebooks` makes it anew"
    assert len(texts[0]) == int(pages)


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if not target.startswith("https://"):
            assert (ROOT / target).exists(), target
