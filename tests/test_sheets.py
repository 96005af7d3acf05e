import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from submission import sheets
from submission.files import SubmissionError
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
    assert table.count("0 questions missing") == 3


@pytest.mark.parametrize(
    ("text", "answered"),
    [
        ("## 1.1 Task (1 P)\n\nAn answer.", True),
        ("## 1.1 Task (1 P)", False),
        ("## 1.1 Task (1 P)\n\n## 1.2 Task (1 P)\n\nText", False),
        ("## 1.2 Task (1 P)\n\nText", False),
    ],
)
def test_a_question_counts_only_with_a_heading_and_text_below_it(
    tmp_path, monkeypatch, text, answered
):
    monkeypatch.setattr(sheets, "NOTEBOOKS", tmp_path)
    node = new_notebook(cells=[new_markdown_cell(text)])
    nbformat.write(node, tmp_path / "nb.ipynb")
    assert is_answered(Question("1.1", 1, "nb")) is answered
    assert not is_answered(Question("1.1", 1, "absent"))


def test_an_unknown_sheet_is_refused_with_the_known_ones():
    with pytest.raises(SubmissionError, match=r"'ex9'.*genai-ex2"):
        find_sheet("ex9")


def test_a_sheet_without_notebooks_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(sheets, "NOTEBOOKS", tmp_path)
    with pytest.raises(SubmissionError, match="no notebook yet"):
        find_sheet("genai-ex2")
