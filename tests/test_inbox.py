"""Whole courses of hand-ins: layouts, the table, the page, one's own sheet."""

import csv
import io
import json
import os
import re
import subprocess
import sys

import pytest
from making import (
    NAME,
    answers,
    code,
    hand_in,
    notebook,
    pdf,
    report,
    text,
    zipped,
)

from submission.check import plain, request_for
from submission.files import ROOT, SubmissionError
from submission.handin import Handin
from submission.inbox import hand_ins
from submission.page import page

GOOD = hand_in()[1]
LOOSE = {
    f"{NAME}.pdf": report(),
    "work/abgabe.ipynb": notebook(*answers()),
}
MOODLE = "Eva Grün_1234_assignsubmission_file_"
ILIAS = "Übung 2/Abgaben/Grün_Eva_egruen_4711"
BLACKBOARD = "Exercise 2_egruen_attempt_2024-05-01-10-00-00_"
LAYOUTS = {
    "ZIPs": {f"{NAME}.zip": GOOD},
    "Moodle": {f"{MOODLE}/{NAME}.zip": GOOD},
    "Moodle, with a note": {
        f"{MOODLE}/{NAME}.zip": GOOD,
        f"{MOODLE.replace('_file', '_onlinetext')}/onlinetext.html": b"Hi",
    },
    "Moodle, in one folder": {f"{MOODLE}{NAME}.zip": GOOD},
    "ILIAS": {f"{ILIAS}/{NAME}.zip": GOOD},
    "Blackboard": {
        f"{BLACKBOARD}{NAME}.zip": GOOD,
        f"{BLACKBOARD[:-1]}.txt": b"Name: Eva Gruen",
    },
}


def put(folder, files):
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def command(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "submission", "check", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def rows(path):
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_layouts_of_learning_platforms_are_understood(layout, tmp_path):
    put(tmp_path, LAYOUTS[layout])
    done = command(tmp_path)
    assert done.returncode == 0, done.stdout
    assert len(rows(tmp_path / "summary.csv")) == 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_download_of_a_course_need_not_be_unpacked(layout, tmp_path):
    download = tmp_path / "Abgaben.zip"
    download.write_bytes(zipped(LAYOUTS[layout].items()))
    done = command(download)
    assert done.returncode == 0, done.stdout
    assert len(rows(tmp_path / "Abgaben-summary.csv")) == 1
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        *("Abgaben.zip", "Abgaben-summary"),
        *("Abgaben-summary.csv", "Abgaben-summary.html"),
    }


@pytest.mark.parametrize(
    ("folder", "is_collection"),
    [
        *(("task {}", False), (f"Eva {{}}{MOODLE}", True)),
        ("Abgaben/Grün_Eva_egruen_471{}", True),
    ],
)
def test_several_reports_are_several_hand_ins_only_on_a_platform(
    folder, is_collection
):
    files = {
        f"{folder.format(number)}/{path}": data
        for number in "12"
        for path, data in LOOSE.items()
    }
    packed = zipped(files.items())
    assert Handin("x.zip", packed).is_collection == is_collection


def test_files_handed_in_without_a_zip_are_one_hand_in(tmp_path):
    put(tmp_path, {f"Eva/{path}": data for path, data in LOOSE.items()})
    put(tmp_path, {f"Max/{path}": data for path, data in LOOSE.items()})
    put(tmp_path, {"Ida/Ida-1.zip": GOOD, "list.txt": b"", "empty/x": b""})
    put(tmp_path, {"Ira/x.rar": b"Rar!", "Ida/x.gz": b"", "Max/x.gz": b""})
    note = f"{MOODLE.replace('_file', '_onlinetext')}/note.html"
    put(tmp_path, {note: b"This is all."})
    labels = ["Eva", note[:-10], "Ida/Ida-1.zip", "Ira/x.rar", "Max", "empty"]
    found = [label for label, _ in hand_ins(tmp_path)]
    assert found == labels
    assert "zip_is_named" not in command("--list").stdout.split()[:1]
    done = command(tmp_path)
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == found
    assert "Eva: pass" in done.stdout  # named by its PDF
    assert "empty: has_code" in done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="names are bytes there")
