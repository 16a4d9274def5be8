"""IDX files, the form that MNIST and its kin come in: read whole, checked, plain or with .gz."""

from __future__ import annotations

import gzip
import math
import re
import zlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablations.config.errors import DataError
from ablations.data.dataset import Dataset

_BYTES = 8
"""The code of unsigned bytes in an IDX file's head."""
_NAME = re.compile(r"(?P<split>train|test|t10k)[-_.]?(?P<what>images|labels)[-_.]?idx[13][-_.]ubyte(\.gz)?$")


def parse(content: bytes, where: object) -> NDArray[np.uint8]:
    """The array of an IDX file of bytes: two zeros, a type, the number of axes, then the big-endian uint32 of each.

    Raises:
        DataError: the content is something else, or shorter or longer than its head says; `where` names it.
    """
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] != _BYTES or not content[3]:
        raise DataError(f"{where} is no IDX file of bytes")
    axes = content[3]
    if len(content) < 4 + 4 * axes:
        raise DataError(f"{where} is truncated: it ends within its head")
    shape = tuple(int(size) for size in np.frombuffer(content, dtype=">u4", count=axes, offset=4))
    if len(content) != 4 + 4 * axes + math.prod(shape):
        found = len(content) - 4 - 4 * axes
        raise DataError(f"{where} is truncated or altered: it has {found:,} values, its head says {shape}")
    return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * axes).reshape(shape).copy()


def read_bytes(path: Path) -> bytes:
    """The uncompressed bytes of a file, whose name says whether it is compressed.

    Raises:
        DataError: the file cannot be read or unpacked.
    """
    try:
        content = path.read_bytes()
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is truncated or altered ({error}); get it again") from error
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror or error}") from error


def read_split(images: Path, labels: Path | None, *, first_label: int = 0) -> tuple[Tensor, Tensor | None]:
    """Images uint8 (n, 1, height, width), or (n, channels, height, width) of a file with four axes, and labels.

    Raises:
        DataError: a file is not what it should be, or they have unlike numbers.
    """
    pixels = parse(read_bytes(images), images)
    if pixels.ndim not in (3, 4) or not pixels.size:
        raise DataError(f"{images} has the shape {pixels.shape}; expected images (n, height, width)")
    shown = torch.from_numpy(pixels if pixels.ndim == 4 else pixels[:, None])
    if labels is None:
        return shown, None
    told = parse(read_bytes(labels), labels)
    if told.shape != (len(pixels),):
        raise DataError(f"{labels} has the shape {told.shape}, {images} has {len(pixels):,} images: they do not fit")
    if int(told.min()) < first_label:
        raise DataError(f"{labels} has the label {int(told.min())}; they begin at {first_label} here")
    return shown, torch.from_numpy(told.astype(np.int64) - first_label)


def idx_files(folder: Path, pattern: str = "*") -> dict[tuple[str, str], Path]:
    """The IDX files of a folder, of those of a pattern, by split and content, such as ("train", "images").

    Raises:
        DataError: two files of one kind.
    """
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(folder.glob(pattern)):
        if match := _NAME.search(path.name):
            key = ("train" if match["split"] == "train" else "test", match["what"])
            if key in found and found[key].name != path.name.removesuffix(".gz"):
                raise DataError(f"{folder} holds two files of {' '.join(key)}: {found[key].name} and {path.name}")
            found.setdefault(key, path)
    return found


def idx_dataset(
    folder: Path, name: str, *, pattern: str = "*", first_label: int = 0, transposed: bool = False
) -> Dataset:
    """A folder of IDX files, named like MNIST's; without files of labels a dataset that has none.

    Raises:
        DataError: the images of a split, or the labels of one of two, are missing; or what a file of them is not.
    """
    files = idx_files(folder, pattern)
    for split in ("train", "test"):
        if (split, "images") not in files:
            example = "train-images-idx3-ubyte" if split == "train" else "t10k-images-idx3-ubyte"
            raise DataError(f"{folder} has no {split} images; expected a file such as {example}, plain or .gz")
    if (("train", "labels") in files) != (("test", "labels") in files):
        raise DataError(f"{folder} has labels of one split only; put those of the other beside them, or take them away")
    parts = []
    for split in ("train", "test"):
        images, labels = read_split(files[split, "images"], files.get((split, "labels")), first_label=first_label)
        parts += [images.transpose(2, 3).contiguous() if transposed else images, labels]
    train_images, train_labels, test_images, test_labels = parts
    assert train_images is not None
    assert test_images is not None
    if train_images.shape[1:] != test_images.shape[1:]:
        ours, theirs = (tuple(images.shape[1:]) for images in (train_images, test_images))
        raise DataError(f"{folder}: training images are {ours}, test images {theirs}")
    return Dataset(
        name=name,
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
    )
