"""The runner: unpacks a ZIP, runs its notebooks, prints what came of it.

It is started by `submission.sandbox`, mostly in name spaces of its own. The
ZIP comes from stdin; stdout is its own alone.
"""

import io
import json
import os
import socket
import struct
import sys
import tempfile
import threading
from pathlib import Path

import nbformat

from submission.archive import unpack
from submission.files import SubmissionError
from submission.run import execute
from submission.sandbox import KERNEL

FOLDER_PREFIX = "hand-in "  # the space breaks what does not quote its paths
HOMES = ("HOME", "USERPROFILE", "IPYTHONDIR", "MPLCONFIGDIR", "TMPDIR")
MAX_NAMES = 10000


def main():
    """Do what the request in the environment says."""
    request = json.loads(os.environ.pop("HAND_IN"))
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_RDWR)
    data = sys.stdin.buffer.read()
    for stream in range(2):  # the kernel would inherit them
        os.dup2(nowhere, stream)
    if request["apart"]:
        switch_loopback_on()
    with tempfile.TemporaryDirectory(
        prefix=FOLDER_PREFIX, dir=request["folder"], ignore_cleanup_errors=True
    ) as folder:
        json.dump(run_all(Path(folder), data, request), results)
        results.flush()


def run_all(folder, data, request):
    """What `submission.sandbox.run_again` returns."""
    root = folder / "hand-in"
    del os.environ["PYTHONPATH"]
    names = listen(folder / "imports")
    executed, problems = {}, {}
    for path in request["notebooks"]:
        try:
            # Again: what ran before may have changed what is run now.
            unpack(io.BytesIO(data), root)
            home = tempfile.mkdtemp(prefix="home ", dir=folder)
            os.environ |= dict.fromkeys(HOMES, home)
            node = execute(root / path, kernel=KERNEL)
            executed[path] = nbformat.writes(node)
        except Exception as error:  # a stranger's notebook raises many kinds
            text = str(error)
            if not isinstance(error, SubmissionError):
                text = f"It cannot be run: {type(error).__name__}: {text}."
            text = text.replace(f"{root}{os.sep}", "")
            problems[path] = text.replace(str(root), "")
    return {
        "notebooks": executed,
        "problems": problems,
        "imports": sorted(names),
    }


def listen(path):
    """Names that kernels send through a pipe, a set that grows."""
    names = set()
    if not hasattr(os, "mkfifo"):
        return names
    os.mkfifo(path)
    os.environ["SEEN_IMPORTS"] = str(path)
    pipe = os.open(path, os.O_RDWR)  # so that it never ends

    def read():
        while piece := os.read(pipe, 2**16):
            lines = piece.decode("utf-8", "replace").split("\n")
            if len(names) < MAX_NAMES:
                names.update(filter(None, lines))

    threading.Thread(target=read, daemon=True).start()
    return names


def switch_loopback_on():
    """Switch on the one network device there is: the kernel talks over it."""
    import fcntl

    with socket.socket() as any_socket:
        up = struct.pack("16sH14x", b"lo", 1)
        fcntl.ioctl(any_socket, 0x8914, up)  # SIOCSIFFLAGS


if __name__ == "__main__":
    main()
