"""Sample grids as PNG data. Pure: arrays in, bytes or text out."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

COLUMNS, ROWS = 10, 4
"""Ten columns, so that a conditional model's column is one class."""
GREY = 68


def grid(images: NDArray[Any], columns: int = COLUMNS, rows: int = ROWS) -> NDArray[np.uint8]:
    """The first images as one picture, row by row, one black pixel between them.

    Images are uint8 (n, height, width) or (n, channels, height, width), of 1 channel or 3; a picture is (height, width)
    where they are grey and (height, width, 3) where they are in colour.
    """
    shown = _channels_last(images[: columns * rows], 1)
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    height, width, *colours = shown.shape[1:]
    canvas = np.zeros((rows * (height + 1) - 1, columns * (width + 1) - 1, *colours), dtype=np.uint8)
    for index, image in enumerate(shown):
        top, left = (index // columns) * (height + 1), (index % columns) * (width + 1)
        canvas[top : top + height, left : left + width] = image
    return canvas


def table(images: NDArray[np.uint8], gap: int = 2) -> NDArray[np.uint8]:
    """Images (rows, columns, [channels,] height, width) as one picture, twice as large, with grey lines between them.

    For images that belong together: samples above their nearest training images, or the grades of a damage.
    """
    shown = _channels_last(images, 2)
    rows, columns, height, width, *colours = shown.shape
    canvas = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap, *colours), GREY, dtype=np.uint8)
    for row, column in np.ndindex(rows, columns):
        top, left = row * (height + gap), column * (width + gap)
        canvas[top : top + height, left : left + width] = shown[row, column]
    return canvas.repeat(2, axis=0).repeat(2, axis=1)


def png(picture: NDArray[np.uint8]) -> bytes:
    """PNG in 16 shades of grey, which the eye does not tell from 256 in a thumbnail and which take half the bytes; a
    picture in colour in all of its colours.
    """
    file = io.BytesIO()
    if picture.ndim == 3:
        Image.fromarray(picture).save(file, format="PNG", optimize=True)
        return file.getvalue()
    shades = Image.fromarray(np.asarray((picture.astype(np.uint16) + 8) // 17, dtype=np.uint8), mode="P")
    shades.putpalette([17 * shade for shade in range(16) for _ in range(3)])
    shades.save(file, format="PNG", optimize=True, bits=4)
    return file.getvalue()


def _channels_last(images: NDArray[Any], leading: int) -> NDArray[Any]:
    """Images with their channels behind; grey ones without. `leading` axes stand before those of an image."""
    if images.ndim == leading + 2:
        return images
    return images[..., 0, :, :] if images.shape[leading] == 1 else np.moveaxis(images, leading, -1)


def data_uri(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()
