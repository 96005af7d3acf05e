"""Broken hand-ins fail for their own reason; hostile ones end in a result."""

import io
import random
import struct
import zipfile

import pytest
from fuzz_check import mutated, outcome, request
from making import (
    CODE,
    NAME,
    QUESTIONS,
    answers,
    assembled,
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

from submission import document, look
from submission.check import check_file, exit_code, request_for, table

# Broken


def with_code(source):
    """A hand-in with further code, which the PDF holds, too."""
    cells = [*answers(), code(source, count=2)]
    return hand_in(cells=cells, document=report(more=source))


IMPORTS = [
    "import torch",
    "import importlib\nimportlib.import_module('torch')",
    "from importlib import import_module as load, import_module\n"
    "import_module('torch')",
    "__import__('torch')",
    "__import__('tor' + 'ch')",
    "exec('import torch')",
    "eval('__import__(\"torch\")')",
    "exec('exec(\"import torch\")')",
    "!pip install torch",
    "%pip install -q torch numpy",
    "!python -m pip install 'torch==2.1'",
    "import os\nos.system('pip install torch')",
    "import subprocess\nsubprocess.run(['pip', 'install', 'torch'])",
    "import sys\nsys.modules['torch']",
    "%%bash\npip install torch",
    "!python -c 'import torch'",
    "get_ipython().run_cell('import torch')",
    "get_ipython().ex('import torch')",
    "import builtins as b\nb.__import__('torch')",
    "import runpy\nrunpy.run_module('torch')",
    "%time import torch",
    "%%time\nimport torch",
    "%%capture out\nimport torch",
    "%%writefile more.py\nimport torch",
    "import sklearn\nsklearn.linear_model.Ridge()",
    "import sklearn as sk\nsk.linear_model.Ridge()",
    "from sklearn import svm",
    "from sklearn import datasets, svm as s",
    "import sklearn.linear_model",
    "from sklearn.linear_model import *",
    "if False:\n    import torch",
    "try:\n    import torch as numpy\nexcept ImportError:\n    pass",
    "def f():\n    from torch import nn",
]


@pytest.mark.parametrize("source", IMPORTS)
def test_a_forbidden_import_is_seen_however_it_is_written(source):
    found = failed(*with_code(source))
    assert set(found) == {"imports_are_allowed"}
    assert "torch" in str(found) or "sklearn." in str(found)


@pytest.mark.parametrize(
    "source",
    [
        "exec(text)",
        "get_ipython().run_cell(text)",
        "f = __import__\nf('torch')",
        "load = importlib.import_module",
        "importlib.import_module(name)",
        "import importlib\ngetattr(importlib, 'import_module')('torch')",
        "import importlib\nimportlib.__dict__['import_module']('torch')",
        "from importlib.util import find_spec\nfind_spec('torch')",
        "import pkgutil\npkgutil.get_loader('torch')",
        "import ctypes\nctypes.CDLL('libtorch.so')",
        "__builtins__['x']",
    ],
)
def test_an_import_that_is_not_seen_is_to_be_looked_at(source):
    found = results(*with_code(source))["imports_are_allowed"]
    assert found["state"] == "look"


def test_a_file_cannot_stand_for_a_library_of_its_name():
    name, data = hand_in(
        ("torch.py", b"x = 1\n"),
        cells=[*answers(), code("import torch", count=2)],
        document=report(more="import torch\nx = 1"),
    )
    assert set(failed(name, data)) == {"imports_are_allowed"}


HEADINGS = [text(f"## Task {question}") for question in QUESTIONS]
ONLY_HEADINGS = pdf(
    "Grün 7654321", CODE + "\n" + "\n".join(f"Task {q}" for q in QUESTIONS)
)
BROKEN = {
    "no output": (
        "notebooks_were_run",
        hand_in(cells=[code(outputs=[], count=1), *answers()[2:]]),
    ),
    "never run": (
        "notebooks_were_run",
        hand_in(("b.ipynb", notebook(code(outputs=[], count=None)))),
    ),
    "headings alone": (
        "questions_have_answers",
        hand_in(cells=[code(), *HEADINGS], document=ONLY_HEADINGS),
    ),
    "headings alone that end in a dot": (
        "questions_have_answers",
        hand_in(
            cells=[code(), *(text(f"## Task {q}.") for q in QUESTIONS)],
            document=ONLY_HEADINGS,
        ),
    ),
    "headings alone in one cell": (
        "questions_have_answers",
        hand_in(
            cells=[
                code(),
                text("\n".join(cell["source"] for cell in HEADINGS)),
            ],
            document=ONLY_HEADINGS,
        ),
    ),
    "headings and marks alone": (
        "questions_have_answers",
        hand_in(
            cells=[
                code(),
                *(text(f"## {q}\n.\n&nbsp;<!-- x -->") for q in QUESTIONS),
            ],
            document=ONLY_HEADINGS,
        ),
    ),
    "the last question unanswered": (
        "questions_have_answers",
        hand_in(
            cells=[*answers(ids=QUESTIONS[:-1]), text("## Task 3.4")],
            document=report(ids=QUESTIONS[:-1], more="Task 3.4"),
        ),
    ),
    "a question in the middle that says it is not answered": (
        "questions_have_answers",
        hand_in(
            cells=[
                *answers(ids=QUESTIONS[:3]),
                text(f"## Task {QUESTIONS[3]}\n\nTODO"),
                *answers(ids=QUESTIONS[4:]),
            ],
            document=report(
                ids=[*QUESTIONS[:3], *QUESTIONS[4:]],
                more=f"Task {QUESTIONS[3]}",
            ),
        ),
    ),
    "a task missing, whose number code begins with": (
        "pdf_has_every_question",
        hand_in(
            document=report(
                ids=[q for q in QUESTIONS if not q.startswith("3")],
                more="w3 = rng.normal(size=(5, 3))\nw3 = softmax(w3)",
            )
        ),
    ),
    "a question missing": (
        "pdf_has_every_question",
        hand_in(document=report(ids=QUESTIONS[1:])),
    ),
    "a file and a folder of a name": (
        "names_are_distinct",
        hand_in(("a", b"x"), ("a/b.txt", b"x")),
    ),
    "a file twice": ("names_are_distinct", hand_in(("a", b"x"), ("a", b"y"))),
    "composed and decomposed": (
        "names_are_distinct",
        hand_in(("ü.txt", b"x"), ("u\u0308.txt", b"y")),
    ),
    **{
        f"the device {name}": (
            "names_are_harmless",
            hand_in((f"data/{name}", b"x")),
        )
        for name in ("CONIN$", "conout$.txt", "COM¹", "lpt².csv", "aux .x")
    },
    "text that turns round": (
        "names_are_harmless",
        hand_in(("notes\u202egpj.exe", b"x")),
    ),
    "a drive": ("stays_in_its_folder", hand_in(("C:/x.txt", b"x"))),
    "upwards with backslashes": (
        "stays_in_its_folder",
        hand_in(("a\\..\\..\\x.txt", b"x")),
    ),
    "no PDF": (
        "has_one_pdf",
        (f"{NAME}.zip", zipped([("a.ipynb", notebook(*answers()))])),
    ),
    "a blank PDF": ("pdf_has_text", hand_in(document=pdf(""))),
    "another one's PDF": (
        "title_page_names_the_author",
        hand_in(document=report(author="Blau-1")),
    ),
    "no picture of three": (
        "pdf_has_every_figure",
        hand_in(cells=[*answers(), code(CODE, [None] * 3, 2)]),
    ),
    "no code in the PDF": (
        "pdf_has_all_code",
        hand_in(("more.py", b"x = 1\ny = 2\n")),
    ),
    "an absolute path": (
        "paths_are_relative",
        with_code("open('C:/Users/me/x.csv')"),
    ),
    "an absolute path that is opened": (
        "paths_are_relative",
        with_code("np.load('/data/x.npy')"),
    ),
    "an error": (
        "notebooks_have_no_errors",
        hand_in(
            cells=[
                *answers(),
                code(CODE, count=2)
                | {"outputs": [{"output_type": "error", "ename": "E"}]},
            ]
        ),
    ),
    "an empty cell file": (
        "code_can_be_read",
        hand_in(("empty.ipynb", b"")),
    ),
    "no code": (
        "has_code",
        (f"{NAME}.zip", zipped([(f"{NAME}.pdf", report())])),
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_hand_in_fails_for_its_own_reason(what):
    rule, (name, data) = BROKEN[what]
    assert set(failed(name, data)) == {rule}


# Hostile


def patched(data, changes, at=0):
    """The bytes with some numbers changed."""
    data = bytearray(data)
    for offset, value in changes.items():
        data[at + offset : at + offset + len(value)] = value
    return bytes(data)


def overlapping():
    """Many entries in the list that share one file."""
    _, data = hand_in(("a", bytes(2**20)))
    archive = zipfile.ZipFile(io.BytesIO(data))
    start = archive.start_dir
    size = struct.unpack("<L", data[-10:-6])[0]
    entries, end = data[start : start + size], data[start + size :]
    end = patched(end, {8: b"\x0c\0\x0c\0", 12: struct.pack("<L", 4 * size)})
    return data[:start] + 4 * entries + end


def lying_about_its_size():
    """An entry that unpacks to far more than it says."""
    _, data = hand_in(("zeros.txt", bytes(2**27)))
    return data.replace(struct.pack("<L", 2**27), struct.pack("<L", 10))


def with_many_entries(count):
    return zipped([(f"{i}", b"") for i in range(count)])


def with_a_bad_name(**changes):
    """A ZIP whose list is damaged at an entry's name."""
    _, data = hand_in(("Lösung.txt", b"x"))
    at = data.rindex(b"PK\x01\x02")
    offsets = {"name": 46, "length": 28}
    return patched(data, {offsets[k]: v for k, v in changes.items()}, at)


def module(source):
    return hand_in(("more.py", source.encode()))[1]


def cell(source):
    return hand_in(cells=[*answers(), code(source, count=2)])[1]


def chain(n):
    return "if x:\n pass\n" + "elif x:\n pass\n" * n


CODE_TRICKS = {
    "elif": chain(5000),
    "else": "".join(
        f"{' ' * i}if x:\n{' ' * i} pass\n{' ' * i}else:\n" for i in range(90)
    )
    + " " * 90
    + "pass",
    "lambda": "lambda: " * 5000 + "1",
    "unary": "-" * 20000 + "1",
    "powers": "2" + "**2" * 20000,
    "sums": "1" + "+1" * 50000,
    "brackets": "(" * 5000 + ")" * 5000,
    "attributes": "a" + ".a" * 50000,
    "calls": "a" + "()" * 50000,
    "f-strings": "f'{" * 200 + "1" + "}'" * 200,
    "a million numbers": "x = [" + "1," * 10**6 + "]",
    "many statements": "a;" * 120000,
    "20 MB": "x = 1  # " + "x" * 20 * 2**20,
    "100 000 lines": "x = 1\n" * 10**5,
    "zeros": "\0" * 1000,
    "no code in Python": "# coding: rot13\nvzcbeg gbepu\n",
    "501 magics": "%time\n" * 501,
    "many magics in a long cell": "!a\n" * 200 + "x=1\n" * 30000,
    "a magic badly indented": "  %%time\n x = (\n%a\n   b",
    "no encoding": "# coding: nothing\n",
}
ZIP_TRICKS = {
    "overlapping entries": overlapping,
    "an entry that lies about its size": lying_about_its_size,
    "a hundred thousand entries": lambda: with_many_entries(100000),
    "three thousand entries": lambda: with_many_entries(3000),
    "a name that is too long": lambda: with_a_bad_name(length=b"\xff\xff"),
    "a name that is not UTF-8": lambda: with_a_bad_name(name=b"\xff\xfe"),
    "nothing": lambda: b"",
    "the end alone": lambda: b"PK\x05\x06" + bytes(18),
    "a ZIP of zeros": lambda: zipped([("zeros", bytes(250 * 2**20))]),
    "too many modules": lambda: zipped(
        [(f"m{i}.py", b"x = 1\n" * 40000) for i in range(100)]
    ),
    "two ends": lambda: 2 * hand_in()[1],
    "40 MB": lambda: hand_in(("x.py", b"#" * 40 * 2**20))[1],
}
NOTEBOOK_TRICKS = {
    "nested lists": b"[" * 100000,
    "nested cells": b'{"cells":' * 50000,
    "a million cells": b'{"cells": [' + b'{"a":1},' * 10**6 + b"{}]}",
    "no cells": b'{"cells": 3}',
    "cells of other types": b'{"cells": [1, null, {"cell_type": []}]}',
    "a source that is a number": notebook({"cell_type": "code", "source": 3}),
    "outputs that are numbers": notebook(code() | {"outputs": [1, 2]}),
    "a huge number": b'{"cells": ' + b"9" * 10**6 + b"}",
    "half a character": b'{"cells": "\\ud800"}',
    "an output of 40 MB": notebook(code(outputs=["x" * 40 * 2**20])),
    "a heading of 1 MB": notebook(text("# " + "Task 1 (" * 2**17), code()),
    "many headings": notebook(text("## Task 1.1 (a)\n" * 10**5), code()),
}


def pdf_objects(*more, page=b"", contents=b"BT ET"):
    return assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R/Outlines 5 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R"
            + page
            + b">>",
            b"<</Length %d>>stream\n%s\nendstream" % (len(contents), contents),
            *more,
        ]
    )


OUTLINES = b"<</First 6 0 R/Last 6 0 R/Count 1>>"
PDF_TRICKS = {
    "resources of another type": pdf_objects(page=b"/Resources 3"),
    "XObjects of another type": pdf_objects(page=b"/Resources<</XObject 4>>"),
    "an XObject that is a number": pdf_objects(
        page=b"/Resources<</XObject<</X 4>>>>"
    ),
    "fonts of another type": pdf_objects(page=b"/Resources<</Font[1]>>"),
    "an outline in a circle": pdf_objects(
        OUTLINES, b"<</Title(x)/Next 6 0 R/First 6 0 R>>"
    ),
    "an outline that is deep": pdf_objects(
        OUTLINES,
        *(
            b"<</Title(x)/First %d 0 R/Last %d 0 R>>" % (i, i)
            for i in range(7, 5000)
        ),
        b"<</Title(x)>>",
    ),
    "an outline that is long": pdf_objects(
        OUTLINES,
        *(b"<</Title(x)/Next %d 0 R>>" % i for i in range(7, 20000)),
        b"<</Title(x)>>",
    ),
    "an odd destination": pdf_objects(OUTLINES, b"<</Title(x)/Dest[1 2 3]>>"),
    "an outline of another type": pdf_objects(b"[1 2 3]"),
    "a page of 200 000 lines": pdf(
        "\n".join(f"line {i}" for i in range(200000))
    ),
    "a page within itself": pdf_objects(
        page=b"/Resources<</XObject<</X 5 0 R>>>>",
        contents=b"/X Do " * 1000,
    )
    + b"",
    "pages in a circle": assembled(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[2 0 R]/Count 9>>",
        ]
    ),
    "many pages": pdf(*["x"] * 3000),
    "a huge count": pdf("x").replace(b"/Count 1", b"/Count 999999999"),
    "no objects": b"%PDF-1.4\n%%EOF",
    "an endless stream": pdf("x").replace(b"/Length", b"/Lengtg"),
    "a bomb": pdf_objects(contents=b"", page=b"").replace(
        b"<</Length 0>>", b"<</Length 0/Filter[/ASCIIHexDecode]>>"
    ),
}
HOSTILE = {
    **{f"a module: {k}": (module, v) for k, v in CODE_TRICKS.items()},
    **{f"a cell: {k}": (cell, v) for k, v in CODE_TRICKS.items()},
    **{f"a ZIP: {k}": (v, None) for k, v in ZIP_TRICKS.items()},
    **{
        f"a notebook: {k}": (lambda v: hand_in(("b.ipynb", v))[1], v)
        for k, v in NOTEBOOK_TRICKS.items()
    },
    **{
        f"a PDF: {k}": (lambda v: hand_in(document=v)[1], v)
        for k, v in PDF_TRICKS.items()
    },
}


