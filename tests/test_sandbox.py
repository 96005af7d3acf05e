"""Notebooks of others run apart, and what they print cannot be forged."""

import json
import os
import subprocess
import sys

import pytest
from making import (
    NAME,
    answers,
    code,
    hand_in,
    notebook,
    report,
    zipped,
)

from submission import check, sandbox
from submission.check import check_file, refuse_unsafe_run, request_for
from submission.files import ROOT, SubmissionError
from submission.sandbox import is_offered, run_again

apart = pytest.mark.skipif(
    not is_offered(), reason="this system has no name spaces for users"
)


def run(folder, *sources, **options):
    """What came of a notebook: its cells, its problem, the imports.

    A cell is what it printed or the error that it raised.
    """
    path = folder / "x.zip"
    goes_on = {"tags": ["raises-exception"]}
    cells = [code(source, [], metadata=goes_on) for source in sources]
    path.write_bytes(zipped([("work/nb.ipynb", notebook(*cells))]))
    result = run_again(path, ["work/nb.ipynb"], **options)
    executed = json.loads(
        result["notebooks"].get("work/nb.ipynb", '{"cells":[]}')
    )
    texts = [
        "".join(
            "".join(output.get(key, ""))
            for output in cell["outputs"]
            for key in ("text", "ename", "evalue")
        )
        for cell in executed["cells"]
    ]
    return texts, result["problems"].get("work/nb.ipynb"), result["imports"]


