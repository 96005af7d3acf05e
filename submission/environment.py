"""Create .venv, install the pinned requirements and this project into it.

Standard library only: it runs before anything is installed.
"""

import subprocess
import sys
import venv

from submission.files import ROOT, SubmissionError

OLDEST_PYTHON = (3, 11)


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
    folder = ROOT / ".venv"
    venv.create(folder, with_pip=True)
    is_windows = sys.platform == "win32"
    python = folder / ("Scripts/python.exe" if is_windows else "bin/python")
    print("Installing the requirements into .venv ...", file=sys.stderr)
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    pip += ["install", "--quiet"]
    pinned = ["--require-hashes", "--requirement", ROOT / "requirements.txt"]
    itself = ["--no-deps", "--no-index", "--no-build-isolation"]
    for what in pinned, [*itself, "--editable", ROOT]:
        if subprocess.run([*pip, *what], check=False).returncode:
            raise SubmissionError(
                "pip could not install what is needed; see its message above."
            )
