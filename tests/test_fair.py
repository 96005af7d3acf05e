"""Correct hand-ins, made the way students make them: none of them fails."""

import sys
import zipfile
from dataclasses import replace

import pytest
from making import (
    CODE,
    NAME,
    QUESTIONS,
    SHEETS,
    answers,
    code,
    failed,
    hand_in,
    notebook,
    pdf,
    report,
    results,
    text,
    zipped,
)

from submission.check import check, guess_sheet
from submission.handin import Handin, loosely
from submission.questions import Numbers, swapped

# What tools pack that the student cannot see

LITTER = {
    "Finder": [("__MACOSX/._abgabe.ipynb", b"\0"), (".DS_Store", b"\0")],
    "a folder with an icon": [("Icon\r", b"")],
    "Explorer": [("desktop.ini", b"x"), ("Thumbs.db", b"x")],
    "Jupyter": [(".ipynb_checkpoints/abgabe-checkpoint.ipynb", b"{")],
    "Python": [("__pycache__/tools.cpython-311.pyc", b"\0")],
    "VS Code": [(".vscode/settings.json", b"{}"), (".git/config", b"")],
    "LibreOffice": [("~$report.docx", b""), (".~lock.report.odt#", b"")],
    "folders twice": [("data/", b""), ("data/", b"")],
    "data": [("data/large.csv", b"1\n" * 4 * 2**20)],
    "a module of Windows": [("empty.py", b"\xef\xbb\xbf# nothing\r\n")],
    "a note": [("Lies mich: bitte?.txt", b"")],
}


@pytest.mark.parametrize("made_by", LITTER)
def test_what_tools_pack_along_is_no_fault(made_by):
    assert failed(*hand_in(*LITTER[made_by])) == {}


def test_it_is_said_though_that_it_need_not_be_packed():
    found = results(*hand_in(*LITTER["Jupyter"]))["has_no_litter"]
    assert found["state"] == "look"
    assert all(problem["look"] for problem in found["problems"])
    found = results(*hand_in(*LITTER["Finder"]))["has_no_litter"]
    assert found["state"] == "pass"  # who handed it in cannot see it


# Names

