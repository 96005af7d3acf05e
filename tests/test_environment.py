import re
import tomllib

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from submission.environment import OLDEST_PYTHON
from submission.files import ROOT

PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]
REQUIREMENTS = (ROOT / "requirements.txt").read_text("utf-8")
OLDEST = (ROOT / "requirements-oldest.txt").read_text("utf-8")
WORKFLOW = (ROOT / ".github/workflows/test.yml").read_text("utf-8")


def direct_dependencies():
    """All but those of the benchmarks, which nothing else needs."""
    extras = dict(PROJECT["optional-dependencies"])
    extras = [extras[name] for name in extras.keys() - {"bench"}]
    return [*PROJECT["dependencies"], *(d for extra in extras for d in extra)]


def pins(compiled, only=""):
    """Name and version of each pin, with `only` in what it is pinned for."""
    for block in re.split(r"\n(?=\S)", compiled):
        if found := re.match(r"([\w.-]+)==(\S+)", block):
            assert "--hash=sha256:" in block
            if only in block:
                yield found[1], found[2]


@pytest.mark.parametrize("compiled", [REQUIREMENTS, OLDEST])
def test_requirements_are_compiled_from_the_direct_dependencies(compiled):
    wanted = {r.name: r for r in map(Requirement, direct_dependencies())}
    pinned = list(pins(compiled, only="(pyproject.toml)"))
    assert {name for name, _ in pinned} == wanted.keys()
    for name, version in pinned:
        assert version in wanted[name].specifier, name


def test_the_oldest_requirements_are_the_lower_bounds():
    pinned = dict(pins(OLDEST, only="(pyproject.toml)"))
    for dependency in map(Requirement, direct_dependencies()):
        (bound,) = dependency.specifier
        assert bound.operator in (">=", "=="), dependency
        assert Version(pinned[dependency.name]) == Version(bound.version)


def test_the_oldest_requirements_are_tested_every_week_on_the_oldest_python():
    workflow = yaml.safe_load(WORKFLOW)
    (when,) = workflow[True]["schedule"]  # YAML reads `on` as true
    assert re.fullmatch(r"\d+ \d+ \* \* \d", when["cron"])
    job = workflow["jobs"]["oldest"]
    assert job["if"] == "github.event_name == 'schedule'"
    (python,) = (
        step["with"]["python-version"]
        for step in job["steps"]
        if "python-version" in step.get("with", {})
    )
    assert python == "{}.{}".format(*OLDEST_PYTHON)
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert "requirements-oldest.txt" in commands[0]
    assert commands[-1] == "python -m submission test"


def test_what_uv_is_told_to_hold_back_is_held_back():
    held = tomllib.loads(PYPROJECT)["tool"]["uv"]["constraint-dependencies"]
    for compiled in REQUIREMENTS, OLDEST:
        pinned = dict(pins(compiled))
        for constraint in map(Requirement, held):
            assert pinned[constraint.name] in constraint.specifier


def test_each_action_is_pinned_by_its_commit_and_names_its_version():
    actions = re.findall(r"uses: *(.*)", WORKFLOW)
    assert actions
    for action in actions:
        assert re.fullmatch(
            r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action
        )


def test_what_only_the_benchmarks_need_is_pinned_where_it_stands():
    for dependency in PROJECT["optional-dependencies"]["bench"]:
        assert re.fullmatch(r"[\w-]+==[\d.]+", dependency)


def test_every_direct_dependency_says_why_it_is_there():
    for dependency in direct_dependencies():
        (line,) = re.findall(
            rf'^ *"{re.escape(dependency)}",.*', PYPROJECT, re.M
        )
        assert re.search(r"# \w+", line), dependency


def test_requirements_are_for_every_system_and_python():
    assert "--universal --python-version 3.11" in REQUIREMENTS
    assert "sys_platform == 'win32'" in REQUIREMENTS
    assert "sys_platform == 'darwin'" in REQUIREMENTS
    assert not re.search(r"^(-e|--index|--find|.* @ )", REQUIREMENTS, re.M)


def test_conda_installs_the_same_requirements():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    python, pip, packages = environment["dependencies"]
    assert environment["name"] == PROJECT["name"]
    assert pip == "pip"
    assert packages == {"pip": ["-r requirements.txt"]}
    version = tuple(map(int, python.removeprefix("python=").split(".")))
    assert version >= OLDEST_PYTHON


def test_the_oldest_python_is_named_once():
    assert PROJECT["requires-python"] == ">={}.{}".format(*OLDEST_PYTHON)
