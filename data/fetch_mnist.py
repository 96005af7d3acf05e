"""Provide MNIST: from a folder, from a mirror, or else a stand-in.

1. Files that are there already are checked, not fetched again.
2. All mirrors are asked at once for the smallest file; those that do not
   answer within seconds are left out.
3. The others are tried in order. A file is written only when its checksum is
   right.
4. If none delivers, scikit-learn's digits are written in the same format.
"""

import gzip
import hashlib
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import requests
from urllib3.exceptions import HTTPError

DATA = Path(__file__).resolve().parent
sys.path.insert(0, str(DATA.parent))

from helpers.mnist import FILES, STANDIN  # noqa: E402
from submission.files import SubmissionError, write_whole  # noqa: E402

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
ANSWER_SECONDS = 6  # for the smallest file, all mirrors at once
MIN_RATE = 2**14  # bytes a second: the largest file in ten minutes
MAX_BYTES = 2**24  # of a file; the largest has 10 million


def provide(data=DATA, environ=os.environ):
    """Make sure that MNIST or its stand-in is there.

    Parameters
    ----------
    data : Path
        Holds registry.txt; mnist/, standin/ and source are written here.
    environ : mapping
        `MNIST_DIR` names a folder with the files; `MNIST_MIRRORS` replaces
        the mirrors.

    Returns
    -------
    str
        "MNIST" or "digits stand-in". The file `source` holds it, too, and is
        touched only when something else is used than before.

    Raises
    ------
    SubmissionError
        If the files in `MNIST_DIR` are not MNIST, or nothing can be written.
    """
    registry = read_registry(data)
    if "MNIST_DIR" in environ:
        folder, name = Path(environ["MNIST_DIR"]), "MNIST"
        check_folder(folder, registry)
    elif fetch(data / "mnist", registry, mirrors(environ)):
        folder, name = data / "mnist", "MNIST"
    else:
        folder, name = data / "standin", STANDIN
        write_standin(folder)
    note = f"{name}\n{folder.resolve()}\n"
    source = data / "source"
    if not source.exists() or source.read_text("utf-8") != note:
        write_whole(source, note.encode())
    return name


def read_registry(data):
    """SHA-256 by file name, the smallest file first."""
    lines = (data / "registry.txt").read_text("utf-8").splitlines()
    return dict(line.split() for line in lines)


def mirrors(environ):
    """Addresses of the mirrors, each ending with a slash."""
    given = environ.get("MNIST_MIRRORS", "").split() or MIRRORS
    return [mirror.rstrip("/") + "/" for mirror in given]


def check_folder(folder, registry):
    """Refuse a folder whose files are not those of the registry."""
    for name, sha256 in registry.items():
        path = folder / name
        if not path.is_file():
            raise SubmissionError(
                f"MNIST_DIR is {folder}, but {name} is not in it; set it to a "
                f"folder with the four MNIST files, or unset it."
            )
        if file_hash(path) != sha256:
            raise SubmissionError(
                f"MNIST_DIR is {folder}, but {name} in it is not the "
                f"published file: its SHA-256 differs. Replace it, or unset "
                f"MNIST_DIR."
            )


def fetch(folder, registry, addresses):
    """Fetch the files that are not there; whether all are there then."""
    missing = {
        name: sha256
        for name, sha256 in registry.items()
        if file_hash(folder / name) != sha256
    }
    if not missing:
        return True
    problems = ask(addresses, next(iter(registry)))
    for mirror in addresses:
        problem = problems[mirror] or fetch_from(mirror, folder, missing)
        if not problem:
            return True
        say(f"{mirror} is passed over: {problem}")
    return False


def file_hash(path):
    """SHA-256 of a file's content, or None where there is no file."""
    if not path.is_file():
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetch_from(mirror, folder, missing):
    """Fetch files from one mirror; what went wrong, or None."""
    for name, sha256 in missing.items():
        content, problem = download(mirror + name)
        if problem:
            return f"{name}: {problem}"
        if hashlib.sha256(content).hexdigest() != sha256:
            return f"{name}: what it sends is not the published file"
        write_whole(folder / name, content)
    return None


def ask(addresses, name):
    """What keeps each mirror from answering: text, or None if it answers."""
    problems = dict.fromkeys(addresses, f"no answer in {ANSWER_SECONDS} s")

    def try_mirror(mirror):
        problems[mirror] = download(mirror + name)[1]

    # Daemon threads, as a name server that hangs cannot be interrupted.
    threads = [
        threading.Thread(target=try_mirror, args=[mirror], daemon=True)
        for mirror in addresses
    ]
    deadline = time.monotonic() + ANSWER_SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    return dict(problems)


def download(address):
    """What an address sends, and what went wrong, or None.

    Neither a mirror that never ends nor one that only drips may go on.
    """
    content, start = b"", time.monotonic()
    try:
        with requests.get(
            address,
            headers={"Accept-Encoding": "identity"},
            timeout=ANSWER_SECONDS,
            stream=True,
        ) as answer:
            if answer.status_code != 200:
                return None, f"HTTP status {answer.status_code}"
            # Not unpacked: some servers call the .gz itself an encoding.
            while piece := answer.raw.read1(2**16, decode_content=False):
                content += piece
                if len(content) > MAX_BYTES:
                    return None, "it sends more than any file has"
                late = time.monotonic() - start - ANSWER_SECONDS
                if late > len(content) / MIN_RATE:
                    return None, "it sends too slowly"
    # requests' own errors are OSErrors; urllib3's and addresses' are not.
    except (OSError, HTTPError, ValueError) as error:
        return None, f"the download broke off ({type(error).__name__})"
    return content, None


def write_standin(folder):
    """Write scikit-learn's digits, enlarged to 28 x 28, as IDX files.

    As in MNIST, the ink is within the middle 20 x 20 pixels, and a seventh is
    the test set. Files that are there stay.
    """
    from sklearn.datasets import load_digits

    say("No mirror delivers MNIST; the digits stand-in is used instead.")
    if all((folder / name).is_file() for name in FILES):
        return
    digits = load_digits()
    pixel = np.arange(20) * 8 // 20
    ink = digits.images[:, pixel][:, :, pixel] * 255 / 16
    images = np.pad(ink, [(0, 0), (4, 4), (4, 4)])
    labels = digits.target
    first_test = len(labels) * 6 // 7
    for name, values in zip(
        FILES,
        (
            images[:first_test],
            labels[:first_test],
            images[first_test:],
            labels[first_test:],
        ),
        strict=True,
    ):
        write_whole(folder / name, gzip.compress(as_idx(values), mtime=0))


def as_idx(values):
    """Unsigned bytes in the IDX format.

    Examples
    --------
    >>> as_idx(np.array([7, 8]))
    b'\\x00\\x00\\x08\\x01\\x00\\x00\\x00\\x02\\x07\\x08'
    """
    header = bytes([0, 0, 8, values.ndim])
    shape = np.array(values.shape, dtype=">u4").tobytes()
    return header + shape + values.astype(np.uint8).tobytes()


def say(text):
    """One line for the user."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        provide()
    except SubmissionError as error:
        say(f"error: {error}")
        sys.exit(2)
