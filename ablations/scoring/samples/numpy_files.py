"""Images in NumPy files. No pickle is loaded, and no array is unpacked before its shape is known to be one of images.

The header of a member says how large it is, so that a small archive cannot fill the memory unnoticed.
"""

from __future__ import annotations

import io
import struct
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

from numpy.lib import format as npy
from numpy.typing import NDArray
from torch import Tensor

from ablations.config.errors import DataError
from ablations.data import DataShape
from ablations.data.shape import MNIST_SHAPE as SHAPE
from ablations.scoring.samples.checked import Samples, labels_of, samples_of

Array = NDArray[Any]
LARGEST = 8 * 2**30
"""Bytes of an array: more is no set of small samples."""
IMAGES, LABELS = "images", "labels"
UNREADABLE = (
    OSError, ValueError, EOFError, TypeError, KeyError, OverflowError, MemoryError, SyntaxError, RuntimeError,
    tokenize.TokenError, struct.error, zlib.error, zipfile.BadZipFile, AttributeError, IndexError,
)  # fmt: skip
"""What NumPy and zipfile raise for files that are damaged or made to deceive."""


def read_array(path: Path, *, value_range: str | None = None, shape: DataShape = SHAPE) -> Samples:
    """The images of a .npy file; of a .npz file, those of the array `images` or of its only one, with the array
    `labels` beside it if any.

    Raises:
        DataError: the file cannot be read, or does not hold images.
    """
    if path.suffix.lower() == ".npy":
        return samples_of(_npy(path), str(path), value_range=value_range, shape=shape)
    arrays = _npz(path)
    labels = arrays.pop(LABELS, None)
    arrays = {IMAGES: arrays[IMAGES]} if IMAGES in arrays else arrays
    if len(arrays) != 1:
        names = ", ".join(arrays) or "none"
        raise DataError(
            f"{path} has these arrays of images: {names}; expected one, or one called {IMAGES!r}, and at most "
            f"{LABELS!r} beside it"
        )
    ((name, images),) = arrays.items()
    return samples_of(images, f"{path} ({name})", value_range=value_range, labels=labels, shape=shape)


def read_labels(path: Path, count: int, shape: DataShape = SHAPE) -> Tensor:
    """The labels of a .npy file, for so many images.

    Raises:
        DataError: the file cannot be read, or does not hold as many labels.
    """
    return labels_of(_npy(path), str(path), count, shape)


def _npy(path: Path) -> Array:
    try:
        return _array(path.read_bytes())
    except UNREADABLE as error:
        raise _unreadable(path, "a NumPy file (.npy)", error) from error


def _npz(path: Path) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [item for item in archive.infolist() if item.filename.endswith(".npy")]
            if sum(item.file_size for item in members) > LARGEST:
                raise ValueError(f"its arrays take more than {LARGEST >> 30} GiB")
            return {item.filename.removesuffix(".npy"): _array(archive.read(item)) for item in members}
    except UNREADABLE as error:
        raise _unreadable(path, "an archive of NumPy files (.npz)", error) from error


def _array(content: bytes) -> Array:
    """The array of a .npy file's bytes; one that claims more than there are is refused by NumPy's reader."""
    array: Array = npy.read_array(io.BytesIO(content), allow_pickle=False)
    return array


def _unreadable(path: Path, expected: str, error: BaseException) -> DataError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    first = reason.splitlines()[0]
    return DataError(f"cannot read {path} as {expected}: {first}")