SURNAMES = [
    *("Sørensen", "Łukasz", "Žižek", "Öğütçü", "李", "O’Brien", "O'Brien"),
    *(
        "van der Berg",
        "Müller-Lüdenscheidt",
        "Nguyễn",
        "Þórðarson",
        "Griffith",
    ),
    *("St. John", "D’Angelo", "Ångström", "Großmann", "Đorđević", "Иванов"),
]
CODINGS = {
    "as UTF-8, marked": lambda name: name,
    "as UTF-8": lambda name: name.encode(),
    "in code page 850": lambda name: name.encode("cp850", "replace"),
    "in code page 852": lambda name: name.encode("cp852", "replace"),
    "in code page 1252": lambda name: name.encode("cp1252", "replace"),
    "in GBK": lambda name: name.encode("gbk", "replace"),
    "in ASCII": lambda name: name.encode("ascii", "replace"),
    "with underscores": lambda name: "".join(
        c if c.isascii() else "_" for c in name
    ),
    "with U+FFFD": lambda name: "".join(
        c if c.isascii() else "\ufffd" for c in name
    ),
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("surname", SURNAMES)
def test_names_are_read_as_the_tools_of_this_world_write_them(surname, coding):
    name = f"{surname}-7654321"
    files = [
        (CODINGS[coding](f"{name}.pdf"), report(author=name)),
        (CODINGS[coding](f"{name} Lösung.ipynb"), notebook(*answers())),
    ]
    assert failed(f"{name}.zip", zipped(files)) == {}


@pytest.mark.parametrize("surname", SURNAMES)
def test_a_pdf_of_another_name_fails_whatever_the_letters(surname):
    files = [("report.pdf", report()), ("a.ipynb", notebook(*answers()))]
    assert "pdf_is_named_alike" in failed(
        f"{surname}-7654321.zip", zipped(files)
    )


def backslashes(name, data):
    """The same ZIP, as .NET packs it: folders end in a backslash."""
    return name, data.replace(b"work/", b"work\\")


PACKED = {
    "by .NET": backslashes(*hand_in(("work/data.csv", b"1"), ("work/", b""))),
    "anew by the browser": ("Grün-7654321 (1).zip", hand_in()[1]),
    "by Moodle": (
        "Eva Grün_123_assignsubmission_file_Grün-7654321.zip",
        hand_in()[1],
    ),
    "by Blackboard": (
        "Ex 2_egruen_attempt_2024-05-01-10-00-00_Grün-7654321.zip",
        hand_in()[1],
    ),
    "with an en dash": ("Grün–7654321.zip", hand_in()[1]),
    "decomposed, as macOS does": ("Gru\u0308n-7654321.zip", hand_in()[1]),
}


@pytest.mark.parametrize("how", PACKED)
def test_the_tool_that_packed_it_does_not_matter(how):
    name, data = PACKED[how]
    assert failed(name, data) == {}


# Headings

FORMS = [
    *("Ex. {}", "Teilaufgabe {}", "Oppgave {}", "Solution to {}", "Q{}: ok"),
    *("Lösung {}", "Lösung zu Aufgabe {}", "Answer {}", "A{}", "{} Title"),
    *("Exercise 1, Task {}", "Exercise {}.", "({}) Title", "{}) Title"),
    *(
        "Problem {} – x",
        "Sheet 2 - Exercise {}",
        "Svar på oppgave {}",
        "Task{}",
    ),
    *("Übung 2, Aufgabe {}", "Part {} (2 P)", "Task #{}", "Deloppgave {})"),
    *("Bearbeitung der Aufgabe {}", "Task_{}", "Task-{}", "Task: {}"),
    *("Uppgift {}", "TASK {}", "Aufg. {}", "Nr. {}", "Ex{}", "Zu {}"),
]


@pytest.mark.parametrize("form", FORMS)
def test_a_question_is_known_by_its_number_in_any_habit(form):
    cells, document = answers(form), report(form)
    assert failed(*hand_in(cells=cells, document=document)) == {}


LETTERS = [
    *(
        "Task {0} / {1})",
        "{0}{1}",
        "{0} ({1})",
        "{0}.{1}",
        "{0}{1})",
        "{0}-{1}",
    ),
    *(
        "Task {0}{1}",
        "Oppgave {0} {1}",
        "Problem {0} ({1}): x",
        "Aufgabe {0}{1}",
    ),
    *("Deloppgave {0}{1}", "Exercise 4, Task {0}, {1})", "Question {0}{1}."),
]


def assignment(form="{0}{1}", author="Grün 7654321"):
    """The files of a correct hand-in of dnn-a4."""
    sheet = SHEETS["dnn-a4"]
    cells = [text(author), code()]
    parts = []
    for question in sheet.questions:
        heading = form.format(*question.id)
        cells.append(text(f"### {heading}\n\nAn answer."))
        parts.append(f"{heading}\nAn answer.")
    return [
        ("theory.pdf", pdf(author, "\n".join(parts))),
        ("a.ipynb", notebook(*cells)),
        *((f"code/{name}", b"x = 1\n") for name in sheet.files),
    ]


@pytest.mark.parametrize("form", LETTERS)
def test_a_question_with_a_letter_is_known_in_any_habit(form):
    assert failed(f"{NAME}.zip", zipped(assignment(form))) == {}


def with_task_2(*headings):
    """A hand-in of dnn-a4 whose report has other headings for task 2."""
    headings = [*(f"Task 1{letter}" for letter in "abcde"), *headings]
    lines = "\n".join(f"{heading}\nAn answer." for heading in headings)
    files = dict(assignment()) | {"theory.pdf": pdf("Grün 7654321", lines)}
    return f"{NAME}.zip", zipped(files.items())


@pytest.mark.parametrize(
    "headings",
    [
        *(["Task 2"], ["Task 2 a), b), c) and d)"], ["Task 2a-d"]),
        *(["Task 2 (i)", "(ii)"], ["Task 2", "Part a", "Part b"]),
        ["2.1 Loss", "2.2 Slope", "2.3 Step", "2.4 End"],
    ],
)
def test_parts_may_be_answered_together_or_numbered_otherwise(headings):
    assert failed(*with_task_2(*headings)) == {}


@pytest.mark.parametrize("headings", [[], ["Task 2", "2a) x", "2b) x"]])
def test_parts_that_are_nowhere_fail(headings):
    found = failed(*with_task_2(*headings))
    assert list(found) == ["pdf_has_every_question"]
    assert len(found["pdf_has_every_question"]) == 4 - len(headings[1:])


@pytest.mark.parametrize(
    ("question", "heading"),
    [
        *(("2.a", "Task 2a"), ("1ii", "Task 1 (ii)"), ("1_a", "1a) Trees")),
        *(("P5.1", "Aufgabe P 5.1"), ("A1", "A1: Trees")),
    ],
)
def test_other_numbers_of_own_sheets_are_known(question, heading):
    assert Numbers([question]).in_line(heading) == [question]


@pytest.mark.parametrize(
    ("heading", "ids"),
    [
        *(("Sheet 3: Trees", []), ("Übungsblatt 3", []), ("Task 3", ["3"])),
        *(("Sheet 3, Task 1", ["1"]), ("Exercise 3", ["3"])),
    ],
)
def test_the_number_of_a_sheet_is_none_of_a_question(heading, ids):
    assert Numbers(["1", "3"]).in_heading(heading) == ids


@pytest.mark.parametrize("name", ["group-12", "hw-04", "Eva-Grün-7654321"])
def test_a_zip_may_be_named_otherwise_if_the_sheet_does_not_name_it(name):
    assert failed(f"{name}.zip", zipped(assignment())) == {}


@pytest.mark.parametrize(
    ("surname", "author"),
    [
        *(("Ivanov", "Иванов, 7654321"), ("OBrien", "O’Brien 7654321")),
        *(("vdBerg", "van der Berg 7654321"), ("Nguyen", "Nguyễn 7654321")),
        ("Djordjevic", "Đorđević, Matriculation number 7654321"),
    ],
)
def test_where_the_number_is_right_the_name_may_be_spelt_otherwise(
    surname, author
):
    sheet = SHEETS["dnn-a4"]
    demands = sheet.demands | {"zip_is_named"}
    found = f"{surname}-7654321.zip", zipped(assignment(author=author))
    assert failed(*found, replace(sheet, demands=demands)) == {}


NESTED = [
    "# Task {0}\n## {1})",
    "# Aufgabe {0}: Regression\n### ({1})\n",
    "## Exercise {0}\n**Part {1}**\n",
    "## Oppgave {0}\n#### {1}. Tittel",
]


@pytest.mark.parametrize("form", NESTED)
def test_parts_may_stand_below_the_heading_of_their_question(form):
    sheet = SHEETS["tdt4265-a1"]
    cells, last = [code()], None
    for question in sheet.questions:
        task, part = question.id
        heading = form.format(task, part)
        if task == last:
            heading = heading.split("\n", 1)[1]
        cells.append(text(f"{heading}\n\nAn answer."))
        last = task
    found = results("a1.zip", zipped([("a.ipynb", notebook(*cells))]))
    assert found["questions_have_answers"]["state"] == "pass"
    assert found["answers_a_known_sheet"]["state"] == "pass"
    assert "fail" not in {result["state"] for result in found.values()}


OTHER_HEADINGS = {
    "bold": [text(f"**Task {q}**\n\nAn answer.") for q in QUESTIONS],
    "HTML": [text(f"<h2>Task {q}</h2>\nAn answer.") for q in QUESTIONS],
    "underlined": [text(f"Task {q}\n----\nAn answer.") for q in QUESTIONS],
    "no space": [text(f"##Task {q}\nAn answer.") for q in QUESTIONS],
    "comments": [code(f"# Task {q}\n1 + 1") for q in QUESTIONS],
    "answers below headings of their own": [
        cell
        for q in QUESTIONS
        for cell in (text(f"## {q} Title"), text("### Lösung\n\nAn answer."))
    ],
    "with a dash": [
        text(f"## Task {q.replace('.', '-')}\n\nX") for q in QUESTIONS
    ],
    "in two words": [
        text(f"## Task {q[0]} Question {q[2]}\n\nX") for q in QUESTIONS
    ],
    "several at once": [
        text("## 1.1 to 1.8\n\nX"),
        text("## Aufgaben 2.1, 2.2 und 2.3\n\nX"),
        text("## 2.4\n## 3.1\n\nX"),
        text("## 3.2 - 3.4"),
        code(),
    ],
    "answers as comments": [
        cell
        for q in QUESTIONS
        for cell in (text(f"## {q}"), code("# It is three."))
    ],
}


@pytest.mark.parametrize("how", OTHER_HEADINGS)
def test_headings_may_be_made_in_other_ways(how):
    cells = [code(), *OTHER_HEADINGS[how]]
    printed = [c["source"] for c in cells if c["cell_type"] == "code"]
    document = report(more="\n".join(printed))
    assert failed(*hand_in(cells=cells, document=document)) == {}


SHORT = [
    *("{}: It falls, as steps are small.", "- **{}** It falls at last!"),
    *("| {} | It falls |", "### {} It falls.", "**{}) It falls at last.**"),
]


@pytest.mark.parametrize("form", SHORT)
def test_an_answer_may_stand_in_the_line_of_its_number(form):
    cells = [code(), *(text(form.format(q)) for q in QUESTIONS)]
    printed = "\n".join(form.strip("#*|- ").format(q) for q in QUESTIONS)
    document = pdf("Grün 7654321", f"{CODE}\n{printed}")
    assert failed(*hand_in(cells=cells, document=document)) == {}


def test_a_sheet_is_known_by_its_words_where_numbers_are_not_seen():
    cells = [text("# Generative AI and Visual Synthesis: Classification")]
    cells += [text("## Dots\n\nX"), code()]
    document = pdf("Grün 7654321\nGenerative AI and Visual Synthesis", "Dots")
    found = results(*hand_in(cells=cells, document=document))
    assert found["answers_a_known_sheet"]["state"] == "pass"


# Figures

CAPTIONS = [
    *("FIGURE {}", "Fig {}", "Fig. {}a", "Figure 1.{}", "Figure ({})"),
    *("Bild {}", "Figur {}", "Plot {}", "Abb. {}:", "Abbildung {}."),
]


@pytest.mark.parametrize("form", CAPTIONS)
def test_a_caption_is_known_in_any_habit(form):
    cells = [*answers(), code(CODE, [None, None], 2)]
    more = "\n".join(f"{form.format(i)} a dot" for i in (1, 2))
    name, data = hand_in(cells=cells, document=report(more=more, pictures=2))
    found = results(name, data)
    assert found["figures_have_captions"]["state"] == "pass"
    assert failed(name, data) == {}


def test_figures_without_a_number_are_only_to_be_looked_at():
    cells = [*answers(), code(CODE, [None, None], 2)]
    found = results(*hand_in(cells=cells, document=report(pictures=1)))
    assert found["figures_have_captions"]["state"] == "look"
    assert found["pdf_has_every_figure"]["state"] == "look"
    assert "fail" not in {result["state"] for result in found.values()}


DRAWN = {
    "a line": b"9 9 m 90 90 l S",
    "bars": b"9 9 90 90 re f 99 9 9 90 re f",
    "a curve": b"9 9 m 20 90 90 20 99 99 c S",
}


@pytest.mark.parametrize("what", DRAWN)
def test_what_is_drawn_may_be_a_figure(what):
    cells = [*answers(), code(CODE, [None], 2)]
    name, data = hand_in(cells=cells, document=report(drawn=DRAWN[what]))
    assert results(name, data)["pdf_has_every_figure"]["state"] == "look"
    assert failed(name, data) == {}


# Code

HARMLESS = {
    "a route": "'/api/v1/data'",
    "a key of HDF5": "'/model_weights/dense/kernel'",
    "a route of users": "'/users/1'",
    "a ratio": "'a:/b', 'w:/h'[:2]",
    "LaTeX": "r'f:\\alpha', r'\\\\hline\\\\'",
    "a unit": "x = 'k:/100'",
    "Kaggle's first cell": "import os\nos.walk('/kaggle/input')",
    "a pattern": "r'\\d+:\\s'",
    "labels by setp": "plt.setp(axes, xlabel='x', ylabel='y')",
    "labels by pandas": "frame.plot(xlabel='x', ylabel='y')",
    "a picture without axes": "plt.imshow(digit); plt.axis('off')",
    "magics": "%matplotlib inline\n%load_ext autoreload\n!pip install numpy",
    "a magic and an operator": "%matplotlib inline\nx = (10\n  % 3)",
    "time": "%%time\nx = 1",
    "a shell": "%%bash\nls (",
    "help": "np.sum?",
    "a name": "__name__ == '__main__'",
    "attributes": "import sklearn\nsklearn.__version__, sklearn.set_config()",
    "a module's name": "from sklearn import datasets, model_selection",
    "evaluation": "model.eval(); re.compile('x'); eval('1 + 1')",
    "tools": "!pip install -q jupyter tqdm\n!apt-get install texlive-xetex",
    "Colab": "try:\n    import google.colab\nexcept ImportError:\n    pass",
    "an upgrade": "%pip install --upgrade pip matplotlib",
    "what is printed": "print('pip install torch')",
    "indented": "  x = 1\n  y = 2",
    "an await": "await something()",
    "progress": "from tqdm.auto import tqdm\nimport mpl_toolkits.mplot3d",
    "HTML": "%%html\n<b>x</b>",
    "no name": "import sklearn\ngetattr(sklearn, '**', None)",
    "reloading": "import importlib\nimportlib.reload(np)",
    "drawing": "from PIL import Image\nimport altair, tabulate, rich.table",
    "a note": "# TODO\nask about this",
}


@pytest.mark.parametrize("what", HARMLESS)
def test_code_that_breaks_no_rule_passes(what):
    source = HARMLESS[what]
    was_run = what != "a note"
    outputs, count = (["3\n"], 2) if was_run else ([], None)
    cells = [*answers(), code(source, outputs, count)]
    name, data = hand_in(cells=cells, document=report(more=source))
    assert failed(name, data) == {}


LONG_LINE = "the_nearest = distances.argsort(axis=1)[:, :num_neighbours] + 1 "
LONG_LINE += "if is_sorted else print('a text with spaces', distances, end='')"
PRINTED = {
    "broken at the margin": f"{LONG_LINE[:75]}»\n  » {LONG_LINE[75:]}",
    "cut at the margin": LONG_LINE[:75],
    "with spaces that are seen": LONG_LINE.replace(" ", "·"),
    "with lines for underscores": LONG_LINE.replace("_", " "),
}


@pytest.mark.parametrize("how", PRINTED)
def test_code_may_be_printed_as_tools_print_it(how):
    cells = [*answers(), code(LONG_LINE, count=2)]
    name, data = hand_in(cells=cells, document=report(more=PRINTED[how]))
    assert results(name, data)["pdf_has_all_code"]["state"] == "pass"
    assert set(failed(*hand_in(cells=cells))) == {"pdf_has_all_code"}


@pytest.mark.parametrize("source", ["type V = int", "print(f'{x['a']}')"])
def test_code_of_a_newer_python_is_only_to_be_looked_at(source):
    cells = [*answers(), code(source, count=2)]
    name, data = hand_in(cells=cells, document=report(more=source))
    assert failed(name, data) == {}
    found = results(name, data)["code_can_be_read"]["state"]
    assert found == ("look" if sys.version_info < (3, 12) else "pass")


NOTEBOOKS = {
    "not run in order": notebook(*answers(), code(count=17)),
    "with a byte order mark": b"\xef\xbb\xbf" + notebook(*answers()),
    "of version 3": notebook(
        worksheets=[
            {
                "cells": [
                    text("## 1.1"),
                    {
                        "cell_type": "code",
                        "input": [CODE],
                        "prompt_number": 1,
                        "outputs": [
                            {"output_type": "stream", "text": ["3\n"]}
                        ],
                    },
                ]
            }
        ],
        nbformat=3,
    ),
    "of Colab": notebook(
        *answers(),
        code(count=None, outputs=[]),
        metadata={"colab": {"provenance": []}, "accelerator": "GPU"},
    ),
    "with an error that is meant": notebook(
        *answers(),
        code(
            "1 / 0",
            [],
            2,
            metadata={"tags": ["raises-exception"]},
        )
        | {"outputs": [{"output_type": "error", "ename": "E"}]},
    ),
    "without outputs beside one with": notebook(code("x = 1", [], 1)),
}


@pytest.mark.parametrize("kind", NOTEBOOKS)
def test_notebooks_of_many_kinds_pass(kind):
    more = "1 / 0\nx = 1"
    name, data = hand_in(
        ("other.ipynb", NOTEBOOKS[kind]), document=report(more=more)
    )
    assert failed(name, data) == {}


# Words for what is not there

NO_ANSWERS = [
    *("TODO", "*your answer here*", "Not done yet.", "...", "-"),
    *("Keine Lösung", "nicht bearbeitet", "**N/A**", "ikke besvart"),
]


@pytest.mark.parametrize("words", ["", *NO_ANSWERS])
def test_an_answer_that_says_there_is_none_is_none(words):
    cells = answers(ids=QUESTIONS[:-1])
    cells.append(text(f"## Task {QUESTIONS[-1]}\n\n{words}"))
    found = results(*hand_in(cells=cells))["questions_have_answers"]
    assert [p["text"][-4:-1] for p in found["problems"]] == [QUESTIONS[-1]]


def test_a_question_that_is_only_referred_to_is_not_answered():
    ids = [question for question in QUESTIONS if question != "1.7"]
    more = "See also question 1.7."
    name, data = hand_in(
        cells=[*answers(ids=ids), text(more)],
        document=report(ids=ids, more=more),
    )
    assert results(name, data)["pdf_has_every_question"]["state"] != "pass"


def test_letters_may_stand_for_numbers_and_numbers_for_letters():
    ids = [swapped(question) for question in QUESTIONS]
    cells = answers("Task {})", ids)
    document = report("Task {})", ids=ids)
    name, data = hand_in(cells=cells, document=document)
    assert failed(name, data, SHEETS["genai-ex2"]) == {}
    assert guess_sheet(Handin(name, data), SHEETS) is None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("Mueller", "Müller"), ("Soerensen", "Sørensen"), ("Aase", "Åse")),
        ("Weiss", "Weiß"),
    ],
)
def test_a_name_may_be_spelt_in_ascii(written, meant):
    document = report(author=f"{meant}-7654321")
    found = hand_in(name=f"{written}-7654321", document=document)
    assert failed(*found) == {}


