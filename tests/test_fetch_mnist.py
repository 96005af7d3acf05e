"""Every fault of a mirror, from a small server on this machine."""

import contextlib
import errno
import gzip
import hashlib
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from data import fetch_mnist
from data.fetch_mnist import as_idx, provide
from helpers import mnist
from helpers.mnist import FILES, STANDIN
from submission.files import ROOT, SubmissionError

RNG = np.random.default_rng(0)
CONTENT = {
    name: gzip.compress(
        as_idx(RNG.integers(0, 10, (5, 28, 28) if "images" in name else 5)),
        mtime=0,
    )
    for name in FILES
}


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves CONTENT from /good/, and a fault from each other folder."""

    def do_GET(self):
        _, fault, name = self.path.split("/")
        self.server.requests.append(self.path)
        body = CONTENT[name]
        if fault in ("403", "404", "503"):
            self.send_error(int(fault))
            return
        if fault == "html":
            body = b"<html>Please log in to this network.</html>"
        if fault == "empty":
            body = b""
        if fault == "tampered":
            body = body[:-1] + bytes([body[-1] ^ 1])
        if fault == "hanging":
            time.sleep(4)
        self.send_response(200)
        if fault == "encoded":  # of the .gz itself
            self.send_header("Content-Encoding", "gzip")
        if fault == "truncated":
            self.send_header("Content-Length", str(len(body)))
            body = body[: len(body) // 2]
        self.end_headers()
        if fault == "stuck" and "images" in name:
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self.server.half_sent.set()
            self.server.killed.wait(60)
            return
        if fault in ("dripping", "endless") and "images" in name:
            with contextlib.suppress(OSError):  # until the other side hangs up
                for _ in range(10**4):
                    self.wfile.write(bytes(2**16 if fault == "endless" else 1))
                    time.sleep(0 if fault == "endless" else 0.1)
            return
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def mirror(server):
    server.requests = []
    server.half_sent, server.killed = threading.Event(), threading.Event()
    return lambda fault: f"http://127.0.0.1:{server.server_port}/{fault}/"


@pytest.fixture
def data(tmp_path, monkeypatch):
    """A data folder whose registry is that of the server's files."""
    lines = [
        f"{name} {hashlib.sha256(content).hexdigest()}"
        for name, content in sorted(CONTENT.items(), key=lambda i: len(i[1]))
    ]
    (tmp_path / "registry.txt").write_text("\n".join(lines))
    monkeypatch.setattr(fetch_mnist, "ANSWER_SECONDS", 1)
    monkeypatch.setattr(fetch_mnist, "MAX_BYTES", 2**18)
    monkeypatch.delenv("MNIST_DIR", raising=False)
    return tmp_path


def provide_from(data, *mirrors):
    return provide(data, {"MNIST_MIRRORS": " ".join(mirrors)})


def names(folder):
    return {p.name for p in folder.iterdir()} if folder.exists() else set()


def test_all_files_are_fetched_from_the_first_good_mirror(data, mirror):
    assert provide_from(data, mirror("good")) == "MNIST"
    for name, content in CONTENT.items():
        assert (data / "mnist" / name).read_bytes() == content
    assert names(data / "mnist") == set(FILES)
    assert (data / "source").read_text().startswith("MNIST\n")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("403", "HTTP status 403"),
        ("404", "HTTP status 404"),
        ("503", "HTTP status 503"),
        ("html", "not the published file"),
        ("tampered", "not the published file"),
        ("truncated", "broke off|not the published"),
        ("hanging", "no answer in 1 s|no proper answer|broke off"),
        ("dripping", "too slowly"),
        ("endless", "more than any file has"),
    ],
)
def test_a_bad_mirror_is_passed_over_with_one_line(
    data, mirror, server, capsys, fault, said
):
    assert provide_from(data, mirror(fault), mirror("good")) == "MNIST"
    assert names(data / "mnist") == set(FILES)
    lines = [
        line
        for line in capsys.readouterr().err.splitlines()
        if "passed over" in line
    ]
    assert len(lines) == 1
    assert lines[0].startswith(mirror(fault))
    assert any(part in lines[0] for part in said.split("|"))


def test_a_gz_that_the_server_calls_an_encoding_is_what_was_asked_for(
    data, mirror
):
    assert provide_from(data, mirror("encoded")) == "MNIST"
    for name, content in CONTENT.items():
        assert (data / "mnist" / name).read_bytes() == content


@pytest.mark.parametrize(
    "address",
    ["http://a..b/", f"http://{'x' * 70}/", "http://[::1", "nothing"],
)
def test_an_address_that_is_none_is_passed_over_with_one_line(
    data, address, capsys
):
    assert provide_from(data, address) == STANDIN
    assert capsys.readouterr().err.count("passed over") == 1


@pytest.mark.parametrize(
    "fault",
    [
        "503",
        "empty",
        "html",
        "tampered",
        "truncated",
        "hanging",
        "dripping",
        "endless",
    ],
)
def test_without_a_good_mirror_no_bad_file_is_left_and_a_standin_is_made(
    data, mirror, fault
):
    assert provide_from(data, mirror(fault)) == STANDIN
    for name in names(data / "mnist"):
        assert (data / "mnist" / name).read_bytes() == CONTENT[name]
    assert not any("images" in name for name in names(data / "mnist"))
    assert names(data / "standin") == set(FILES)


