import gzip
import os
import tracemalloc

import numpy as np
import pytest

from data.fetch_mnist import as_idx
from helpers import mnist
from helpers.mnist import FILES, read_idx

GOOD = as_idx(np.arange(12).reshape(3, 2, 2))


def idx_start(*shape):
    """The head of an IDX file."""
    shape_bytes = b"".join(size.to_bytes(4, "big") for size in shape)
    return bytes([0, 0, 8, len(shape)]) + shape_bytes


@pytest.fixture
def idx(tmp_path):
    def write(content):
        (tmp_path / "x.gz").write_bytes(content)
        return tmp_path / "x.gz"

    return write


def test_an_idx_file_is_read_with_its_shape(idx):
    values = read_idx(idx(gzip.compress(GOOD, mtime=0)))
    assert values.dtype == np.uint8
    np.testing.assert_array_equal(values, np.arange(12).reshape(3, 2, 2))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read as a gzip file|is not an IDX file"),
        (GOOD, "cannot be read as a gzip file"),
        (b"<html>503</html>", "cannot be read as a gzip file"),
        (gzip.compress(GOOD, mtime=0)[:-9], "cannot be read as a gzip file"),
        (
            gzip.compress(b"<html>", mtime=0),
            "is not an IDX file of unsigned bytes",
        ),
        (gzip.compress(b"", mtime=0), "is not an IDX file"),
        (gzip.compress(b"\0\0\x0d" + GOOD[3:], mtime=0), "is not an IDX file"),
        (gzip.compress(GOOD[:9], mtime=0), "is not an IDX file"),
        (
            gzip.compress(GOOD[:-1], mtime=0),
            r"hold \[3, 2, 2\] values, .* holds 11",
        ),
        (
            gzip.compress(idx_start(2**16, 2**16), mtime=0),
            "is not an IDX file",
        ),
        (gzip.compress(idx_start(2**28, 2), mtime=0), "is not an IDX file"),
        (
            gzip.compress(idx_start(2**31, 2**31, 4), mtime=0),
            "is not an IDX file",
        ),
        (
            gzip.compress(idx_start(*[1] * 65) + b"x", mtime=0),
            "is not an IDX file",
        ),
        (gzip.compress(idx_start() + b"x", mtime=0), "is not an IDX file"),
        (gzip.compress(idx_start(2, 0) + b"x", mtime=0), "but it holds more"),
        (gzip.compress(GOOD + b"x", mtime=0), "but it holds more"),
    ],
)
def test_a_damaged_file_is_one_sentence_that_names_the_command(
    idx, content, message
):
    with pytest.raises(ValueError, match=message) as caught:
        read_idx(idx(content))
    assert "run `make data`" in str(caught.value)


def test_a_file_that_unpacks_to_gigabytes_is_not_unpacked(idx):
    path = idx(gzip.compress(GOOD + bytes(2**26), compresslevel=1, mtime=0))
    tracemalloc.start()
    with pytest.raises(ValueError, match="but it holds more"):
        read_idx(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


def test_an_idx_file_without_values_is_an_empty_array(idx):
    assert read_idx(idx(gzip.compress(idx_start(0, 28, 28)))).size == 0


def test_a_folder_without_the_files_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="run `make data`"):
        mnist.find()


def test_mnist_is_preferred_to_the_standin(tmp_path, monkeypatch):
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setattr(mnist, "DATA", tmp_path)
    for folder in "standin", "mnist":
        (tmp_path / folder).mkdir()
        for name in FILES:
            (tmp_path / folder / name).touch()
        name = "MNIST" if folder == "mnist" else mnist.STANDIN
        assert mnist.find() == (tmp_path / folder, name)


def test_images_and_labels_that_do_not_belong_together_are_refused(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("MNIST_DIR", str(tmp_path))
    for name in FILES:
        shape = (3, 28, 28) if "images" in name else 4
        content = gzip.compress(as_idx(np.zeros(shape)))
        (tmp_path / name).write_bytes(content)
    mnist.load.cache_clear()
    with pytest.raises(ValueError, match="do not belong together"):
        mnist.load()


@pytest.mark.skipif(
    "MNIST_DIR" not in os.environ, reason="MNIST_DIR is not set"
)
def test_mnist_has_the_shapes_and_counts_it_is_known_for():
    mnist.load.cache_clear()
    data = mnist.load()
    assert data.X_train.shape == (60_000, 784)
    assert data.X_test.shape == (10_000, 784)
    assert data.name == "MNIST"
    assert np.bincount(data.y_train)[:3].tolist() == [5923, 6742, 5958]
    assert np.bincount(data.y_test)[:3].tolist() == [980, 1135, 1032]


def test_only_what_is_not_mnist_has_a_note():
    nothing = [None] * 4
    assert mnist.Mnist(*nothing, "MNIST").note == ""
    assert "Not MNIST" in mnist.Mnist(*nothing, mnist.STANDIN).note