def test_one_odd_hand_in_does_not_stop_the_others(tmp_path):
    put(tmp_path, {f"Eva/{path}": data for path, data in LOOSE.items()})
    put(tmp_path, {f"Old/{path}": data for path, data in LOOSE.items()})
    os.utime(next((tmp_path / "Old").iterdir()), (0, 0))  # ZIPs begin in 1980
    put(tmp_path, {f"Big/{path}": data for path, data in LOOSE.items()})
    with open(tmp_path / "Big" / "data", "wb") as file:
        file.truncate(2**40)
    (tmp_path / os.fsdecode(b"bad\xff.zip")).write_bytes(GOOD)
    (tmp_path / "a\nb: pass.zip").write_bytes(b"no ZIP")
    lines = command(tmp_path).stdout.splitlines()
    assert len(lines) == len(rows(tmp_path / "summary.csv")) == 5
    assert "Big: It is not read: it has more than 200 MiB." in lines
    assert (tmp_path / "summary.html").exists()


def test_a_check_can_be_made_twice(tmp_path):
    put(tmp_path, LAYOUTS["Moodle"] | {"summary.zip": GOOD})
    told = command(tmp_path).stdout
    assert told.count("\n") == 2
    assert command(tmp_path).stdout == told


def test_a_hand_in_where_the_pdfs_go_is_refused_before_anything_is_written(
    tmp_path,
):
    put(tmp_path, {f"summary/{path}": data for path, data in LOOSE.items()})
    put(tmp_path, {"x.zip": GOOD})
    assert "summary" in [label for label, _ in hand_ins(tmp_path)]
    done = command(tmp_path)
    assert done.returncode == 2
    assert "summary is where the PDFs are written to: rename" in done.stderr
    assert len(list((tmp_path / "summary").iterdir())) == len(LOOSE)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_what_is_no_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.zip")
    assert command(tmp_path / "pipe.zip").returncode == 2
    assert list(hand_ins(tmp_path)) == []


def test_a_folder_that_cannot_be_made_is_named_without_a_guess(tmp_path):
    put(tmp_path, LAYOUTS["ZIPs"] | {"summary": b"a file"})
    done = command(tmp_path)
    assert done.returncode == 2
    assert done.stderr.endswith(f"File exists: '{tmp_path / 'summary'}'\n")


def test_a_folder_without_hand_ins_is_one_sentence(tmp_path):
    done = command(tmp_path)
    assert done.returncode == 2
    assert f"There is no hand-in in {tmp_path}: no ZIP" in done.stderr


def test_the_page_says_what_is_wrong_and_leads_to_the_pdfs(tmp_path):
    put(tmp_path, {f"{NAME}.zip": GOOD, "Rot-1.zip": b"no ZIP"})
    put(tmp_path, {"Blau-2.zip": hand_in(("../x", b""), name="Blau-2")[1]})
    command(tmp_path)
    html = (tmp_path / "summary.html").read_text("utf-8")
    assert html.count("<details>") == 3
    for result in "1 fail", "1 pass", "1 not readable":
        assert result in html
    assert "../x: It would be written elsewhere." in html
    for link in re.findall('href="([^"]+)"', html):
        assert (tmp_path / link).read_bytes().startswith(b"%PDF")
    assert html.count("href=") == 2


def test_the_page_and_the_table_take_no_orders():
    error = {"file": "<script>.zip", "sheet": None, "error": "a & b"}
    assert "<script>" not in page([error])
    assert "a &amp; b" in page([error])
    for text_ in "=1+1", "+1", "-1", "@x", " ＝1", "＋1", "－1", "＠x":
        assert plain(text_) == f"'{text_}"
    assert plain("x=1") == "x=1"
    assert plain("x;=1+1") == "x,=1+1"


