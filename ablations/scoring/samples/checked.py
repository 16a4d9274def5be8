"""What samples must be, and how pixels become [0, 1]."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablations.config.errors import DataError

RANGES: Mapping[str, tuple[float, float]] = {"0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0), "0..255": (0.0, 255.0)}
"""Black and white of float images."""
SHAPES = "(n, 28, 28), (n, 1, 28, 28), (n, 28, 28, 1) or (n, 784)"
BRIGHT = 128
"""Float images that reach this are taken for 0..255: what leaves [-1, 1] by less is more likely a mistake."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Samples:
    """Images to score, and the classes they should show, if any."""

    images: Tensor
    """(n, 28, 28), uint8 or float32 in [0, 1]."""
    labels: Tensor | None
    """int64, (n,)."""
    source: str
    """What they were read from."""
    pixels: str
    """How the pixels were understood, such as "float32, -1..1, detected"."""


def samples_of(
    array: NDArray[Any], source: str, *, value_range: str | None, labels: NDArray[Any] | None = None
) -> Samples:
    """Check an array of images and bring it to one form.

    Raises:
        DataError: another shape, type or range, or labels that do not fit.
    """
    images = _shaped(array, source)
    if not len(images):
        raise DataError(f"{source} holds no images")
    tensor, pixels = _scaled(images, source, value_range)
    asked = None if labels is None else labels_of(labels, source, len(tensor))
    return Samples(images=tensor, labels=asked, source=source, pixels=pixels)


def labels_of(array: NDArray[Any], source: str, count: int) -> Tensor:
    """Labels as int64 (n,).

    Raises:
        DataError: not as many whole numbers from 0 to 9 as there are images.
    """
    if array.ndim != 1 or array.dtype.kind not in "iu":
        found = f"{array.dtype} of shape {array.shape}"
        raise DataError(f"the labels of {source} are {found}; expected whole numbers 0 to 9, one for each image: (n,)")
    if len(array) != count:
        raise DataError(f"{source}: {len(array):,} labels for {count:,} images; expected one for each")
    if len(array) and (array.min() < 0 or array.max() > 9):
        raise DataError(f"the labels of {source} go from {array.min()} to {array.max()}; expected 0 to 9")
    return torch.from_numpy(array.astype(np.int64))


def _shaped(array: NDArray[Any], source: str) -> NDArray[Any]:
    shape = array.shape
    if array.ndim < 2 or shape[1:] not in ((28, 28), (1, 28, 28), (28, 28, 1), (784,)):
        raise DataError(f"{source} has the shape {shape}; expected {SHAPES}")
    return array.reshape(-1, 28, 28)


def _scaled(images: NDArray[Any], source: str, stated: str | None) -> tuple[Tensor, str]:
    """The images as a tensor, and the words for how their pixels were understood."""
    kind = images.dtype.newbyteorder("=")
    if kind != np.uint8 and kind not in (np.float16, np.float32, np.float64):
        raise DataError(f"{source} has the type {kind}; expected uint8 (0 to 255) or float16, float32, float64")
    low, high = float(images.min()), float(images.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        spoiled = int((~np.isfinite(images).all(axis=(1, 2))).sum())
        raise DataError(f"{source}: {spoiled:,} of {len(images):,} images hold values that are not finite")
    if kind == np.uint8 and stated in (None, "0..255"):
        if high <= 1 and stated is None:
            raise DataError(
                f"{source} is uint8 and no pixel is above {high:.0f}: black, if white is 255; state the range with "
                "--range (0..1, or 0..255 if they are that dark)"
            )
        return torch.from_numpy(np.array(images, dtype=np.uint8)), "uint8, 0..255"
    name = stated or _detected(low, high, source)
    black, white = RANGES[name]
    if low < black or high > white:
        raise DataError(f"{source} has pixels from {low:.4g} to {high:.4g}; expected {name} as --range states")
    unit = (images.astype(np.float32) - np.float32(black)) / np.float32(white - black)
    how = f"{kind}, {name}, {'as stated' if stated else 'detected'} ({low:.3g} to {high:.3g})"
    return torch.from_numpy(unit.clip(0, 1)), how


def _detected(low: float, high: float, source: str) -> str:
    if low >= 0 and high <= 1:
        return "0..1"
    if low >= -1 and high <= 1:
        return "-1..1"
    if low >= 0 and BRIGHT <= high <= 255:
        return "0..255"
    ranges = ", ".join(RANGES)
    raise DataError(
        f"{source} has pixels from {low:.4g} to {high:.4g}, which is none of the ranges {ranges}; clip or rescale "
        "them, or state the range with --range"
    )
