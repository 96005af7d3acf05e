import re
import tomllib

import yaml

from submission.environment import OLDEST_PYTHON
from submission.files import ROOT

PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
PROJECT = tomllib.loads(PYPROJECT)["project"]
REQUIREMENTS = (ROOT / "requirements.txt").read_text("utf-8")


def direct_dependencies():
    """All but those of the benchmarks, which nothing else needs."""
    extras = dict(PROJECT["optional-dependencies"])
    extras = [extras[name] for name in extras.keys() - {"bench"}]
    return [*PROJECT["dependencies"], *(d for extra in extras for d in extra)]


def test_requirements_are_compiled_from_the_direct_dependencies():
    pinned = {}
    for block in re.split(r"\n(?=\S)", REQUIREMENTS):
        if found := re.match(r"([\w.-]+)==(\S+)", block):
            assert "--hash=sha256:" in block
            if "(pyproject.toml)" in block:
                pinned.setdefault(found[1], set()).add(found[2])
    wanted = {}
    for dependency in direct_dependencies():
        name, _, exact = dependency.partition("==")
        wanted[name] = exact
    assert pinned.keys() == wanted.keys()
    for name, exact in wanted.items():
        assert not exact or pinned[name] == {exact}


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
