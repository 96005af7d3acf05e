"""Hand-ins that break one rule each, and those that break none."""

import csv
import io
import json
import shutil
import subprocess
import sys
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from functools import cache

import matplotlib as mpl
import nbformat
import pytest
from conftest import stream
from making import pdf
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from nbformat import from_dict
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pypdf import PdfWriter

from nbtypst import TypstPDFExporter
from submission.archive import Entry
from submission.cells import cell_of, same_text
from submission.check import (
    check,
    exit_code,
    guess_sheet,
    strict,
    table,
)
from submission.files import ROOT
from submission.handin import Handin
from submission.notebook import read, write
from submission.pack import submission_files, zip_bytes
from submission.pdf import COVER
from submission.rules import RULES
from submission.run import execute
from submission.sandbox import is_offered, run_again
from submission.sheets import Question, Sheet, find_sheet, load_sheets

SHEET = Sheet(
    id="small",
    course="Course",
    title="Sheet",
    allowed_imports=frozenset({"numpy", "matplotlib", "sklearn.datasets"}),
    comparison_imports=frozenset({"sklearn.neighbors"}),
    demands=frozenset(rule.name for rule in RULES),
    questions=(Question("1.1", "nb", 1), Question("1.2", "nb")),
)
MODULE = """\
import numpy as np


def total(numbers):
    return np.sum(numbers)
"""
CODE = """\
from tools import total

print(total([1, 2]))
"""


@cache
def exported(author, printed, module):
    """The PDF of a notebook and a module: most tests want the same one."""
    about = {"course": "", "matriculation": "7654321", "notice": ""}
    exporter = TypstPDFExporter(author=author, cover=str(COVER), about=about)
    rest = new_notebook(cells=[new_code_cell(module)])
    return exporter.from_notebooks(
        {"nb": nbformat.reads(printed, 4), "rest": rest}
    )


@dataclass
class Made:
    """A hand-in in the making.

    `notebook` goes into the ZIP and `printed` into the PDF: the same, until a
    test changes one of them.
    """

    notebook: nbformat.NotebookNode
    printed: nbformat.NotebookNode
    name: str = "Grün-7654321"
    pdf_name: str = "Grün-7654321"
    author: str = "Grün"
    module: str = MODULE
    unprinted: str = ""  # further code of the module
    pdf: bytes | None = None
    sheet: Sheet | None = SHEET
    more: list = field(default_factory=list)
    action: bytes = b""  # of the PDF
    left_out: str = "nothing"

    def add(self, path, data=b"x", mode=0o100644):
        """A further entry."""
        info = zipfile.ZipInfo(path)
        info.create_system, info.external_attr = 3, mode << 16
        self.more.append((info, data))

    def add_code(self, text):
        """Further code in the notebook."""
        for notebook in self.notebook, self.printed:
            notebook.cells[-1].source += text

    def change_text(self, old, new):
        """Another text in the notebook of the PDF."""
        assert any(old in cell.source for cell in self.printed.cells)
        for cell in self.printed.cells:
            cell.source = cell.source.replace(old, new)

    def packed(self):
        """The bytes of the ZIP."""
        printed = nbformat.writes(self.printed)
        pdf = self.pdf or exported(self.author, printed, self.module)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for info, data in self.more:
                archive.writestr(info, data)
            for path, data in (
                (f"{self.pdf_name}.pdf", pdf + self.action),
                ("work/nb.ipynb", nbformat.writes(self.notebook)),
                ("work/tools.py", self.module + self.unprinted),
            ):
                if not path.endswith(self.left_out):
                    archive.writestr(path, data)
        return file.getvalue()

    def handin(self):
        return Handin(f"{self.name}.zip", self.packed(), self.sheet)


@pytest.fixture
def made(figure_output):
    """A hand-in that breaks no rule."""
    outputs = [stream("3\n"), figure_output()]
    cells = [
        new_markdown_cell("# Sheet\n\nGrün\n\n## 1.1 Sum (1 P)\n\nA sum."),
        new_markdown_cell("## 1.2 Proof\n\nA proof."),
        new_code_cell(
            CODE, execution_count=1, outputs=list(map(from_dict, outputs))
        ),
    ]
    for number, cell in enumerate(cells):
        cell.id = str(number)  # the same in all tests, as is the PDF
    notebook = new_notebook(cells=cells)
    return Made(notebook, nbformat.reads(nbformat.writes(notebook), 4))


