"""Images in a folder of PNG files."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ablations.config.errors import DataError
from ablations.data import DataShape
from ablations.data.shape import MNIST_SHAPE as SHAPE
from ablations.scoring.samples.checked import Samples, samples_of


def read_folder(folder: Path, *, shape: DataShape = SHAPE) -> Samples:
    """All PNG files of a folder, in the order of their names; for grey data grey, or colour without any colour in it.

    Raises:
        DataError: the folder has none, or one that is no picture of the data's size, or in colour where they are grey.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")
    except OSError as error:
        raise DataError(f"cannot read the folder {folder}: {error.strerror or error}") from error
    if not paths:
        raise DataError(f"the folder {folder} holds no PNG file; expected pictures of {shape}, named *.png")
    pixels = np.stack([_pixels(path, shape) for path in paths])
    return samples_of(pixels, str(folder), value_range="0..255", shape=shape)


def _pixels(path: Path, shape: DataShape) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            # A picture that claims to be huge is refused by its size, before it is unpacked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as picture:
                if picture.size != (shape.width, shape.height):
                    width, height = picture.size
                    raise DataError(f"{path} is {width}x{height}; expected {shape.width}x{shape.height}")
                if picture.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
                    raise DataError(f"{path} has pixels of the mode {picture.mode}; expected 8 bits of grey")
                colours = np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read {path} as a PNG picture: {reason}") from error
    if shape.channels == 3:
        return colours
    if np.ptp(colours, axis=2).any():
        raise DataError(f"{path} is in colour; expected grey")
    return colours[:, :, 0]
