import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from submission import sheets
from submission.files import ROOT, SubmissionError
from submission.sheets import Question, coverage, find_sheet, is_answered


def test_the_points_of_each_sheet_add_up_to_its_total():
    totals = {
        sheet.id: sum(question.points for question in sheet.questions)
        for sheet in sheets.load_sheets().values()
    }
    assert totals == {"genai-ex2": 20, "dnn-a4": 20, "tdt4265-a1": 0}


def test_no_question_is_missing():
    table = coverage()
    assert "MISSING" not in table
    assert table.count("answered: 20 of 20 points, 0 questions missing") == 2
    assert table.count(" 0 questions missing") == 3
    assert " 0 P" not in table
    assert "of 0 points" not in table


WITH_POINTS, WITHOUT = Question("1.1", "nb", 1), Question("2b", "nb")


@pytest.mark.parametrize(
    ("question", "text", "answered"),
    [
        (WITH_POINTS, "## 1.1 Task (1 P)\n\nAn answer.", True),
        (WITH_POINTS, "## 1.1 Task (1 P)", False),
        (WITH_POINTS, "## 1.1 Task (1 P)\n\n## 1.2 Task (1 P)\n\nX", False),
        (WITH_POINTS, "## 1.2 Task (1 P)\n\nText", False),
        (WITHOUT, "## 2b Loss curves\n\nAn answer.", True),
        (WITHOUT, "## 2b Loss curves (train)\n\nAn answer.", True),
        (WITHOUT, "## 2b Loss curves (0 P)\n\nAn answer.", False),
        (WITHOUT, "## 2b Loss curves (0.5 P)\n\nAn answer.", False),
    ],
)
def test_a_question_counts_only_with_its_heading_and_text_below_it(
    tmp_path, monkeypatch, question, text, answered
):
    monkeypatch.setattr(sheets, "NOTEBOOKS", tmp_path)
    node = new_notebook(cells=[new_markdown_cell(text)])
    nbformat.write(node, tmp_path / "nb.ipynb")
    assert is_answered(question) is answered
    assert not is_answered(Question(question.id, "absent", question.points))


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