def states(handin):
    return {result["rule"]: result["state"] for result in check(handin)}


BAD = "fail", "look"


def broken(handin):
    """The rules that it breaks, or that say to look: we pack neither."""
    return [r for r, state in states(handin).items() if state in BAD]


def test_a_hand_in_that_keeps_to_all_rules_passes(made):
    passed = states(made.handin())
    only_with_run = {
        "notebooks_run_elsewhere",
        "outputs_are_those_of_the_code",
    }
    assert {r for r, s in passed.items() if s != "pass"} == only_with_run


def encrypted(made):
    made.add("notes.txt")
    data = bytearray(made.packed())
    for signature, offset in (b"PK\x03\x04", 6), (b"PK\x01\x02", 8):
        data[data.index(signature) + offset] |= 1
    made.packed = lambda: bytes(data)


def damaged(made):
    made.add("notes.txt", b"intact")
    data = made.packed().replace(b"intact", b"broken")
    made.packed = lambda: data


def output(made, node):
    made.notebook.cells[-1].outputs.append(from_dict(node))


def second_figure_in_notebook_only(made):
    output(made, made.notebook.cells[-1].outputs[1])
    made.change_text("A proof.", "Figure 2: A dot.")


def without_figures_in_the_pdf(made):
    del made.printed.cells[-1].outputs[1]
    made.change_text("A proof.", "Figure 1: A dot.")


def without_captions_in_the_pdf(made):
    text = "1.1 Sum\nA sum.\n1.2 Proof\nA proof.\n"
    made.pdf = pdf("Grün 7654321", text + CODE + MODULE, pictures=1)


def many_files(made):
    for number in range(2001):
        made.add(f"{number}.txt")


def blank_pdf(made):
    writer, file = PdfWriter(), io.BytesIO()
    writer.add_blank_page(100, 100)
    writer.write(file)
    made.pdf = file.getvalue()


def printing(text, **changes):
    return lambda made: output(made, stream(text, **changes))


def not_run(made):
    made.notebook.cells[-1].outputs = []


def without_answer(made, *notebooks):
    for notebook in notebooks:
        notebook.cells[0].source = "# Sheet\n\nGrün\n\n## 1.1 Sum (1 P)"


