"""What the doctor finds, and what it says to do."""

import shutil
import subprocess
import sys
import venv
from collections import namedtuple
from importlib.metadata import version

import pytest

from submission import doctor, environment
from submission.__main__ import parse


@pytest.fixture
def examined(monkeypatch):
    """Call `examine` without asking what is installed."""
    monkeypatch.setattr(doctor, "examine_installed", lambda: [])
    return lambda: {what: state for state, what, _ in doctor.examine()}


def test_an_old_python_is_missing_a_newer_one(examined, monkeypatch):
    assert "ok" in {s for w, s in examined().items() if "Python" in w}
    monkeypatch.setattr(sys, "version_info", (3, 9, 1))
    assert examined()["Python 3.9.1"] == "MISSING"


def test_a_full_disk_is_named_with_what_is_free(examined, monkeypatch):
    usage = namedtuple("usage", "free")(3e8)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert examined()["0.3 GB of free space"] == "MISSING"


def test_what_few_commands_need_is_optional(examined, monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = examined()
    assert found["xelatex"] == found["Chromium"] == "optional"


def test_what_is_installed_is_asked_in_the_environment(monkeypatch, tmp_path):
    venv.create(tmp_path / ".venv", symlinks=sys.platform != "win32")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    asked = [environment.venv_python(), "-m", "submission", "doctor"]

    def run(command, **options):
        assert command == asked
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", run)
    args = parse(["doctor"])
    with pytest.raises(SystemExit) as ended:
        args.command(args)
    assert ended.value.code == 1


def test_a_package_in_another_version_is_missing():
    assert doctor.missing_of(f"pytest=={version('pytest')} ") is None
    assert doctor.missing_of("pytest==0.1 ") == "pytest==0.1"


def test_missing_packages_are_counted_and_the_first_are_named(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    pins = [f"nowhere-{i}==1 \\\n    --hash=sha256:0\n" for i in range(9)]
    (tmp_path / "requirements.txt").write_text("".join(pins))
    ((state, what, advice),) = doctor.examine_installed()
    assert state == "MISSING"
    assert what.startswith("9 packages, such as nowhere-0==1, nowhere-1==1")
    assert "-m submission setup" in advice


def test_without_data_it_is_said_how_to_get_them(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    state, _, advice = doctor.data()
    assert state == "MISSING"
    assert "make data" in advice


def test_a_kernel_starts_or_it_is_said_why_not(monkeypatch):
    assert doctor.kernel() == ("ok", "a kernel starts", "")

    def fail(**options):
        raise RuntimeError("no port is free")

    monkeypatch.setattr("jupyter_client.manager.start_new_kernel", fail)
    state, what, _ = doctor.kernel()
    assert (state, what) == (
        "MISSING",
        "a kernel that starts (no port is free)",
    )


@pytest.mark.parametrize(("state", "code"), [("MISSING", 1), ("optional", 0)])
def test_only_what_is_missing_makes_it_fail(monkeypatch, capsys, state, code):
    lines = [(state, "this", "do that")]
    monkeypatch.setattr(doctor, "examine", lambda: lines)
    args = parse(["doctor"])
    with pytest.raises(SystemExit) as ended:
        args.command(args)
    assert ended.value.code == code
    assert capsys.readouterr().out.split() == [
        *(state, "this", "->", "do", "that"),
    ]