def test_the_heads_of_the_table_can_be_read(tmp_path):
    put(tmp_path, LAYOUTS["ZIPs"])
    command(tmp_path)
    (row,) = rows(tmp_path / "summary.csv")
    assert row["result"] == "pass"
    assert row["The PDF can be opened."] == "pass"


# One's own sheet


GUIDE = (ROOT / "submission" / "CHECK.md").read_text("utf-8")
OWN = re.search("```toml\n(.*?)```", GUIDE, re.S)[1]


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "course.toml"
    path.write_text(OWN, "utf-8")
    return path


def own_hand_in(*more):
    cells = [code("import pandas\nfrom sklearn.tree import plot_tree")]
    parts = []
    for number in "1", "2a", "2b", "2c", "3":
        cells.append(text(f"## Task {number}\n\nAn answer."))
        parts.append(f"Task {number}\nAn answer.")
    files = [
        ("report.pdf", pdf("Grün 7654321", "\n".join(parts))),
        ("trees.ipynb", notebook(*cells)),
        ("code/forest.py", b"def forest():\n    pass\n"),
    ]
    return zipped([*files, *more])


def test_the_sheet_of_the_guide_has_ten_lines_and_works(own, tmp_path):
    assert len(OWN.splitlines()) == 10
    path = tmp_path / f"{NAME}.zip"
    path.write_bytes(own_hand_in())
    done = command("--sheet", own, path)
    assert done.returncode == 0, done.stdout
    assert "sheet: sheet-3" in done.stdout
    path.write_bytes(own_hand_in(("more.py", b"import torch\n")))
    done = command("--sheet", own, path)
    assert done.returncode == 1
    assert "It imports torch" in done.stdout


def test_one_of_several_sheets_of_a_file_can_be_named(own):
    own.write_text(OWN + OWN.replace("sheet-3", "sheet-4"), "utf-8")
    assert request_for(f"{own}#sheet-4")["sheet"] == "sheet-4"
    assert request_for(str(own))["sheet"] == ""
    with pytest.raises(SubmissionError, match="There is no sheet 'sheet-5'"):
        request_for(f"{own}#sheet-5")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("zip_is_named", "zip_is_nice", "demands zip_is_nice"),
        ("questions =", "question =", "does not describe sheets"),
        ("[sheet-3]", "[sheet-3", "does not describe sheets"),
        ('["forest.py"]', '"forest.py"', "'files' of sheet-3 is not a list"),
        ("course =", "lecture =", "has 'lecture', which says nothing"),
        ("[sheet-3]", "x = 1", "x stands outside of a table"),
        ('["1", "2a", "2b", "2c", "3"]', "[]", "has no questions"),
        ('["1", "2a", "2b", "2c", "3"]', '"1"', "'questions' of sheet-3 is"),
        ('["1",', '[{id = "1", max = 2},', "'max': 2}; it needs an id"),
        ('["1",', "[{points = 2},", "{'points': 2}; it needs an id"),
        ('["1",', f"[{'[' * 3000}", "does not describe sheets: maximum recu"),
    ],
)
def test_a_sheet_that_is_not_written_well_is_one_sentence(
    own, old, new, message
):
    own.write_text(OWN.replace(old, new), "utf-8")
    with pytest.raises(SubmissionError, match=message):
        request_for(str(own))


def test_a_sheet_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(SubmissionError, match="does not describe sheets"):
        request_for(str(tmp_path / "missing.toml"))
    with pytest.raises(SubmissionError, match="There is no sheet 'ex9'"):
        request_for("ex9")


# The command


def test_a_reader_who_has_had_enough_gets_no_traceback():
    process = subprocess.Popen(
        [sys.executable, "-m", "submission", "check", "--list"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait()


def test_json_is_for_programs_also_where_it_is_no_zip(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(b"Rar!")
    done = command("--json", path)
    assert done.returncode == 2
    assert "File is not a zip file" in json.loads(done.stdout)["error"]