ERROR = {"output_type": "error", "ename": "E", "evalue": "", "traceback": []}
BROKEN = [
    ("is_no_bomb", lambda made: made.add("zeros", bytes(201 * 2**20))),
    ("is_no_bomb", many_files),
    ("stays_in_its_folder", lambda made: made.add("../outside.py")),
    ("stays_in_its_folder", lambda made: made.add("/etc/cron.d/job")),
    ("stays_in_its_folder", lambda made: made.add("a/../../b.py")),
    ("has_no_links", lambda made: made.add("d", b"/etc", mode=0o120777)),
    ("names_work_everywhere", lambda made: made.add("work/what?.txt")),
    ("names_work_everywhere", lambda made: made.add("dots./x.txt")),
    ("names_work_everywhere", lambda made: made.add("long/" * 40 + "x.txt")),
    (
        "names_work_everywhere",
        lambda made: (made.add("notes.txt"), made.add("Notes.txt")),
    ),
    ("names_are_harmless", lambda made: made.add("work/aux.txt")),
    ("names_are_harmless", lambda made: made.add("two\nlines.txt")),
    (
        "names_are_distinct",
        lambda made: (made.add("notes"), made.add("notes/a.txt")),
    ),
    ("has_no_litter", lambda made: made.add("__pycache__/tools.pyc")),
    ("has_no_litter", lambda made: made.add(".ipynb_checkpoints/nb.ipynb")),
    ("has_no_litter", lambda made: made.add(".git/config")),
    ("answers_a_known_sheet", lambda made: vars(made).update(sheet=None)),
    ("can_be_unpacked", encrypted),
    ("can_be_unpacked", damaged),
    (
        "zip_is_named",
        lambda made: vars(made).update(name="task", pdf_name="task"),
    ),
    ("pdf_is_named_alike", lambda made: vars(made).update(pdf_name="report")),
    ("has_one_pdf", lambda made: made.add("work/slides.pdf")),
    ("has_one_pdf", lambda made: vars(made).update(left_out=".pdf")),
    ("has_code", lambda made: vars(made).update(left_out=("ipynb", ".py"))),
    ("code_can_be_read", lambda made: made.add("work/old.ipynb", b"{")),
    ("code_can_be_read", lambda made: made.add("work/old.py", b"print 1")),
    ("imports_are_allowed", lambda made: made.add_code("import torch")),
    (
        "imports_are_allowed",
        lambda made: made.add_code("from sklearn.svm import SVC"),
    ),
    (
        "modules_are_from_scratch",
        lambda made: vars(made).update(
            module=MODULE + "from sklearn.neighbors import KDTree"
        ),
    ),
    ("paths_are_relative", lambda made: made.add_code("'/home/me/x.csv'[0]")),
    ("paths_are_relative", lambda made: made.add_code("X = 'C:/data/x'")),
    (
        "notebooks_ran_in_order",
        lambda made: made.notebook.cells[-1].update(execution_count=7),
    ),
    (
        "notebooks_ran_in_order",
        lambda made: made.notebook.cells[-1].update(execution_count=None),
    ),
    ("notebooks_have_no_errors", lambda made: output(made, ERROR)),
    ("notebooks_were_run", not_run),
    (
        "questions_have_answers",
        lambda made: without_answer(made, made.notebook, made.printed),
    ),
    (
        "notebooks_are_signed",
        lambda made: made.notebook.cells[0].update(
            source="# Sheet\n\n## 1.1 Sum (1 P)\n\nA sum."
        ),
    ),
    (
        "has_the_files_the_sheet_names",
        lambda made: vars(made).update(
            sheet=replace(SHEET, files=("tools.py", "main.py"))
        ),
    ),
    ("pdf_opens", lambda made: vars(made).update(pdf=b"%PDF-1.7 broken")),
    ("pdf_is_only_read", lambda made: vars(made).update(action=b"/Launch")),
    ("pdf_has_text", blank_pdf),
    (
        "title_page_names_the_author",
        lambda made: vars(made).update(author="Blau"),
    ),
    (
        "pdf_has_every_question",
        lambda made: made.change_text("1.2 Proof", "1.20 Proof"),
    ),
    ("pdf_has_every_figure", second_figure_in_notebook_only),
    ("pdf_has_every_figure", without_figures_in_the_pdf),
    ("figures_have_captions", without_captions_in_the_pdf),
    ("pdf_has_all_code", lambda made: made.add("work/more.py", b"x = 1")),
]


HARMLESS = [
    lambda made: output(
        made,
        stream("0x10, 3/4, 12:30, a/home/b, https://x.org/usr/ 2024-05-01"),
    ),
    lambda made: made.add("work/package/__init__.py", b"from .a import b"),
    lambda made: made.add("work/doc.py", b"'/home/me/x.csv: not read.'"),
]


@pytest.mark.parametrize("change", HARMLESS)
def test_what_only_looks_like_breaking_a_rule_passes(made, change):
    change(made)
    demands = SHEET.demands - {"pdf_has_all_code"}
    made.sheet = replace(SHEET, demands=demands, files=("tools.py",))
    assert broken(made.handin()) == []


@pytest.mark.parametrize(("rule", "breaks"), BROKEN)
def test_a_hand_in_that_breaks_one_rule_fails_by_just_that_rule(
    made, rule, breaks
):
    breaks(made)
    handin = made.handin()
    assert broken(handin) == [rule]
    (result,) = [r for r in check(handin) if r["state"] in BAD]
    assert all(problem["file"] for problem in result["problems"])
    assert f"-> {result['fix']}" in table(
        {"file": "x", "sheet": None, "rules": [result]}
    )


def test_the_pdf_need_not_print_what_nothing_calls(made):
    made.unprinted = "\n\ndef unused():\n    return 17\n"
    assert broken(made.handin()) == []
    made.add_code("\nunused()")
    assert broken(made.handin()) == ["pdf_has_all_code"]


@pytest.mark.parametrize(
    ("breaks", "reason"), [(encrypted, "encrypted"), (damaged, "damaged")]
)
def test_it_is_said_why_a_file_cannot_be_unpacked(made, breaks, reason):
    breaks(made)
    assert made.handin().damaged == {"notes.txt": f"it is {reason}"}


