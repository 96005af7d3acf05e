"""Exploring: on copies, in which nobody's work is lost."""

from unittest.mock import Mock

import nbformat
import pytest
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler
from nbformat.v4 import new_code_cell, new_notebook, new_output

from submission import lab
from submission.lab import lab_arguments, provide_copies
from submission.prompt import PromptConnection, ZMQChannelsWebsocketConnection


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """The notebooks' folder with one notebook, and that of the copies."""
    notebooks, explore = tmp_path / ".a" / "notebooks", tmp_path / "explore"
    (notebooks / "panels").mkdir(parents=True)
    monkeypatch.setattr(lab, "NOTEBOOKS", notebooks)
    monkeypatch.setattr(lab, "EXPLORE", explore)
    monkeypatch.setattr(lab, "ORIGINALS", explore / ".originals")
    write(notebooks / "one.ipynb", "1")
    (notebooks / "one.toml").write_text("a = 1")
    (notebooks / "panels/one.png").write_bytes(b"PNG")
    return notebooks, explore


def write(path, source, printed=""):
    output = new_output("stream", text=printed)
    cell = new_code_cell(source, id="a", outputs=[output])
    nbformat.write(new_notebook(cells=[cell]), path)


def source_of(path):
    return nbformat.read(path, as_version=4).cells[0].source


def shown(folder):
    files = [p.relative_to(folder) for p in folder.rglob("*.*")]
    return {p.as_posix() for p in files if not str(p).startswith(".")}


def test_notebooks_captions_and_pictures_are_copied(folders):
    notebooks, explore = folders
    (notebooks / ".ipynb_checkpoints").mkdir()
    write(notebooks / ".ipynb_checkpoints/one-checkpoint.ipynb", "1")
    provide_copies()
    assert shown(explore) == {"one.ipynb", "one.toml", "panels/one.png"}
    copy = (explore / "one.ipynb").read_bytes()
    assert copy == (notebooks / "one.ipynb").read_bytes()


def test_a_copy_that_was_only_run_is_renewed(folders, capsys):
    notebooks, explore = folders
    provide_copies()
    write(explore / "one.ipynb", "1", printed="an output")
    write(notebooks / "one.ipynb", "2")
    provide_copies()
    assert source_of(explore / "one.ipynb") == "2"
    assert not capsys.readouterr().err


def test_what_somebody_wrote_stays_and_so_do_its_captions(folders, capsys):
    notebooks, explore = folders
    provide_copies()
    write(explore / "one.ipynb", "my own")
    provide_copies()
    assert not capsys.readouterr().err
    write(notebooks / "one.ipynb", "2")
    (notebooks / "one.toml").write_text("a = 2")
    provide_copies()
    assert source_of(explore / "one.ipynb") == "my own"
    assert (explore / "one.toml").read_text() == "a = 1"
    assert "There is a new one, but" in capsys.readouterr().err


def test_a_copy_that_is_no_notebook_any_more_stays(folders):
    _, explore = folders
    provide_copies()
    (explore / "one.ipynb").write_text("{")
    provide_copies()
    assert (explore / "one.ipynb").read_text() == "{"


def test_a_copy_that_was_renamed_leaves_room_for_a_new_one(folders):
    notebooks, explore = folders
    provide_copies()
    write(explore / "one.ipynb", "my own")
    (explore / "one.ipynb").rename(explore / "mine.ipynb")
    write(notebooks / "one.ipynb", "2")
    provide_copies()
    assert source_of(explore / "one.ipynb") == "2"
    assert source_of(explore / "mine.ipynb") == "my own"


def test_jupyterlab_sends_each_message_at_once(monkeypatch):
    option = f"={PromptConnection.__module__}.{PromptConnection.__name__}"
    assert any(text.endswith(option) for text in lab_arguments())
    connected = Mock()
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", connected)
    browser = Mock(spec=KernelWebsocketHandler)
    PromptConnection(websocket_handler=browser).connect()
    browser.set_nodelay.assert_called_once_with(True)
    connected.assert_called_once_with()
