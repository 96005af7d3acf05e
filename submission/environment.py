"""Create .venv and install the pinned requirements into it.

Standard library only: it runs before anything is installed.
"""

import subprocess
import sys
import venv

from submission.files import ROOT, SubmissionError

OLDEST_PYTHON = (3, 11)


def set_up():
    """Create .venv if need be and install requirements.txt into it.

    Raises
    ------
    SubmissionError
        If this Python is too old, or pip fails.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise SubmissionError(
            f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed, "
            f"but this is {sys.version.split()[0]}; name another one with "
            f"PYTHON=..."
        )
    folder = ROOT / ".venv"
    venv.create(folder, with_pip=True)
    python = folder / (
        "Scripts/python.exe" if sys.platform == "win32" else "bin/python"
    )
    print("Installing the requirements into .venv ...", file=sys.stderr)
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    requirements = ROOT / "requirements.txt"
    options = ["--quiet", "--require-hashes", "--requirement", requirements]
    install = subprocess.run([*pip, "install", *options], check=False)
    if install.returncode:
        raise SubmissionError(
            "pip could not install requirements.txt; see its message above."
        )
