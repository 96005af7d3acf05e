"""What is missing on this machine, and what to do about it.

Standard library only, until what is needed is found to be installed.
"""

import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from submission.environment import OLDEST_PYTHON, venv_python
from submission.files import ROOT

SETUP = f"run `{Path(sys.executable).name} -m submission setup`"
NEEDED_SPACE = 2  # GB, for .venv and what is built
BROWSERS = "chromium", "chromium-browser", "google-chrome"
PINNED = re.compile(r"^([\w.-]+==[^\\\n]+)", re.M)


def examine():
    """Lines (state, what was found, what to do) of all that is looked at.

    The state is "ok", "MISSING", or "optional" for what few commands need.
    """
    found = ".".join(map(str, sys.version_info[:3]))
    oldest = ".".join(map(str, OLDEST_PYTHON))
    yield line(
        sys.version_info >= OLDEST_PYTHON,
        f"Python {found}",
        f"version {oldest} or newer is needed; install one and name it, as "
        f"in `make PYTHON=python3.13`",
    )
    space = shutil.disk_usage(ROOT).free / 1e9
    yield line(
        space >= NEEDED_SPACE,
        f"{space:.1f} GB of free space",
        f"delete something: {NEEDED_SPACE} GB are needed",
    )
    has_venv = venv_python().exists()
    yield line(has_venv, "the environment in .venv", SETUP, "optional")
    yield from examine_installed()
    yield line(
        any(map(shutil.which, BROWSERS)),
        "Chromium",
        "`make test-browser` needs it; nothing else does",
        "optional",
    )
    yield line(
        shutil.which("xelatex"),
        "xelatex",
        "`make pdf ENGINE=latex` needs it; the other PDFs do not",
        "optional",
    )


def line(is_there, what, advice, otherwise="MISSING"):
    """A line of `examine`."""
    return ("ok", what, "") if is_there else (otherwise, what, advice)


def examine_installed():
    """The same for what this Python has installed."""
    pins = PINNED.findall((ROOT / "requirements.txt").read_text("utf-8"))
    missing = list(filter(None, map(missing_of, pins)))
    if missing:
        shown = ", ".join(missing[:5])
        yield "MISSING", f"{len(missing)} packages, such as {shown}", SETUP
    else:
        yield "ok", "all packages, in their pinned versions", ""
        yield data()
        yield kernel()


def missing_of(pin):
    """A line of requirements.txt if it is not fulfilled.

    Examples
    --------
    >>> missing_of("nowhere==1.0 ; python_version > '3'")
    'nowhere==1.0'
    >>> missing_of("nowhere==1.0 ; python_version < '3'")
    """
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return pin.split(";")[0].strip()
    wanted = Requirement(pin)
    if wanted.marker and not wanted.marker.evaluate():
        return None
    try:
        if wanted.specifier.contains(version(wanted.name), prereleases=True):
            return None
    except PackageNotFoundError:
        pass
    return f"{wanted.name}{wanted.specifier}"


def data():
    """Whether there are data, and which."""
    from helpers.mnist import find

    try:
        folder, name = find()
    except FileNotFoundError as error:
        return "MISSING", "data", str(error)
    return "ok", f"data: {name}, in {folder}", ""


def kernel():
    """Whether a notebook's kernel starts."""
    from jupyter_client.manager import start_new_kernel

    try:
        manager, client = start_new_kernel(startup_timeout=60)
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    except Exception as error:  # whatever keeps it from starting
        return "MISSING", f"a kernel that starts ({error})", SETUP
    return "ok", "a kernel starts", ""