# Cells of one notebook: each raises, and the next one runs.
REFUSED = {
    "the network": (
        "import socket\nsocket.create_connection(('192.0.2.1', 80), 5)",
        "Network is unreachable",
    ),
    "a home": (
        f"import os\nos.listdir({str(ROOT / 'tests')!r})",
        "No such file or directory",
    ),
    "the system": ("open('/usr/x', 'w')", "Read-only file system"),
    "the root": ("open('/nbformat.py', 'w')", "Read-only file system"),
    "the kernel of the next": (
        "import glob, os\nfolder = os.environ['JUPYTER_PATH']\n"
        "open(glob.glob(folder + '/kernels/*/*.json')[0], 'w')",
        "Read-only file system",
    ),
    "a file of 100 GB": (
        "open('large', 'wb').truncate(100 * 2**30)",
        "File too large",
    ),
    "memory": ("bytearray(2**36)", "MemoryError"),
    "a disk": (
        "import os\nfor i in range(9):\n"
        "    file = os.open(str(i), os.O_WRONLY | os.O_CREAT)\n"
        "    os.posix_fallocate(file, 0, 2**28)",
        "No space left on device",
    ),
    "processes without end": (
        "import os\nwhile True:\n"
        "    os.posix_spawnp('sleep', ['sleep', '1000'], os.environ)",
        "Resource temporarily unavailable",
    ),
}
ENDED = {
    "a print without end": (
        "while True: print('x' * 10**6)",
        "printed too much",
    ),
    "its parent": (
        "import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(99)",
        "ended the kernel",
    ),
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """By what each cell of REFUSED was stopped."""
    sources = [source for source, _ in REFUSED.values()]
    cells, problem, _ = run(tmp_path_factory.mktemp("refused"), *sources)
    assert problem is None
    return dict(zip(REFUSED, cells, strict=True))


@apart
@pytest.mark.parametrize("what", REFUSED)
def test_a_notebook_cannot_have(what, refused):
    assert REFUSED[what][1] in refused[what]


@apart
@pytest.mark.parametrize("what", ENDED)
def test_a_notebook_is_ended_for(what, tmp_path):
    source, problem = ENDED[what]
    assert problem in run(tmp_path, source)[1]


@apart
def test_what_takes_too_long_is_ended_with_all_its_processes(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(sandbox, "MAX_SECONDS", 5)
    source = (
        "import subprocess, time\n"
        "subprocess.Popen(['sleep', '9876.5'])\n"
        "time.sleep(9999)"
    )
    assert "within 5 seconds" in run(tmp_path, source)[1]
    listed = subprocess.run(
        ["ps", "axww"], capture_output=True, encoding="utf-8", check=True
    )
    assert "9876.5" not in listed.stdout


@apart
def test_a_notebook_cannot_forge_what_came_of_it(tmp_path, monkeypatch):
    monkeypatch.setattr(sandbox, "MAX_SECONDS", 60)
    forged = b'{"notebooks": {}, "problems": {}, "imports": []}'
    source = (
        "import os, stat\n"
        "for pipe in os.listdir('/proc/self/fd'):\n"
        "    try:\n"
        "        if stat.S_ISFIFO(os.fstat(int(pipe)).st_mode):\n"
        f"            os.write(int(pipe), {forged})\n"
        "    except OSError:\n"
        "        pass\n"
        "print('seen')"
    )
    (printed,), problem, _ = run(tmp_path, source)
    assert problem is None
    assert "seen" in printed


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """What came of a notebook, as JSON, after another that meddles."""
    path = tmp_path_factory.mktemp("two") / "x.zip"
    names = ["a.ipynb", "b.ipynb"]
    change = "text = open('b.ipynb').read()\nimport os\nos.remove('b.ipynb')\n"
    change += "open('b.ipynb', 'w').write(text.replace('really', 'forged'))"
    leave = "import os\nstart = os.environ['IPYTHONDIR']\n"
    leave += "start += '/profile_default/startup'\nos.listdir(start)\n"
    leave += "open(start + '/00.py', 'w').write('print = str')"
    cells = [
        [code(change, []), code(leave, [])],
        [code("print('really')", [])],
    ]
    files = [notebook(*each) for each in cells]
    path.write_bytes(zipped(zip(names, files, strict=True)))
    result = run_again(path, names)
    assert result["problems"] == {}
    return result["notebooks"]["b.ipynb"]


@apart
def test_a_notebook_cannot_change_what_runs_after_it(second):
    assert "really" in second
    assert "forged" not in second


@apart
def test_a_notebook_cannot_leave_orders_for_the_kernel_of_the_next(second):
    assert "stdout" in second


PRINTED = {
    "!echo from the shell": "from the shell",
    "!python -c 'import numpy, sys; print(sys.prefix)'": sys.prefix,
    "from joblib import Parallel, delayed\n"
    "print(Parallel(2)(delayed(abs)(i) for i in (-1, -2)))": "[1, 2]",
    "import os\nprint(os.readlink('/proc/self') == str(os.getpid()))": "True",
    "import os\nprint(os.nice(0))": str(min(os.nice(0) + 10, 19)),
    "print(len('x' * 10**6))\nprint('x' * 10**6)": "1000000",
}


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """What each cell of PRINTED printed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "MAX_SECONDS", 60)
        patch.setenv("PATH", "/usr/bin:/bin")  # not of this .venv
        cells, problem, _ = run(tmp_path_factory.mktemp("printed"), *PRINTED)
    assert problem is None
    return dict(zip(PRINTED, cells, strict=True))


@apart
@pytest.mark.parametrize("source", PRINTED)
def test_it_runs_as_where_it_was_written(source, printed):
    assert printed[source].splitlines()[0] == PRINTED[source]


TOLD = ["wave", "json.tool", "this_is_not_there", "tomllib"]


@pytest.fixture(scope="module")
def imports(tmp_path_factory):
    """The imports that were seen of a notebook, plain and hidden ones."""
    sources = [
        f"import timeit\ntimeit.timeit('import {TOLD[0]}', number=1)",
        f"import pydoc\npydoc.locate('{TOLD[1]}')",
        f"get_ipython().ex('try: import {TOLD[2]}\\nexcept: pass')",
        "import threading\n"
        f"one = threading.Thread(target=__import__, args=['{TOLD[3]}'])\n"
        "one.start()\none.join()",
        "import numpy.testing, matplotlib.pyplot as plt\nplt.plot([1])",
        "import json",
        "import colorsys",
        "a = 'sklearn.lin' + 'ear_model'\nexec('import ' + a)",
    ]
    return run(tmp_path_factory.mktemp("imports"), *sources)[2]


@apart
def test_what_it_imports_is_seen_and_not_what_that_imports(imports):
    assert {"colorsys", "sklearn.linear_model"} <= set(imports)
    assert "scipy" not in imports


@apart
def test_what_the_library_imports_for_it_is_to_be_looked_at(imports):
    assert {f"~{name}" for name in TOLD} <= set(imports)
    assert "numpy.testing" in imports
    packages = {name.lstrip("~").partition(".")[0] for name in imports}
    assert not packages & {"zmq", "PIL", "matplotlib_inline", "scipy"}


@apart
def test_an_import_that_only_the_run_shows_breaks_the_rule(tmp_path):
    source = "exec(''.join(['import sk', 'learn.svm']))"
    cells = [*answers(), code(source, [], 2)]
    path = tmp_path / f"{NAME}.zip"
    path.write_bytes(hand_in(cells=cells, document=report(more=source))[1])
    found = check_file(path, request_for(), run=True)
    (failed,) = (r for r in found["rules"] if r["state"] == "fail")
    assert failed["rule"] == "imports_are_allowed"
    assert any("sklearn.svm" in p["text"] for p in failed["problems"])


def test_where_notebooks_cannot_run_apart_trust_is_asked_for(
    monkeypatch, capsys
):
    monkeypatch.setattr(check, "is_offered", lambda: False)
    with pytest.raises(SubmissionError, match="--trust"):
        refuse_unsafe_run(trust=False)
    refuse_unsafe_run(trust=True)
    assert "with your rights" in capsys.readouterr().err


def test_with_trust_it_runs_in_a_folder_of_its_own(tmp_path):
    source = "import os\nprint(os.getcwd())"
    (printed,), problem, _ = run(tmp_path, source, is_apart=False)
    assert problem is None
    assert "/hand-in " in printed
    assert not os.path.exists(printed.strip())


@apart
def test_a_correct_hand_in_passes_with_run(tmp_path):
    path = tmp_path / f"{NAME}.zip"
    path.write_bytes(hand_in()[1])
    done = subprocess.run(
        [sys.executable, "-m", "submission", "check", "--run", path],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "pass  Every notebook runs in another folder" in done.stdout
