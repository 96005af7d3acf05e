"""What the README says is what the notebooks computed."""

import re

import pytest

from submission.files import REPORTS, ROOT, all_notebooks
from submission.notebook import pictures, read, text_of
from submission.sheets import load_sheets

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


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if not target.startswith("https://"):
            assert (ROOT / target).exists(), target