@pytest.mark.parametrize("meant", ["Łukasz", "LUKASZ", "Lukąsž", "Łụkasz"])
def test_an_ascii_letter_stands_for_any_that_is_like_it(meant):
    assert loosely("Lukasz").fullmatch(meant)
    assert not loosely("Lukasz").fullmatch(meant[1:])


def test_a_number_may_begin_with_letters():
    name = "Hansen-s123456"
    document = report(author=name)
    assert failed(*hand_in(name=name, document=document)) == {}


def test_a_pdf_named_for_two_authors_is_only_to_be_looked_at():
    name, _ = hand_in()
    files = {"Grün-Blau-7654321-1.pdf": report(), "a.ipynb": notebook()}
    found = results(name, zipped(files.items()), SHEETS["genai-ex2"])
    assert found["pdf_is_named_alike"]["state"] == "look"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        *(("NameError", "fail"), ("FileNotFoundError", "look")),
        *(("ModuleNotFoundError", "look"), ("SyntaxError", "look")),
    ],
)
def test_a_new_run_fails_only_for_what_no_machine_could_have(error, state):
    handin = Handin(*hand_in())
    handin.rerun = {"abgabe.ipynb": f"Cell 2 failed: {error}: x"}
    found = {result["rule"]: result["state"] for result in check(handin)}
    assert found["notebooks_run_elsewhere"] == state


