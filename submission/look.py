"""Look at one hand-in within limits: the process that meets its file.

`ask` starts it, sends a request as JSON and gets the report as JSON back;
whatever happens to the process becomes a report, too.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import zipfile

from submission.files import ROOT

MAX_SECONDS = 10  # of computing
MAX_WAIT = 60  # seconds, on a machine with other things to do
MAX_MEMORY = 480 * 2**20
TOO_LONG = "It is not looked at within {} seconds."
CRASHED = "It needs too much memory, or makes the reader crash."


def ask(request):
    """The report of a hand-in.

    Parameters
    ----------
    request : dict
        The file's `path`, its `name`, the `sheets` to choose from (a path)
        and the id of its `sheet`, or ""; the result of a new run, `rerun`, or
        None; where its PDF is to be written, `pdf`, or "".

    Returns
    -------
    dict
        The file's name, the sheet's id or None, the results of the `rules`;
        whether it is `safe` to unpack, and its `notebooks`. Or an `error`, if
        it is no readable ZIP or the limits are not enough.
    """
    limits = str(MAX_MEMORY), str(MAX_SECONDS)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "submission.look", *limits],
            cwd=ROOT,
            input=json.dumps(request),
            capture_output=True,
            encoding="utf-8",
            timeout=MAX_WAIT,
            check=False,
        )
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        error = TOO_LONG.format(MAX_WAIT)
    except ValueError:  # what it printed is no JSON: it ended before
        is_slow = done.returncode == -getattr(signal, "SIGXCPU", 0)
        error = TOO_LONG.format(MAX_SECONDS) if is_slow else CRASHED
    return {"file": request["name"], "sheet": None, "error": error}


def limit(memory, seconds, file_size, processes=None):
    """Limit what this process may take, where the system can.

    Parameters
    ----------
    memory, file_size : int
        Bytes.
    seconds : int
        Of computing.
    processes : int, optional
        How many this user may have in this name space.
    """
    try:
        import resource
    except ImportError:  # Windows: only the parent's clock
        return
    for name, most in (
        ("RLIMIT_AS", memory),
        ("RLIMIT_CPU", seconds),
        ("RLIMIT_FSIZE", file_size),
        ("RLIMIT_CORE", 0),
        ("RLIMIT_NPROC", processes),
    ):
        if most is not None:
            with contextlib.suppress(AttributeError, ValueError, OSError):
                # Past the first of two limits of time a signal says so.
                hard = most + (name == "RLIMIT_CPU")
                resource.setrlimit(getattr(resource, name), (most, hard))


def report(request):
    """What `ask` returns, worked out in this process."""
    try:
        from submission.check import look

        return look(**request)
    except (MemoryError, RecursionError):
        error = CRASHED
    except zipfile.BadZipFile as problem:
        error = f"It cannot be read as a ZIP: {problem}"
    except Exception as problem:  # a stranger's file raises many kinds
        error = f"It cannot be looked at: {type(problem).__name__}: {problem}"
    error = error.split("\n")[0][:300]
    return {"file": request["name"], "sheet": None, "error": error}


def main():
    """Read a request, look, and print the report."""
    request = json.loads(sys.stdin.buffer.read())
    memory, seconds = map(int, sys.argv[1:])
    limit(memory, seconds, 2**26)
    sys.stdout.write(json.dumps(report(request)))
    sys.stdout.flush()
    os._exit(0)  # nothing of a stranger's file is cleared up


if __name__ == "__main__":
    main()
