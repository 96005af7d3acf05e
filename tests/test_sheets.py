import re

import pytest

from submission import sheets
from submission.files import NOTEBOOKS, ROOT, SubmissionError, cell_sources
from submission.sheets import find_sheet, load_sheets


def test_the_points_of_each_sheet_add_up_to_its_total():
    totals = {
        sheet.id: sum(question.points for question in sheet.questions)
        for sheet in load_sheets().values()
    }
    assert totals == {"genai-ex2": 20, "dnn-a4": 20, "tdt4265-a1": 0}


@pytest.mark.parametrize("sheet", load_sheets().values(), ids=load_sheets())
def test_every_question_has_its_heading_with_the_points_it_has(sheet):
    for question in sheet.questions:
        path = NOTEBOOKS / f"{question.notebook}.ipynb"
        points = r"(?<! P\))"
        if question.points:
            points = rf" \({question.points:g} P\)"
        heading = rf"^## {re.escape(question.id)} .+{points}$"
        texts = "\n".join(cell_sources(path, "markdown"))
        assert re.search(heading, texts, re.M), question


def test_the_files_that_a_sheet_names_are_looked_for_in_its_folder():
    sheet = find_sheet("dnn-a4")
    assert [path.name for path in sheet.scripts] == list(sheet.files)
    assert {path.parent for path in sheet.scripts} == {
        ROOT / "scripts" / "dnn-a4"
    }


def test_an_unknown_sheet_is_refused_with_the_known_ones():
    with pytest.raises(SubmissionError, match=r"'ex9'.*genai-ex2"):
        find_sheet("ex9")


def test_a_sheet_without_notebooks_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "NOTEBOOKS", tmp_path)
    with pytest.raises(SubmissionError, match="no notebook yet"):
        find_sheet("genai-ex2")
