"""Create .venv, install the pinned requirements and this project into it.

Standard library only: it runs before anything is installed.
"""

import subprocess
import sys
import venv

from submission.files import ROOT, SubmissionError

OLDEST_PYTHON = (3, 11)


def venv_python():
    """The Python of .venv, whether it is there or not."""
    is_windows = sys.platform == "win32"
    name = "Scripts/python.exe" if is_windows else "bin/python"
    return ROOT / ".venv" / name


def set_up():
    """Create .venv if need be and install requirements.txt into it.

    The project itself comes after them: its exporter for nbconvert and its
    command, both at work on these files.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise SubmissionError(
            f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed, "
            f"not {sys.version.split()[0]}; name another with PYTHON=..."
        )
    venv.create(ROOT / ".venv", with_pip=True)
    print("Installing the requirements into .venv ...", file=sys.stderr)
    pip = [venv_python(), "-m", "pip", "--disable-pip-version-check"]
    pip += ["install", "--quiet"]
    pinned = ["--require-hashes", "--requirement", ROOT / "requirements.txt"]
    itself = ["--no-deps", "--no-index", "--no-build-isolation"]
    for what in pinned, [*itself, "--editable", ROOT]:
        if subprocess.run([*pip, *what], check=False).returncode:
            raise SubmissionError(
                "pip could not install what is needed; see its message above."
            )
