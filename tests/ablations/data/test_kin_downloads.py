"""The kin of MNIST through torchvision's own download, from a server on this machine that has files of their layout."""

from __future__ import annotations

import gzip
import hashlib
import io
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ablations.config.errors import DataError
from ablations.data import load_dataset, sources
from ablations.data.atomic_files import PART
from ablations.data.kin import KIN
from ablations.data.sources import idx_bytes
from tests.ablations.data.orders import order

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def slow(value: str) -> Any:
    """Each case has processes of its own, and they import torchvision."""
    return pytest.param(value, marks=pytest.mark.slow)


def arrays(first_label: int = 0) -> list[Any]:
    """Images that are no squares of one colour, so that a transposed one is another, and labels of three classes."""
    draw = np.random.default_rng(3)
    sizes = (30, 12)
    images = [draw.integers(0, 256, (n, 28, 28), dtype=np.uint8) for n in sizes]
    labels = [(np.arange(n) % 3 + first_label).astype(np.uint8) for n in sizes]
    return [images[0], labels[0], images[1], labels[1]]


def packed(made: list[Any]) -> dict[str, bytes]:
    return {f"/{name}.gz": gzip.compress(idx_bytes(array)) for name, array in zip(NAMES, made, strict=True)}


def emnist_zip(made: list[Any]) -> bytes:
    """As NIST has it: every split in one archive, each file compressed once more."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for split in ("letters", "digits"):
            for name, array in zip(NAMES, made, strict=True):
                inside = f"gzip/emnist-{split}-{name.replace('t10k', 'test')}.gz"
                archive.writestr(inside, gzip.compress(idx_bytes(array)))
    return buffer.getvalue()


class Mirror(ThreadingHTTPServer):
    """Serves `files`; of a path in `cut` the first half alone, before it hangs up; of one in `silent` nothing more."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, bytes] = {}
        self.cut: set[str] = set()
        self.silent: set[str] = set()
        self.asked: list[str] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        if self.path not in self.server.files:
            self.send_error(404)
            return
        content = self.server.files[self.path]
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        whole = self.path not in self.server.cut | self.server.silent
        self.wfile.write(content if whole else content[: len(content) // 2])
        if self.path in self.server.silent:
            self.wfile.flush()
            self.server.closing.wait(30)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()


def moved(server: Mirror, made: list[Any], name: str) -> str:
    """Lines that have torchvision fetch from `server`, with the digests of what it has."""
    if name == "emnist-letters":
        server.files = {"/gzip.zip": emnist_zip(made)}
        digest = hashlib.md5(server.files["/gzip.zip"]).hexdigest()
        return f"EMNIST.url, EMNIST.md5 = '{server.url}/gzip.zip', '{digest}'\n"
    server.files = packed(made)
    resources = [(path[1:], hashlib.md5(content).hexdigest()) for path, content in server.files.items()]
    called = KIN[name].call.partition("(")[0]
    return f"{called}.mirrors, {called}.resources = ['{server.url}/'], {resources}\n"


@pytest.fixture
def fashion(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> Mirror:
    monkeypatch.setattr(sources, "_TORCHVISION", sources._TORCHVISION + moved(mirror, arrays(), "fashion-mnist"))
    return mirror


def raw(folder: Path) -> Path:
    return folder / "FashionMNIST" / "raw"


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in raw(folder).iterdir() if path.name != ".lock")


@pytest.mark.parametrize("name", [name if name == "emnist-letters" else slow(name) for name in KIN])
def test_they_are_fetched_unpacked_and_read_once(
    name: str, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kin = KIN[name]
    made = arrays(kin.first_label)
    monkeypatch.setattr(sources, "_TORCHVISION", sources._TORCHVISION + moved(mirror, made, name))
    said: list[str] = []
    found = load_dataset(name, folder=tmp_path, notify=said.append)
    assert said == [f"fetching {name}: torchvision's download"]
    assert set(mirror.asked) == set(mirror.files)
    asked = len(mirror.asked)
    placed = order(len(made[0]))
    images = torch.from_numpy(made[0][placed])[:, None]
    assert torch.equal(found.train_images, images.transpose(2, 3) if kin.transposed else images)
    assert found.labels[0].tolist() == (made[1] - kin.first_label)[placed].tolist()
    assert len(found.test_images) == len(made[2])
    again = load_dataset(name, folder=tmp_path, notify=said.append)
    assert (again.digest, len(said), len(mirror.asked)) == (found.digest, 1, asked)


@pytest.mark.parametrize("what", [slow("altered"), slow("cut off"), slow("silent"), slow("absent")])
def test_a_download_that_fails_leaves_nothing_and_the_next_one_is_whole(
    what: str, fashion: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "CONNECT_SECONDS", 1)
    [*_, path] = fashion.files
    good = dict(fashion.files)
    fashion.cut, fashion.silent = {path} if what == "cut off" else set(), {path} if what == "silent" else set()
    if what == "altered":
        fashion.files[path] = gzip.compress(b"another file")
    if what == "absent":
        del fashion.files[path]
    reason = {
        "cut off": "corrupted|got only|IncompleteRead",
        "altered": "corrupted",
        "silent": "timed out",
        "absent": "404|Error downloading",
    }
    with pytest.raises(DataError, match=rf"fashion-mnist is not in .*(torchvision's download: .*({reason[what]}))"):
        load_dataset("fashion-mnist", folder=tmp_path)
    assert left(tmp_path) == []
    fashion.files, fashion.cut, fashion.silent = good, set(), set()
    assert len(load_dataset("fashion-mnist", folder=tmp_path).train_images) == len(arrays()[0])
    assert left(tmp_path) == sorted(NAMES)


@pytest.mark.slow
def test_what_a_killed_process_had_fetched_is_swept_away_by_the_next(fashion: Mirror, tmp_path: Path) -> None:
    [*_, path] = fashion.files
    fashion.silent = {path}
    program = (
        "import sys; from pathlib import Path; from ablations.data import load_dataset, sources\n"
        f"sources._TORCHVISION = {sources._TORCHVISION!r}\n"
        "load_dataset('fashion-mnist', folder=Path(sys.argv[1]))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 120
        while path not in fashion.asked and time.monotonic() < deadline:
            time.sleep(0.05)
        assert path in fashion.asked, "the download never came to its last file"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert [name for name in left(tmp_path) if name.startswith(PART)]
    fashion.silent = set()
    fashion.closing.set()
    assert len(load_dataset("fashion-mnist", folder=tmp_path).test_images) == len(arrays()[2])
    assert left(tmp_path) == sorted(NAMES)
