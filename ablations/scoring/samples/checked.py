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
from ablations.data import DataShape
from ablations.data.shape import MNIST_SHAPE as SHAPE

RANGES: Mapping[str, tuple[float, float]] = {"0..1": (0.0, 1.0), "-1..1": (-1.0, 1.0), "0..255": (0.0, 255.0)}
"""Black and white of float images."""
BRIGHT = 128
"""Float images that reach this are taken for 0..255: what leaves [-1, 1] by less is more likely a mistake."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Samples:
    """Images to score, and the classes they should show, if any."""

    images: Tensor
    """(n, channels, height, width), or (n, height, width) if grey; uint8 or float32 in [0, 1]."""
    labels: Tensor | None
    """int64, (n,)."""
    source: str
    """What they were read from."""
    pixels: str
    """How the pixels were understood, such as "float32, -1..1, detected"."""


def samples_of(
    array: NDArray[Any],
    source: str,
    *,
    value_range: str | None,
    labels: NDArray[Any] | None = None,
    shape: DataShape = SHAPE,
) -> Samples:
    """Check an array of images of data of a shape, by default MNIST's, and bring it to one form.

    Raises:
        DataError: another shape, type or range, or labels that do not fit.
    """
    images = _shaped(array, source, shape)
    if not len(images):
        raise DataError(f"{source} holds no images")
    tensor, pixels = _scaled(images, source, value_range)
    asked = None if labels is None else labels_of(labels, source, len(tensor), shape)
    return Samples(images=tensor, labels=asked, source=source, pixels=pixels)


def labels_of(array: NDArray[Any], source: str, count: int, shape: DataShape = SHAPE) -> Tensor:
    """Labels as int64 (n,).

    Raises:
        DataError: not as many whole numbers, each a class of the data, as there are images.
    """
    if shape.classes is None:
        raise DataError(f"{source} has labels, but the data have none: leave the labels out")
    last = shape.classes - 1
    if array.ndim != 1 or array.dtype.kind not in "iu":
        found = f"{array.dtype} of shape {array.shape}"
        raise DataError(
            f"the labels of {source} are {found}; expected whole numbers 0 to {last}, one for each image: (n,)"
        )
    if len(array) != count:
        raise DataError(f"{source}: {len(array):,} labels for {count:,} images; expected one for each")
    if len(array) and (array.min() < 0 or array.max() > last):
        raise DataError(f"the labels of {source} go from {array.min()} to {array.max()}; expected 0 to {last}")
    return torch.from_numpy(array.astype(np.int64))


def shapes(shape: DataShape) -> tuple[tuple[int, ...], ...]:
    """The forms that an image of data of a shape may have; grey ones may go without their channel."""
    channels, height, width = shape.image
    flat = ((height, width),) if channels == 1 else ()
    return (*flat, (channels, height, width), (height, width, channels), (shape.values,))


def _shaped(array: NDArray[Any], source: str, shape: DataShape) -> NDArray[Any]:
    """(n, channels, height, width), or (n, height, width) if grey."""
    forms = shapes(shape)
    if array.ndim < 2 or array.shape[1:] not in forms:
        named = [f"(n, {', '.join(map(str, form))})" for form in forms]
        raise DataError(f"{source} has the shape {array.shape}; expected {', '.join(named[:-1])} or {named[-1]}")
    channels, height, width = shape.image
    if channels == 1:
        return array.reshape(-1, height, width)
    if array.shape[1:] == (height, width, channels):
        return np.moveaxis(array, -1, 1)
    return array.reshape(-1, channels, height, width)


def _scaled(images: NDArray[Any], source: str, stated: str | None) -> tuple[Tensor, str]:
    """The images as a tensor, and the words for how their pixels were understood."""
    kind = images.dtype.newbyteorder("=")
    if kind != np.uint8 and kind not in (np.float16, np.float32, np.float64):
        raise DataError(f"{source} has the type {kind}; expected uint8 (0 to 255) or float16, float32, float64")
    low, high = float(images.min()), float(images.max())
    if not (np.isfinite(low) and np.isfinite(high)):
        spoiled = int((~np.isfinite(images).reshape(len(images), -1).all(axis=1)).sum())
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
