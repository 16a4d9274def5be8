"""Images in a folder of PNG files."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from ablations.config.errors import DataError
from ablations.scoring.samples.checked import Samples, samples_of

SIDE = 28


def read_folder(folder: Path) -> Samples:
    """All PNG files of a folder, in the order of their names; grey, or colour without any colour in it.

    Raises:
        DataError: the folder has none, or one that is no grey picture of 28x28.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".png")
    except OSError as error:
        raise DataError(f"cannot read the folder {folder}: {error.strerror or error}") from error
    if not paths:
        raise DataError(f"the folder {folder} holds no PNG file; expected pictures of 28x28, named *.png")
    return samples_of(np.stack([_pixels(path) for path in paths]), str(folder), value_range="0..255")


def _pixels(path: Path) -> NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            # A picture that claims to be huge is refused by its size, before it is unpacked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as picture:
                if picture.size != (SIDE, SIDE):
                    width, height = picture.size
                    raise DataError(f"{path} is {width}x{height}; expected {SIDE}x{SIDE}")
                if picture.mode not in ("1", "L", "LA", "P", "PA", "RGB", "RGBA"):
                    raise DataError(f"{path} has pixels of the mode {picture.mode}; expected 8 bits of grey")
                colours = np.asarray(picture.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(f"cannot read {path} as a PNG picture: {reason}") from error
    if np.ptp(colours, axis=2).any():
        raise DataError(f"{path} is in colour; expected grey")
    return colours[:, :, 0]
