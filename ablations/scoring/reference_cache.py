"""What is known of real images, kept on disk between processes: their features, and what metrics make of those.

A folder a set of references, a file a value, in the user's cache folder. The folder's name is a digest of everything
that a value depends on to the last bit: the images, the weights, the source of what computes it, the libraries, the
processor's kernels. A file is written by one atomic rename and begins with the digest of its content, so one that is
damaged counts as absent. Nothing is lost where the folder cannot be used: values are computed again.
"""

from __future__ import annotations

import functools
import hashlib
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import safetensors.numpy
import scipy
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError

from ablations.config.digest import sha256_of
from ablations.config.errors import DataError
from ablations.config.paths import with_home
from ablations.data.atomic_files import write_atomically

ENVIRONMENT_VARIABLE = "ABLATIONS_CACHE"
NOWHERE = "none"
"""As the variable's value: nothing is kept."""
MOST = 12
"""Folders that are kept, the last used ones: about 30 MB each for MNIST."""

Arrays = Mapping[str, NDArray[Any]]


def cache_folder() -> Path | None:
    """The environment variable ABLATIONS_CACHE, else a per-user cache; None: nothing is kept."""
    chosen = os.environ.get(ENVIRONMENT_VARIABLE)
    if chosen == NOWHERE:
        return None
    return (with_home(chosen) if chosen else Path(platformdirs.user_cache_dir("gan-ablations"))) / "references"


@dataclass(frozen=True)
class ReferenceCache:
    """The values of one set of references; make it with `reference_cache`."""

    folder: Path | None

    def kept(self, name: str, compute: Callable[[], Arrays]) -> Arrays:
        """The arrays of that name: read, or computed and written."""
        if self.folder is None:
            return compute()
        path = self.folder / name
        if (found := _read(path)) is not None:
            return found
        made = compute()
        _write(path, made)
        return made


def reference_cache(*identity: Any) -> ReferenceCache:
    """The values of references that differ from all others in `identity`, JSON values: the digests of what they are of.

    Machines of different processors may share the folder.
    """
    folder = cache_folder()
    if folder is None:
        return ReferenceCache(None)
    variables = sorted((name, value) for name, value in os.environ.items() if name.startswith(_VARIABLES))
    machine = [torch.__version__, np.__version__, scipy.__version__, torch.backends.cpu.get_cpu_capability(), variables]
    return ReferenceCache(folder / sha256_of([identity, machine, _source()])[:24])


_VARIABLES = ("MKL_", "ONEDNN_", "ATEN_CPU", "OPENBLAS_", "NPY_")
"""By which libraries are told which kernels to take."""


@functools.cache
def _source() -> str:
    """Of the room that computes what is kept: a value of other code is another value."""
    room = Path(__file__).parent
    texts = hashlib.sha256()
    for file in sorted(room.rglob("*.py")):
        texts.update(str(file.relative_to(room)).encode() + file.read_bytes())
    return texts.hexdigest()


def _read(path: Path) -> Arrays | None:
    try:
        content = path.read_bytes()
        digest, body = content[:32], content[32:]
        if hashlib.sha256(body).digest() != digest:
            return None
        os.utime(path.parent)
        return safetensors.numpy.load(body)
    except (OSError, SafetensorError):
        return None


def _write(path: Path, arrays: Arrays) -> None:
    body = safetensors.numpy.save({name: np.array(value, order="C") for name, value in arrays.items()})
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, hashlib.sha256(body).digest() + body)
        others = sorted(path.parent.parent.iterdir(), key=lambda folder: folder.stat().st_mtime)
    except (OSError, DataError):
        return  # a full disk, a folder that may not be written: the next process computes again
    for old in others[:-MOST]:
        shutil.rmtree(old, ignore_errors=True)