@pytest.mark.parametrize(
    ("named", "name"), [(b"L_sung.txt", "Lösung.txt"), (b"x", "L_sung.txt")]
)
def test_the_name_in_an_extra_field_counts_if_it_is_of_that_file(named, name):
    info = zipfile.ZipInfo("L_sung.txt")
    utf8 = "Lösung.txt".encode()
    path = b"\1" + zlib.crc32(named).to_bytes(4, "little") + utf8
    for kind, content in (0x5455, b"times"), (0x7075, path):
        info.extra += kind.to_bytes(2, "little")
        info.extra += len(content).to_bytes(2, "little") + content
    assert Entry(info).path == name


def test_it_is_said_which_cell_cannot_be_read(made):
    made.add_code("\nif")
    (place,) = made.handin().broken_code
    assert place == ("work/nb.ipynb", 3)


@pytest.mark.parametrize(
    ("came", "is_same"),
    [
        ("error 0.30000000000000004 at 0x7f1", True),
        ("error 0.3 at 0x7f2", True),
        ("error 0.30001 at 0x7f1", False),
        ("loss 0.3 at 0x7f1", False),
        ("error 0.3 1 at 0x7f1", False),
    ],
)
def test_outputs_are_the_same_but_for_rounding_and_addresses(came, is_same):
    assert same_text("error 0.3 at 0x7f1", came) is is_same


@pytest.mark.parametrize("kind", ["display_data", "execute_result"])
def test_a_picture_in_html_counts_and_its_bytes_are_no_text(kind):
    img = '<img alt="A dot." src="data:image/png;base64,1e5H+/4=">'
    data = {"text/html": ["<p>", img], "text/plain": "<Figure>"}
    output = {"output_type": kind, "data": data}
    (read,) = cell_of(
        {"cell_type": "code", "source": "", "outputs": [output]}
    ).outputs
    assert read.is_picture
    assert read.text == '<p><img alt="A dot." src="">\n<Figure>'


@pytest.mark.parametrize(
    "html",
    [
        "<table><tr><td>image/png</td></tr></table>",
        "<style>a {b: url(data:image/svg+xml;base64,PHN2Zz4=)}</style>",
        '<img src="data:image/svg+xml;base64,PHN2Zz4="> an estimator',
        '<script>logo = "data:image/png;base64,iVBORw0K"</script>',
    ],
)
def test_html_without_a_picture_does_not_count_as_one(html):
    output = {"output_type": "display_data", "data": {"text/html": html}}
    cell = {"cell_type": "code", "source": "", "outputs": [output]}
    assert not cell_of(cell).outputs[0].is_picture


@pytest.mark.parametrize("kind", ["image/svg+xml", "image/gif"])
def test_what_a_pdf_does_not_hold_as_a_picture_is_not_counted(kind):
    output = {"output_type": "display_data", "data": {kind: "x"}}
    cell = {"cell_type": "code", "source": "", "outputs": [output]}
    assert not cell_of(cell).outputs[0].is_picture


def run(path):
    return run_again(path, ["work/nb.ipynb"], is_offered())


def stored_at(folder, made):
    path = folder / "Grün-7654321.zip"
    path.write_bytes(made.packed())
    return path


RUN = [
    ("notebooks_run_elsewhere", "open('missing.csv')", "3\n"),
    ("notebooks_run_elsewhere", "__import__('helpers')", "3\n"),
    ("outputs_are_those_of_the_code", "", "4\n"),
    (
        None,
        "import os; assert ' ' in os.getcwd() and os.getcwd().isascii()",
        "3\n",
    ),
    (None, "import os; assert 'PYTHONPATH' not in os.environ", "3\n"),
]


@pytest.mark.parametrize(("rule", "more_code", "stored"), RUN)
def test_a_new_run_happens_elsewhere_and_has_to_agree(
    made, rule, more_code, stored, monkeypatch, tmp_path
):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    made.add_code(more_code)
    made.notebook.cells[-1].outputs = [from_dict(stream(stored))]
    handin = made.handin()
    handin.take_new_run(run(stored_at(tmp_path, made)))
    assert broken(handin) == ([rule] if rule else [])


def test_every_rule_has_a_hand_in_that_breaks_it():
    tried = {rule for rule, *_ in BROKEN + RUN if rule}
    assert tried == {rule.name for rule in RULES}
    assert len(BROKEN) >= 20


def test_every_rule_says_in_one_line_what_must_hold_and_what_to_do():
    for rule in RULES:
        assert rule.demand.endswith(".")
        assert "\n" not in rule.demand
        assert rule.fix.endswith(".")


