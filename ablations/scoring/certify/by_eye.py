"""Contact sheets that a person labels by eye, before the reader's labels are seen; then how far the two agree.

A sheet is the data as well: `COLUMNS` images a row at their own size, without gaps, in 256 greys.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ablations.config.errors import DataError

COLUMNS = 10
UNREADABLE = "-"
HEADER = ("image", "label")

Grey = NDArray[np.uint8]


def sheet(images: Tensor) -> bytes:
    """PNG of grey images (n, 1, height, width) in [0, 1], row by row; n is a multiple of `COLUMNS`."""
    pixels = (images.clamp(0, 1) * 255).round().to(torch.uint8).numpy()[:, 0]
    count, height, width = pixels.shape
    rows = pixels.reshape(count // COLUMNS, COLUMNS, height, width).swapaxes(1, 2)
    file = io.BytesIO()
    Image.fromarray(rows.reshape(-1, COLUMNS * width)).save(file, format="PNG", optimize=True)
    return file.getvalue()


def images_of(content: bytes, side: int = 28) -> Tensor:
    """The images of a sheet, uint8 (n, 1, side, side)."""
    pixels = np.asarray(Image.open(io.BytesIO(content)))
    rows = pixels.reshape(-1, side, COLUMNS, side).swapaxes(1, 2)
    return torch.from_numpy(rows.reshape(-1, 1, side, side).copy())


def read_labels(text: str) -> tuple[str, ...]:
    """The labels of a CSV file: a class or `UNREADABLE` for each image, in the order of the sheet.

    Raises:
        DataError: something else stands there.
    """
    rows = list(csv.reader(io.StringIO(text)))
    labels = tuple(label for _, label in rows[1:])
    known = all(label == UNREADABLE or label.isdigit() for label in labels)
    if (
        not rows
        or tuple(rows[0]) != HEADER
        or not known
        or [row[0] for row in rows[1:]] != [*map(str, range(len(labels)))]
    ):
        raise DataError(f"labels by eye are lines of {','.join(HEADER)}, numbered from 0; a label is a digit or -")
    return labels


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Labels by eye against the reader's, of the same images."""

    images: int
    same: float
    """Share of images that both give the same label, or both call unreadable."""
    readable_by_eye: float
    readable_by_reader: float
    same_class: float
    """Share with the same class among the images that both can read; NaN where there are none."""
    apart: float
    """Total variation distance of the class shares over what each can read: 0 alike, 1 nothing in common."""


def agreement(eye: Sequence[str], reader: Sequence[str]) -> Agreement:
    """From a label for each image: a class or `UNREADABLE`."""
    ours, theirs = np.array(eye), np.array(reader)
    seen, read = ours != UNREADABLE, theirs != UNREADABLE
    both = seen & read
    return Agreement(
        images=len(ours),
        same=float((ours == theirs).mean()),
        readable_by_eye=float(seen.mean()),
        readable_by_reader=float(read.mean()),
        same_class=float((ours == theirs)[both].mean()) if both.any() else float("nan"),
        apart=_apart(ours[seen], theirs[read]),
    )


def _apart(ours: NDArray[np.str_], theirs: NDArray[np.str_]) -> float:
    if not len(ours) or not len(theirs):
        return float("nan")
    classes = sorted({*ours, *theirs})
    return float(sum(abs((ours == label).mean() - (theirs == label).mean()) for label in classes) / 2)
