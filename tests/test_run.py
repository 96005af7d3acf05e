import errno
import os
import re
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from submission import files
from submission.files import SubmissionError, write_whole
from submission.notebook import read, write
from submission.run import execute


@pytest.fixture
def store(tmp_path):
    """Write a notebook of a text cell and these code cells."""

    def make(*sources, tags=()):
        cells = [new_markdown_cell("# Title")]
        cells += [new_code_cell(source) for source in sources]
        cells[-1].metadata["tags"] = list(tags)
        nbformat.write(new_notebook(cells=cells), tmp_path / "nb.ipynb")
        return tmp_path / "nb.ipynb"

    return make


def test_a_run_stores_outputs_and_nothing_volatile(store, tmp_path):
    path = store(
        "import os; print(os.getcwd())", "for i in range(9): print(i)"
    )
    executed = execute(path)
    assert executed.cells[1].outputs[0].text.strip() == str(tmp_path)
    assert len(executed.cells[2].outputs) == 1
    assert [cell.execution_count for cell in executed.cells[1:]] == [1, 2]
    assert set(executed.metadata) == {"kernelspec", "language_info"}
    assert all(not cell.metadata for cell in executed.cells[:2])


def test_two_runs_store_the_same_bytes(store, tmp_path):
    path = store("print(1)", "print(2); import sys; print(3, flush=True)")
    for name in "a.ipynb", "b.ipynb":
        write(tmp_path / name, execute(path))
    a, b = (tmp_path / name for name in ("a.ipynb", "b.ipynb"))
    assert a.read_bytes() == b.read_bytes()


def test_interactive_cells_run_but_store_no_output(store):
    executed = execute(store("print('panel')", tags=["interactive"]))
    assert executed.cells[1].outputs == []
    assert executed.cells[1].execution_count == 1


def test_the_picture_that_stands_for_a_panel_is_stored(store):
    shown = {
        "application/vnd.jupyter.widget-view+json": {"model_id": "0"},
        "text/html": "<img>",
        "text/plain": "A sentence.",
    }
    source = f"from IPython.display import display\ndisplay({shown}, raw=True)"
    [output] = execute(store(source, tags=["interactive"])).cells[1].outputs
    assert set(output.data) == {"text/html", "text/plain"}


def test_a_notebook_ends_in_one_line_with_its_seconds(store, capsys):
    execute(store("1", "2"))
    said = capsys.readouterr().err
    assert re.fullmatch(r"nb: 3 cells in \d+\.\d s\n", said)


def test_on_a_terminal_that_line_shows_how_far_it_is(
    store, capsys, monkeypatch
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    execute(store("1", "2"))
    said = capsys.readouterr().err
    _, *cells, last = said.split("\r\033[K")
    assert cells == [f"nb: cell {number} of 3" for number in (1, 2, 3)]
    assert last.startswith("nb: 3 cells in ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("{}['x']", "raised KeyError: 'x'"),
        ("while True: pass", "did not end within 2 seconds"),
        ("import os; os._exit(1)", "ended the kernel"),
    ],
)
def test_a_cell_that_fails_is_named_with_its_error(store, source, problem):
    path = store("1 + 1", source)
    with pytest.raises(SubmissionError, match="cell 3 of 3") as caught:
        execute(path, timeout=2)
    assert "nb.ipynb" in str(caught.value)
    assert problem in str(caught.value)


@pytest.mark.parametrize("content", [None, "", "{", "[]", "{}"])
def test_a_file_that_is_no_notebook_is_refused(tmp_path, content):
    path = tmp_path / "x.ipynb"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SubmissionError, match=r"Cannot read .*x\.ipynb"):
        read(path)


def test_a_written_file_replaces_the_old_one_and_leaves_nothing_else(tmp_path):
    write_whole(tmp_path / "a", b"old")
    write_whole(tmp_path / "a", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_full_disk_is_one_sentence_and_keeps_the_old_file(
    tmp_path, monkeypatch
):
    write_whole(tmp_path / "a", b"old")

    def full(self, data):
        self.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.Path, "write_bytes", full)
    with pytest.raises(SubmissionError, match="No space left on device"):
        write_whole(tmp_path / "a", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_bytes() == b"old"


def test_what_a_killed_run_left_is_deleted_and_not_what_another_writes(
    tmp_path,
):
    names = ".a.1.part", ".a.2.part", ".download.part"
    left, new, foreign = (tmp_path / name for name in names)
    for path in left, new, foreign:
        path.touch()
    for old in left, foreign:
        os.utime(old, (0, 0))
    write_whole(tmp_path / "a", b"new")
    assert {p.name for p in tmp_path.iterdir()} == {"a", *names[1:]}


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "reports").write_text("a file where the folder should be")
    with pytest.raises(SubmissionError, match=r"Cannot write .*a\.pdf"):
        write_whole(tmp_path / "reports" / "a.pdf", b"")