NAMED = {
    "a module: elif": "it is nested too deep",
    "a cell: lambda": "it is nested too deep",
    "a module: a million numbers": "it has 1953 KiB, more than 256",
    "a cell: 20 MB": "it has 20480 KiB, more than 256",
    "a cell: 501 magics": "it has too many magics",
    "a ZIP: overlapping entries": "lies inside of",
    "a ZIP: an entry that lies about its size": "it is damaged",
    "a ZIP: a hundred thousand entries": "It holds 100000 files",
    "a ZIP: three thousand entries": "It holds 3000 files",
    "a ZIP: a ZIP of zeros": "unpacks to 250 MiB",
    "a ZIP: a name that is not UTF-8": "It cannot be",
    "a ZIP: too many modules": "there is more than 1 MiB",
    "a notebook: a million cells": "it has 1000001 cells",
    "a notebook: nested lists": "it is nested too deep",
    "a notebook: no cells": "it is not made as a notebook is",
    "a PDF: pages in a circle": "It cannot be opened",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_hand_in_ends_in_a_result_within_the_limits(what, tmp_path):
    make, trick = HOSTILE[what]
    path = tmp_path / f"{NAME}.zip"
    path.write_bytes(make() if trick is None else make(trick))
    found = check_file(path, request_for())
    assert exit_code(found) in (0, 1, 2)
    if not what.startswith("a PDF"):  # which is not read by Python
        assert "crash" not in table(found)
    assert "Traceback" not in table(found)
    assert NAMED.get(what, "") in table(found)


@pytest.mark.parametrize("other", ["b//a.txt", "./b/a.txt", "b\\a.txt"])
def test_a_path_written_in_another_way_is_the_same_file(other):
    found = results(*hand_in(("b/a.txt", b"1"), (other, b"2")))
    assert found["names_are_distinct"]["state"] == "fail"


@pytest.mark.parametrize("mark", ["\x9b", "\u2028", "\u202e", "\n"])
def test_a_name_that_steers_is_dangerous_and_not_printed(mark):
    name, data = hand_in((f"a{mark}b.txt", b"1"))
    found = results(name, data)
    assert found["names_are_harmless"]["state"] == "fail"
    text = table({"file": name, "sheet": None, "rules": found.values()})
    assert f"a{mark}b" not in text
    assert "a?b.txt" in text


@pytest.mark.parametrize("action", ["/JavaScript", "/Launch", "/SubmitForm"])
def test_a_pdf_that_starts_something_is_to_be_looked_at(action):
    document = report().replace(b"/Catalog", f"/Catalog/X{action}".encode())
    found = results(*hand_in(document=document))["pdf_is_only_read"]
    assert found["state"] == "look"


def test_what_is_encrypted_is_named_though_all_is_looked_at(tmp_path):
    data = bytearray(hand_in(("notes.txt", b"1"))[1])
    for mark, offset in (b"PK\3\4", 6), (b"PK\1\2", 8):
        data[data.rindex(mark) + offset] |= 1
    path = tmp_path / f"{NAME}.zip"
    path.write_bytes(data)
    found = check_file(path, request_for() | {"inbox": str(tmp_path)})
    assert "notes.txt: It cannot be unpacked: it is encrypted." in table(found)


@pytest.mark.parametrize(
    ("limit", "value", "what", "sentence"),
    [
        ("MAX_SECONDS", 1, "a module: many statements", "within 1 seconds"),
        ("MAX_WAIT", 0.01, "a module: zeros", "within 0.01 seconds"),
        ("MAX_MEMORY", 90 << 20, "a ZIP: 40 MB", "too much memory"),
    ],
)
def test_what_takes_too_much_is_not_readable(
    limit, value, what, sentence, tmp_path, monkeypatch
):
    make, trick = HOSTILE[what]
    path = tmp_path / f"{NAME}.zip"
    path.write_bytes(make() if trick is None else make(trick))
    monkeypatch.setattr(look, limit, value)
    found = check_file(path, request_for())
    assert sentence in table(found)
    assert exit_code(found)


def test_a_long_pdf_is_read_as_far_as_the_time_goes(monkeypatch):
    monkeypatch.setattr(document, "MAX_SECONDS", 0)
    read = document.Pdf(pdf("Grün 7654321", *["line"] * 20))
    assert read.pages == ["Grün 7654321"]
    assert not read.is_whole


def test_mutated_hand_ins_end_in_a_result(tmp_path):
    chance, bases = random.Random(1), [report(pictures=2), pdf("x", "1.1 y")]
    path = tmp_path / f"{NAME}.zip"
    outcomes = set()
    for _ in range(300):
        path.write_bytes(mutated(chance, bases))
        outcomes.add(outcome(look.report(request(path))))
    assert outcomes == {"pass", "fail", "not readable"}