def test_what_the_sheets_demand_are_rules():
    sometimes = {r.name for r in RULES if r.kind in ("stated", "advice")}
    for sheet in load_sheets().values():
        assert sheet.demands <= sometimes


def test_a_rule_that_the_sheet_does_not_state_does_not_apply(made):
    made.sheet = find_sheet("tdt4265-a1")
    made.name = "a1"
    assert broken(made.handin()) == []
    assert states(made.handin())["zip_is_named"] == "not applicable"


@pytest.mark.parametrize("sheet_id", load_sheets())
def test_the_sheet_is_guessed_from_the_headings(made, sheet_id):
    questions = find_sheet(sheet_id).questions
    headings = [f"### Task {question.id}" for question in questions]
    for notebook in made.printed, made.notebook:
        notebook.cells[0].source = "\n\n".join(
            ["# Sheet\n\n## All", *headings]
        )
        notebook.cells[1].source = "Text"
    assert guess_sheet(made.handin(), load_sheets()).id == sheet_id
    made.left_out = ".pdf"
    assert guess_sheet(made.handin(), load_sheets()).id == sheet_id
    made.left_out = ("ipynb", ".pdf")
    assert guess_sheet(made.handin(), load_sheets()) is None


@pytest.mark.parametrize("sheet_id", load_sheets())
def test_stored_notebooks_keep_to_all_rules_for_code_and_notebooks(sheet_id):
    sheet = find_sheet(sheet_id)
    notebooks = {path.stem: read(path) for path in sheet.notebooks}
    files = submission_files(sheet, "Grün-7654321", b"no PDF", notebooks)
    handin = Handin("Grün-7654321.zip", zip_bytes(files), strict(sheet))
    results = {result["rule"]: result for result in check(handin)}
    assert results.pop("pdf_opens")["state"] == "fail"
    assert [r for r in results.values() if r["state"] == "fail"] == []


# A hand-in made by hand


def page(text):
    """A page of text, as another tool than ours prints it."""
    figure = Figure(figsize=(8.3, 11.7))
    figure.text(0.05, 0.98, text, va="top", size=8, parse_math=False)
    return figure


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A stranger's notebook, executed, and its code."""
    questions = [f"Task {q.id}" for q in find_sheet("genai-ex2").questions]
    drawing = (
        "%matplotlib inline\n"
        "import matplotlib.pyplot as plt\n"
        "import numpy as np\n"
        "from sklearn.datasets import make_moons\n"
        "from sklearn.neighbors import KNeighborsClassifier\n"
        "plt.plot(np.arange(3), label='squares')\n"
        "plt.xlabel('x'); plt.ylabel('y'); plt.legend()"
    )
    texts = [new_markdown_cell(f"### {question}") for question in questions]
    path = tmp_path_factory.mktemp("drawn") / "abgabe.ipynb"
    write(path, new_notebook(cells=[*texts, new_code_cell(drawing)]))
    write(path, execute(path))
    return path, "\n".join([*questions, drawing])


@pytest.fixture
def by_hand(tmp_path, drawn):
    """A folder with a stranger's work: one notebook, its own PDF."""
    path = tmp_path / "Übung 2" / "Lösung" / "abgabe.ipynb"
    path.parent.mkdir(parents=True)
    shutil.copy(drawn[0], path)

    def write_pdf(author="Grün, 7654321", caption="Figure 1: A line."):
        with (
            mpl.rc_context({"pdf.fonttype": 42}),
            PdfPages(path.parent / "Grün-7654321.pdf") as pages,
        ):
            pages.savefig(page(f"Exercise 2\n{author}"))
            pages.savefig(page(drawn[1]))
            plot = page(caption)
            plot.subplots().plot([1, 2])
            pages.savefig(plot)

    write_pdf()
    return path.parent.parent, write_pdf


def pack_by_hand(folder):
    """Pack with the plain tool, in a locale that knows no umlauts."""
    if shutil.which("zip") is None:
        pytest.skip("the tool zip is not installed")
    target = folder.parent / "Grün-7654321.zip"
    target.unlink(missing_ok=True)
    subprocess.run(
        ["zip", "--quiet", "-r", target, folder.name],
        cwd=folder.parent,
        env={"LC_ALL": "C", "PATH": "/usr/bin:/bin:/usr/local/bin"},
        check=True,
    )
    return target


