"""Read MNIST, or what stands in for it, from IDX files; never downloads."""

import gzip
import math
import os
import zlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

FILES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
DATA = Path(__file__).resolve().parent.parent / "data"
STANDIN = "digits stand-in"
MAX_DIMS, MAX_SIZE = 3, 2**28  # of an IDX file; the header is checked first


class Mnist(NamedTuple):
    """Images and labels, of type uint8.

    Attributes
    ----------
    X_train, X_test : ndarrays of shape (n, 784)
        28 x 28 pixels from 0, paper, to 255, ink; 60 000 and 10 000 images.
    y_train, y_test : ndarrays of shape (n,), 0 to 9
    name : str
        "MNIST", or "digits stand-in" for a smaller set in its place.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    name: str

    @property
    def note(self):
        """What to say below every figure and table: nothing for MNIST."""
        if self.name == "MNIST":
            return ""
        return f"(Not MNIST: {self.name}, enlarged to 28 x 28 pixels.)"


@lru_cache
def load():
    """Read the four files from `$MNIST_DIR`, data/mnist or data/standin.

    Returns
    -------
    Mnist

    Raises
    ------
    FileNotFoundError
        If none of the folders has them.
    ValueError
        If a file is not what its name says.
    """
    folder, name = find()
    X_train, y_train, X_test, y_test = (
        read_idx(folder / file) for file in FILES
    )
    for X, y in (X_train, y_train), (X_test, y_test):
        if X.shape != (len(y), 28, 28) or y.ndim != 1:
            raise ValueError(
                f"The images in {folder} have shape {X.shape} and the labels "
                f"{y.shape}, which do not belong together; run `make data`."
            )
    return Mnist(
        X_train.reshape(-1, 784),
        y_train,
        X_test.reshape(-1, 784),
        y_test,
        name,
    )


def find():
    """The folder to read from, and what is in it."""
    if "MNIST_DIR" in os.environ:
        candidates = [(Path(os.environ["MNIST_DIR"]), "MNIST")]
    else:
        candidates = [(DATA / "mnist", "MNIST"), (DATA / "standin", STANDIN)]
    for folder, name in candidates:
        if all((folder / file).is_file() for file in FILES):
            return folder, name
    raise FileNotFoundError(
        f"The four MNIST files are not in {candidates[0][0]}; run `make data`"
        f", or set MNIST_DIR to a folder that holds them."
    )


def read_idx(path):
    """Read a gzip-compressed IDX file of unsigned bytes.

    Two zero bytes, the type (8), the number of dimensions, each dimension as
    a big-endian 32-bit number, then the values.

    Returns
    -------
    ndarray of uint8, read-only

    Raises
    ------
    ValueError
        If the file is damaged or holds something else.
    """
    try:
        with gzip.open(path) as file:
            kind, num_dims = file.read(3), int.from_bytes(file.read(1))
            header = file.read(4 * num_dims)
            shape = np.frombuffer(header[: len(header) // 4 * 4], ">u4")
            size = math.prod(shape.tolist())
            if (
                kind != b"\0\0\x08"
                or not 1 <= len(shape) == num_dims <= MAX_DIMS
                or size > MAX_SIZE
            ):
                raise ValueError(
                    f"{path} is not an IDX file of unsigned bytes, {MAX_SIZE} "
                    f"at most in {MAX_DIMS} dimensions; run `make data`."
                )
            content = file.read(size + 1)  # one more, to see what is too much
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(
            f"{path} cannot be read as a gzip file ({error}); run `make data`."
        ) from None
    if len(content) != size:
        held = "more" if len(content) > size else len(content)
        raise ValueError(
            f"{path} should hold {shape.tolist()} values, but it holds "
            f"{held}; run `make data`."
        )
    return np.frombuffer(content, np.uint8).reshape(shape)
