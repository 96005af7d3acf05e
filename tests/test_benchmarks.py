"""The arithmetic of the benchmarks; their times are nobody's test."""

import re

import numpy as np
import pytest

from benchmarks import bundle
from benchmarks.__main__ import cells
from benchmarks.growth import exponent
from benchmarks.measure import Row, interleaved, traced
from submission.files import NOTEBOOKS, REPORTS, ROOT


@pytest.mark.parametrize(
    ("target", "met"), [(0.5, "yes"), (0.49, "no"), (None, "")]
)
def test_the_ratio_is_the_median_of_the_rounds(target, met):
    ours, theirs = np.array([1.0, 1.0, 3.0]), np.array([4.0, 2.0, 3.0])
    row = Row("task", "peer", ours, theirs, target, 1.4, None)
    *_, ratio, _, is_met, our_memory, their_memory = cells(row)
    assert ratio == "0.50 (0.25 to 1.00)"
    assert (is_met, our_memory, their_memory) == (met, "1", "")


def test_contestants_take_turns():
    calls = []
    contestants = {name: lambda name=name: calls.append(name) for name in "ab"}
    times = interleaved(contestants, rounds=3)
    assert "".join(calls) == "ab" * 4  # once to warm up
    assert {name: len(values) for name, values in times.items()} == {
        "a": 3,
        "b": 3,
    }


def test_the_imports_of_a_notebook_can_be_run_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "BUILD", tmp_path)
    cell = bundle.first_cell(NOTEBOOKS / "05_softmax_gradients.ipynb")
    bundle.run_cells([cell])
    assert not list(tmp_path.iterdir())


def test_memory_is_that_of_the_arrays_of_a_call():
    _, mib = traced(lambda: np.zeros((2, 2**20)))
    assert 16 <= mib < 17


def test_a_power_law_has_its_exponent():
    x = np.array([1, 2, 4, 8])
    assert exponent(x, 3.0 * x**1.5) == 1.5


def test_the_seconds_in_the_readme_are_those_that_were_measured():
    report = (REPORTS / "benchmarks.md").read_text("utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    pairs = re.findall(r"^- .*: ([\d.]+) s, (\w+) ([\d.]+) s$", readme, re.M)
    assert len(pairs) == 2
    for ours, peer, theirs in pairs:
        assert re.search(rf"\| {peer}\b.* \| {ours} \| {theirs} \|", report)