def command(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-m", "submission", "check", *map(str, arguments)],
        cwd=cwd or ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_a_correct_hand_in_made_by_hand_passes(by_hand):
    folder, _ = by_hand
    trust = [] if is_offered() else ["--trust"]
    done = command("--run", *trust, pack_by_hand(folder))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sheet: genai-ex2" in done.stdout
    assert "0 fail, 0 not applicable" not in done.stdout
    assert "FAIL" not in done.stdout


def test_a_hand_in_made_by_hand_fails_only_for_what_the_sheet_states(by_hand):
    folder, write_pdf = by_hand
    write_pdf(author="by me", caption="A line.")
    done = command("--json", pack_by_hand(folder))
    assert done.returncode == 1
    rules = json.loads(done.stdout)["rules"]
    failed = [r["rule"] for r in rules if r["state"] == "fail"]
    assert failed == ["title_page_names_the_author"]
    assert [r["rule"] for r in rules if r["state"] == "look"] == [
        "questions_have_answers",
        "pdf_has_every_figure",
        "figures_have_captions",
    ]
    assert find_sheet("genai-ex2").demands.issuperset(failed)


# The command


def tree(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_the_exit_code_tells_pass_fail_and_not_a_zip(made, tmp_path):
    path = tmp_path / "Grün-7654321.zip"
    path.write_bytes(made.packed())
    assert command(path, "--sheet=dnn-a4").returncode == 1
    path.write_bytes(b"Rar!")
    done = command(path)
    assert done.returncode == 2
    assert "not readable. It cannot be read as a ZIP: " in done.stdout
    assert command(tmp_path / "missing.zip").returncode == 2
    assert command().returncode == 2


def test_nothing_is_executed_and_nothing_is_written_without_run(
    made, tmp_path
):
    mark = tmp_path / "executed"
    short = [str(mark)[i : i + 40] for i in range(0, len(str(mark)), 40)]
    leave_mark = "open(" + "\n".join(map(repr, short)) + ", 'w').close()\n"
    exec(leave_mark)
    mark.unlink()
    made.module += leave_mark
    made.add_code(leave_mark)
    made.add("conftest.py", made.module.encode())
    made.add("../outside.txt")
    path = tmp_path / "inbox" / "Grün-7654321.zip"
    path.parent.mkdir()
    path.write_bytes(made.packed())
    before = tree(tmp_path)
    command(path)
    command("--run", path)  # not safe to unpack: it is not run, either
    assert tree(tmp_path) == before


def test_a_new_run_writes_nothing_but_into_its_temporary_folder(
    made, tmp_path, monkeypatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    made.add_code("open('left.txt', 'w').close()")
    path = stored_at(tmp_path, made)
    before = tree(ROOT / "tests")
    result = run_again(path, ["work/nb.ipynb"], is_apart=False)
    assert set(result["notebooks"]) == {"work/nb.ipynb"}
    assert tree(ROOT / "tests") == before
    assert list(tmp_path.iterdir()) == [path]


def test_names_in_an_archive_cannot_steer_the_terminal(made, tmp_path):
    made.add("\x1b[2Jgone.txt")
    path = tmp_path / "Grün-7654321.zip"
    path.write_bytes(made.packed())
    done = command(path)
    assert "gone.txt" in done.stdout
    assert "\x1b" not in done.stdout


def test_a_folder_gives_a_line_each_and_a_table_of_all(made, tmp_path):
    made.sheet = None
    (tmp_path / "Grün-7654321.zip").write_bytes(made.packed())
    (tmp_path / "Blau-1.zip").write_bytes(b"no zip")
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("")
    done = command(tmp_path)
    assert done.returncode == 2
    names = [line.split(":")[0] for line in done.stdout.splitlines()]
    assert names == ["Blau-1.zip", "Grün-7654321.zip", "empty"]
    text = (tmp_path / "summary.csv").read_text("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["hand-in"] for row in rows] == names
    assert rows[0]["result"] == "not readable"
    assert rows[1]["No entry is a symbolic link or a device."] == "pass"
    assert command(tmp_path / "missing").returncode == 2


def test_the_rules_are_listed():
    done = command("--list")
    assert done.returncode == 0
    for rule in RULES:
        assert f"{rule.name} (" in done.stdout
        assert f"): {rule.demand}" in done.stdout


def test_exit_codes():
    assert exit_code({"error": "x"}) == 2
    assert exit_code({"rules": [{"state": "fail"}]}) == 1
    assert exit_code({"rules": [{"state": "not applicable"}]}) == 0
