"""The plain scripts that sheet dnn-a4 names run by themselves."""

import gzip
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from data.fetch_mnist import as_idx
from helpers.losses import SoftmaxCrossEntropy
from helpers.mnist import FILES
from submission.files import ROOT

SCRIPTS = ROOT / "scripts" / "dnn-a4"


@pytest.fixture
def run(tmp_path):
    """Run a copy of a script in an empty folder; what it printed."""

    def run(name, *arguments, check=True, **environ):
        shutil.copy(SCRIPTS / name, tmp_path)
        done = subprocess.run(
            [sys.executable, "-W", "error", name, *arguments],
            cwd=tmp_path,
            env={k: v for k, v in os.environ.items() if k != "MNIST_DIR"}
            | environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr
        return done.stdout if check else done.stderr

    return run


@pytest.fixture
def tiny_mnist(tmp_path):
    """A class's images are its number in ink; 60 to train, 20 to test."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    for images, labels, count in (*FILES[:2], 60), (*FILES[2:], 20):
        y = np.arange(count, dtype=np.uint8) % 10
        X = np.zeros((count, 28, 28), np.uint8)
        X[np.arange(count), y, :] = 255
        (folder / images).write_bytes(gzip.compress(as_idx(X)))
        (folder / labels).write_bytes(gzip.compress(as_idx(y)))
    return folder


def test_linear_regression_trains_prints_and_plots(run, tiny_mnist, tmp_path):
    printed = run("linear_regression.py", "40", MNIST_DIR=str(tiny_mnist))
    errors = re.findall(r"training error (\d\.\d+)", printed)
    assert len(errors) == 40
    assert float(errors[-1]) < float(errors[0])
    assert "test accuracy 1.0000" in printed
    assert (tmp_path / "linear_regression.png").stat().st_size > 1000


def test_missing_data_are_one_sentence(run, tmp_path):
    message = run(
        "linear_regression.py", check=False, MNIST_DIR=str(tmp_path / "none")
    )
    assert "is missing: set MNIST_DIR to the folder of MNIST." in message
    assert "Traceback" not in message


def test_softmax_checks_itself_and_plots(run, tmp_path):
    printed = run("softmax.py")
    assert "all errors below 1e-7: True" in printed
    assert len(re.findall(r"central 1\.\de-08", printed)) == 3
    assert (tmp_path / "softmax.png").stat().st_size > 1000


def test_the_scripts_import_nothing_but_what_the_sheet_allows():
    for path in SCRIPTS.glob("*.py"):
        imported = re.findall(
            r"^(?:import|from) (\w+)", path.read_text(), re.M
        )
        allowed = {*sys.stdlib_module_names, "numpy", "scipy", "matplotlib"}
        assert set(imported) <= allowed


def test_the_softmax_script_has_the_helpers_loss(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import softmax

    a, loss = (
        500 * np.random.default_rng(1).normal(size=7),
        SoftmaxCrossEntropy(),
    )
    for y in range(7):
        assert np.isclose(
            softmax.cross_entropy(a, y), loss.values(a[None], [y])
        )
        np.testing.assert_allclose(
            softmax.cross_entropy_gradient(a, y),
            loss.gradient(a[None], [y])[0],
            atol=1e-14,
        )