def test_mirrors_that_are_not_there_are_known_soon(data, capsys):
    silent = socket.create_server(("127.0.0.1", 0))  # never accepts
    with silent:
        port = silent.getsockname()[1]
        found = provide_from(
            data, f"http://127.0.0.1:{port}/a", "http://127.0.0.1:9/b"
        )
    assert found == STANDIN
    assert capsys.readouterr().err.count("passed over") == 2


def test_the_wait_for_silent_mirrors_is_well_below_20_seconds():
    assert fetch_mnist.ANSWER_SECONDS <= 10


def test_good_files_are_not_fetched_again_and_the_note_is_not_touched(
    data, mirror, server
):
    provide_from(data, mirror("good"))
    before = (data / "source").stat().st_mtime_ns
    server.requests.clear()
    assert provide_from(data, mirror("good")) == "MNIST"
    assert server.requests == []
    assert (data / "source").stat().st_mtime_ns == before


def test_a_file_damaged_later_is_noticed_and_fetched_again(data, mirror):
    provide_from(data, mirror("good"))
    path = data / "mnist" / FILES[0]
    path.write_bytes(path.read_bytes()[:-3])
    assert provide_from(data, mirror("good")) == "MNIST"
    assert path.read_bytes() == CONTENT[FILES[0]]


def test_mnist_replaces_the_standin_when_a_mirror_appears(data, mirror):
    assert provide_from(data, mirror("503")) == STANDIN
    first = (data / "source").read_text()
    assert provide_from(data, mirror("good")) == "MNIST"
    assert (data / "source").read_text() != first


def start(data, mirror):
    """Fetch in a process of its own."""
    code = "import sys, pathlib; from data.fetch_mnist import provide; "
    code += "provide(pathlib.Path(sys.argv[1]))"
    environ = {k: v for k, v in os.environ.items() if k != "MNIST_DIR"}
    return subprocess.Popen(
        [sys.executable, "-c", code, data],
        cwd=ROOT,
        env=environ | {"MNIST_MIRRORS": mirror},
        stderr=subprocess.DEVNULL,
    )


def test_two_processes_at_once_end_with_good_files(data, mirror):
    both = [start(data, mirror("good")) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert names(data / "mnist") == set(FILES)
    for name, content in CONTENT.items():
        assert (data / "mnist" / name).read_bytes() == content


def test_a_kill_in_the_middle_leaves_nothing_under_a_final_name(
    data, mirror, server
):
    process = start(data, mirror("stuck"))
    assert server.half_sent.wait(60)
    process.kill()
    process.wait()
    server.killed.set()
    for name in names(data / "mnist") & set(FILES):
        assert (data / "mnist" / name).read_bytes() == CONTENT[name]
    assert not any("images" in name for name in names(data / "mnist"))
    assert provide_from(data, mirror("good")) == "MNIST"
    for name, content in CONTENT.items():
        assert (data / "mnist" / name).read_bytes() == content


def test_a_full_disk_is_one_sentence_and_leaves_no_file(
    data, mirror, monkeypatch
):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(SubmissionError, match="No space left on device"):
        provide_from(data, mirror("good"))
    assert names(data / "mnist") == set()


def test_mnist_dir_is_checked_and_used(data, tmp_path):
    folder = tmp_path / "given"
    folder.mkdir()
    for name, content in CONTENT.items():
        (folder / name).write_bytes(content)
    assert provide(data, {"MNIST_DIR": str(folder)}) == "MNIST"
    assert str(folder) in (data / "source").read_text()
    (folder / FILES[2]).write_bytes(b"other")
    with pytest.raises(SubmissionError, match=f"{FILES[2]}.*SHA-256 differs"):
        provide(data, {"MNIST_DIR": str(folder)})
    (folder / FILES[2]).unlink()
    with pytest.raises(SubmissionError, match=f"{FILES[2]} is not in it"):
        provide(data, {"MNIST_DIR": str(folder)})


def test_the_command_ends_with_one_sentence_and_exit_code_2(tmp_path):
    done = subprocess.run(
        [sys.executable, ROOT / "data" / "fetch_mnist.py"],
        env={"MNIST_DIR": str(tmp_path), "PATH": ""},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("error: MNIST_DIR is ")
    assert done.stderr.count("\n") == 1


def test_the_real_registry_names_the_four_files_and_two_mirrors():
    registry = fetch_mnist.read_registry(ROOT / "data")
    assert set(registry) == set(FILES)
    assert all(len(sha256) == 64 for sha256 in registry.values())
    assert fetch_mnist.mirrors({}) == list(fetch_mnist.MIRRORS)
    assert len(fetch_mnist.MIRRORS) == 2


def test_the_standin_is_read_like_mnist_and_says_what_it_is(
    data, mirror, monkeypatch
):
    provide_from(data, mirror("503"))
    monkeypatch.setattr(mnist, "DATA", data)
    mnist.load.cache_clear()
    found = mnist.load()
    mnist.load.cache_clear()
    assert found.name == "digits stand-in"
    assert len(found.X_train) + len(found.X_test) == 1797
    assert len(found.X_train) == len(found.y_train) == 1540
    assert found.X_train.shape[1] == found.X_test.shape[1] == 784
    assert found.X_train.dtype == found.y_train.dtype == np.uint8
    assert found.X_train.max() == 255
    assert sorted(set(found.y_test)) == list(range(10))
