import nbformat
import pytest
from conftest import stream

from submission import hygiene
from submission.__main__ import all_notebooks
from submission.sheets import Question, load_sheets

NOTEBOOKS = [nbformat.read(path, as_version=4) for path in all_notebooks()]
NAMES = [path.stem for path in all_notebooks()]


@pytest.mark.parametrize("rule", hygiene.RULES)
@pytest.mark.parametrize("stored", NOTEBOOKS, ids=NAMES)
def test_stored_notebooks_keep_to_the_rules(stored, rule):
    assert list(rule(stored)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_question_has_its_heading(name):
    stored = NOTEBOOKS[NAMES.index(name)]
    questions = [
        question
        for sheet in load_sheets().values()
        for question in sheet.questions
        if question.notebook == name
    ]
    assert questions
    assert list(hygiene.has_headings(stored, questions)) == []


def result(text):
    return {
        "output_type": "execute_result",
        "execution_count": 1,
        "data": {"text/plain": text},
        "metadata": {},
    }


ERROR = {
    "output_type": "error",
    "ename": "E",
    "evalue": "",
    "traceback": [],
}


@pytest.mark.parametrize(
    ("rule", "broken", "message"),
    [
        (hygiene.runs_in_order, {"count": 2}, "execution count is 2"),
        (hygiene.runs_in_order, {"count": None}, "count is None instead of 1"),
        (hygiene.has_no_errors, {"outputs": [ERROR]}, "the error E"),
        (
            hygiene.has_no_warnings,
            {"outputs": [stream("careful", "stderr")]},
            "printed to stderr: 'careful'",
        ),
        *(
            (hygiene.has_no_volatile_output, {"outputs": [output]}, message)
            for output, message in [
                (result("<f at 0x7f3a2b1c>"), "a memory address"),
                (stream("in /home/me/x.py"), "an absolute path"),
                (stream("C:\\Users\\me"), "an absolute path"),
                (stream("done at 12:34:56"), "a timestamp"),
                (stream("2024-05-01T10:00"), "a timestamp"),
                (result("np.float64(1.5)"), "a NumPy type name"),
            ]
        ),
        (
            hygiene.ran_on_the_real_data,
            {"outputs": [stream("data: digits stand-in")]},
            "It was run on the digits stand-in",
        ),
        (hygiene.has_short_lines, {"source": "x" * 80}, "of 80 characters"),
        (hygiene.has_short_lines, {"text": "x" * 80}, "of 80 characters"),
    ],
)
def test_a_notebook_that_breaks_a_rule_is_found_out(
    notebook, rule, broken, message
):
    assert list(rule(notebook())) == []
    ((cell, problem),) = rule(notebook(**broken))
    assert cell == (1 if "text" in broken else 2)
    assert message in problem


@pytest.mark.parametrize(
    "text",
    [
        "",
        "## 1.1 Task (2 P)",
        "### 1.1 Task (1 P)",
        "## 1.10 Task (1 P)",
        "## 1.1 Task (1 P)\n## 1.1 Task (1 P)",
    ],
)
def test_a_missing_wrong_or_second_heading_is_found_out(notebook, text):
    question = [Question("1.1", 1, "nb")]
    good = notebook("## 1.1 Task (1 P)\n\nText")
    assert list(hygiene.has_headings(good, question)) == []
    assert list(hygiene.has_headings(notebook(text), question))


def test_numbers_and_units_are_not_taken_for_volatile_output(notebook):
    text = "0x10, 3/4, 12:30, a/home/b, https://x.org/usr/ 2024-05-01"
    fine = notebook(outputs=[stream(text)])
    assert list(hygiene.has_no_volatile_output(fine)) == []