# PDFs


@pytest.mark.parametrize("other", ["figures/loss.pdf", "task sheet.pdf"])
def test_one_pdf_of_several_may_be_named_like_the_zip(other):
    found = hand_in((other, pdf("Task 1.1")))
    assert results(*found)["has_one_pdf"]["state"] == "look"
    assert failed(*found) == {}


def test_a_pdf_in_capitals_of_six_megabytes_is_no_data():
    document = report().replace(b"%PDF-1.4", b"%PDF-1.4\n" + b"%" * 6 * 2**20)
    files = [(f"{NAME}.PDF", document), ("a.ipynb", notebook(*answers()))]
    found = results(f"{NAME}.zip", zipped(files))
    assert found["pdf_has_text"]["state"] == "pass"
    assert "fail" not in {result["state"] for result in found.values()}


PDFS = {
    "scanned": pdf("", "", pictures=3),
    "with screenshots of code": pdf(
        "Grün 7654321",
        "\n".join(f"Task {q}\nAn answer." for q in QUESTIONS),
        pictures=4,
    ),
    "with one page too large": report(
        more="\n".join("words and words and more words" for _ in range(150000))
    ),
    "with the name in capitals": report(author="GRÜN, Eva-7654321"),
}


@pytest.mark.parametrize("kind", PDFS)
def test_where_a_pdf_cannot_be_read_it_is_only_to_be_looked_at(kind):
    assert failed(*hand_in(document=PDFS[kind])) == {}


def test_a_directory_of_old_dos_attributes_is_no_link():
    info = zipfile.ZipInfo("folder/")
    info.create_system, info.external_attr = 0, 0x10
    assert failed(*hand_in((info, b""))) == {}
