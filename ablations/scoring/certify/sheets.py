"""Contact sheets to be labelled by eye: the images as data, and enlarged and numbered to be looked at.

A sheet is the data as well: `COLUMNS` images a row at their own size, without gaps, in 256 greys.
"""

from __future__ import annotations

import io

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

COLUMNS = 10
IMAGES = 200
PART = 50
"""Images of an enlarged part of a sheet."""
ENLARGED = 4
"""Times, without interpolation."""
GAP, MARGIN = 6, 30
"""Pixels between enlarged images, and for the numbers at the left and at the top."""
GRID, TEXT = 96, 255


def files(name: str, images: Tensor, asked: Tensor | None = None) -> dict[str, bytes]:
    """The sheet of grey images (n, 1, height, width) in [0, 1], its enlarged parts, and the classes asked for."""
    found = {f"{name}.png": sheet(images)}
    for start in range(0, len(images), PART):
        found[f"enlarged/{name}-{start}.png"] = enlarged(images[start : start + PART], start)
    if asked is not None:
        rows = "".join(f"{number},{label}\n" for number, label in enumerate(asked.tolist()))
        found[f"{name}.asked.csv"] = f"image,label\n{rows}".encode()
    return found


def sheet(images: Tensor) -> bytes:
    """PNG of grey images (n, 1, height, width) in [0, 1], row by row; n is a multiple of `COLUMNS`."""
    pixels = _pixels(images)
    count, height, width = pixels.shape
    rows = pixels.reshape(count // COLUMNS, COLUMNS, height, width).swapaxes(1, 2)
    return _png(Image.fromarray(rows.reshape(-1, COLUMNS * width)))


def images_of(content: bytes, side: int = 28) -> Tensor:
    """The images of a sheet, uint8 (n, 1, side, side)."""
    pixels = np.asarray(Image.open(io.BytesIO(content)))
    rows = pixels.reshape(-1, side, COLUMNS, side).swapaxes(1, 2)
    return torch.from_numpy(rows.reshape(-1, 1, side, side).copy())


def enlarged(images: Tensor, first: int = 0) -> bytes:
    """PNG of the same images with gaps; at the left the number of each row's first image, at the top what to add."""
    pixels = _pixels(images)
    height, width = (side * ENLARGED + GAP for side in pixels.shape[1:])
    rows = -(-len(pixels) // COLUMNS)
    page = Image.new("L", (MARGIN + COLUMNS * width, MARGIN + rows * height), GRID)
    draw = ImageDraw.Draw(page)
    for column in range(COLUMNS):
        draw.text((MARGIN + column * width + width // 2, MARGIN // 2), f"+{column}", TEXT, anchor="mm")
    for number, image in enumerate(pixels):
        row, column = divmod(number, COLUMNS)
        if not column:
            draw.text((MARGIN // 2, MARGIN + row * height + height // 2), str(first + number), TEXT, anchor="mm")
        large = Image.fromarray(image.repeat(ENLARGED, 0).repeat(ENLARGED, 1))
        page.paste(large, (MARGIN + column * width, MARGIN + row * height))
    return _png(page)


def _pixels(images: Tensor) -> np.ndarray:
    pixels: np.ndarray = (images.clamp(0, 1) * 255).round().to(torch.uint8).numpy()[:, 0]
    return pixels


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return file.getvalue()
