"""Sample grids as PNG data. Pure: arrays in, bytes or text out."""

from __future__ import annotations

import base64
import functools
import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

COLUMNS, ROWS = 10, 4
GREY = 68
GAP = 2
"""Between the images of a sheet, in pixels."""
MARGIN_LETTERS = 14
"""Size of the letters beside a row, in pixels."""
WORD_HEIGHT = 12
"""Of what stands under an image, in its pixels."""
Picture = NDArray[np.uint8]
"""Of shape (height, width), or (height, width, 3) in colour."""


def grid(images: NDArray[Any], columns: int = COLUMNS, rows: int = ROWS) -> Picture:
    """The first images as one picture, row by row, one black pixel between them.

    Images are uint8 of shape (n, height, width) or (n, channels, height, width). With as many columns as there are
    classes, a column of a conditional model is one class.
    """
    shown = _channels_last(images[: columns * rows], 3)
    columns = min(columns, len(shown))
    missing = -len(shown) % columns
    filled = np.concatenate([shown, np.zeros((missing, *shown.shape[1:]), np.uint8)])
    return _joined(filled.reshape(-1, columns, *shown.shape[1:]), gap=1, shade=0)


def table(images: NDArray[np.uint8], gap: int = 2) -> Picture:
    """Images (rows, columns, ..., height, width) as one picture, twice as large, with grey lines between them.

    For images that belong together: samples above their nearest training images, or the grades of a damage.
    """
    return _joined(_channels_last(images, 4), gap=gap, shade=GREY).repeat(2, axis=0).repeat(2, axis=1)


def sheet(images: NDArray[np.uint8], scale: int, words: Sequence[str] = ()) -> Picture:
    """Images (rows, columns, ..., height, width), each pixel a square of `scale`, with what each row is left of it."""
    large = _channels_last(images, 4).repeat(scale, axis=2).repeat(scale, axis=3)
    picture = _joined(large, gap=GAP, shade=GREY)
    if not any(words):
        return picture
    font = ImageFont.load_default(MARGIN_LETTERS)
    wide = MARGIN_LETTERS + max(math.ceil(font.getlength(word)) for word in words)
    margin = Image.new("L", (wide, len(picture)), 0)
    for row, word in enumerate(words):
        middle = row * (large.shape[2] + GAP) + large.shape[2] / 2
        ImageDraw.Draw(margin).text((wide - MARGIN_LETTERS / 2, middle), word, 200, font=font, anchor="rm")
    shown = np.asarray(margin) if picture.ndim == 2 else np.asarray(margin)[..., None].repeat(3, axis=2)
    return np.concatenate([shown, picture], axis=1)


def with_words(images: NDArray[np.uint8], words: Sequence[Sequence[str]]) -> NDArray[np.uint8]:
    """Grey images (rows, columns, height, width), each with a short word under it: `WORD_HEIGHT` taller."""
    rows, columns, height, width = images.shape
    taller = np.zeros((rows, columns, height + WORD_HEIGHT, width), np.uint8)
    taller[:, :, :height] = images
    font = ImageFont.load_default(WORD_HEIGHT - 1)
    for row, column in np.ndindex(rows, columns):
        strip = Image.new("L", (width, WORD_HEIGHT), 0)
        ImageDraw.Draw(strip).text((width / 2, WORD_HEIGHT / 2), words[row][column], 170, font=font, anchor="mm")
        taller[row, column, height:] = np.asarray(strip)
    return taller


def _channels_last(images: NDArray[Any], grey: int) -> NDArray[Any]:
    """Images of `grey` dimensions as they are; of one more, their channels go last, or away where there is one."""
    if images.ndim == grey:
        return images
    return images.squeeze(-3) if images.shape[-3] == 1 else np.moveaxis(images, -3, -1)


def _joined(images: NDArray[Any], *, gap: int, shade: int) -> Picture:
    rows, columns, height, width, *colour = images.shape
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, *colour)
    canvas = np.full(shape, shade, dtype=np.uint8)
    for row, column in np.ndindex(rows, columns):
        top, left = row * (height + gap), column * (width + gap)
        canvas[top : top + height, left : left + width] = images[row, column]
    return canvas


def png(picture: Picture) -> bytes:
    """PNG; in 16 shades of grey, which the eye does not tell from 256 in a thumbnail and which take half the bytes."""
    return _png(picture.tobytes(), picture.shape)


@functools.lru_cache(maxsize=1_024)
def _png(data: bytes, shape: tuple[int, ...]) -> bytes:
    """Kept, since a page measures a grid, shows it, and lays it beside itself."""
    picture = np.frombuffer(data, dtype=np.uint8).reshape(shape)
    file = io.BytesIO()
    if picture.ndim == 3:
        Image.fromarray(picture).save(file, format="PNG", optimize=True)
        return file.getvalue()
    shades = Image.fromarray(np.asarray((picture.astype(np.uint16) + 8) // 17, dtype=np.uint8), mode="P")
    shades.putpalette([17 * shade for shade in range(16) for _ in range(3)])
    shades.save(file, format="PNG", optimize=True, bits=4)
    return file.getvalue()


def exact_png(picture: Picture) -> bytes:
    """PNG in all shades."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", optimize=True)
    return file.getvalue()


def gif(pictures: Sequence[Picture], milliseconds: int) -> bytes:
    """The pictures one after the other, again and again; the last one stands three times as long."""
    first, *others = [Image.fromarray(picture) for picture in pictures]
    durations = [*[milliseconds] * len(others), 3 * milliseconds]
    file = io.BytesIO()
    first.save(file, format="GIF", save_all=True, append_images=others, duration=durations, loop=0, optimize=False)
    return file.getvalue()


def data_uri(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()
