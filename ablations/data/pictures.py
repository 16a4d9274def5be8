"""A folder of pictures as a dataset: cropped, scaled, split, and kept once as bytes.

Pictures that lie in the folder itself have no labels; where they lie in folders of their own, each folder is a class,
in the order of their names. Where there are folders `train` and `test`, these are the splits; else every sixth picture,
in the order of names, is a test image.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from safetensors import SafetensorError
from safetensors.torch import load_file, save

from ablations.config import sha256_of
from ablations.config.errors import DataError
from ablations.data.atomic_files import exclusive, write_atomically
from ablations.data.dataset import Dataset, Notify

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
TEST_EVERY = 6
MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV")
"""Of 8 bits a value, as Pillow calls them: what has more would be cut off at white."""
FORM = 2
"""Of what is kept: another number where the same pictures become other bytes."""
SPLITS = ("train", "test")
LEAST = 12
"""Pictures below which there is nothing to train on and to hold it against."""


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """How a picture becomes an image."""

    size: int
    """Pixels of its sides."""
    crop: int | None = None
    """The square in the picture's middle that is taken, in its pixels; None: the largest."""
    most: int | None = None
    """Pictures that are taken, the first by name; None: all."""


def pictures_dataset(folder: Path, name: str, sizing: Sizing, kept_in: Path, notify: Notify) -> Dataset:
    """The pictures of a folder. They are read once; what came of it lies in `kept_in`, for as long as names, sizes and
    times of the files are the same.

    Raises:
        DataError: too few pictures, one that cannot be read or is smaller than the crop, or nowhere to keep them.
    """
    paths = picture_paths(folder)[: sizing.most]
    if len(paths) < LEAST:
        raise DataError(
            f"{folder} holds {len(paths)} pictures; a dataset needs {LEAST} at least ({', '.join(SUFFIXES)})"
        )
    facts = [(str(path.relative_to(folder)), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    key = sha256_of([FORM, str(folder.resolve()), sizing.size, sizing.crop, facts])[:20]
    kept = kept_in / f"{key}.safetensors"
    with exclusive(kept_in):
        tensors = _kept(kept)
        if tensors is None:
            notify(f"reading {len(paths):,} pictures of {folder}")
            images = np.stack([read_picture(path, sizing) for path in paths])
            tensors = _split(folder, paths, _in_grey(images))
            write_atomically(kept, save(tensors))
    return Dataset(
        name=name,
        train_images=tensors["train_images"],
        train_labels=tensors.get("train_labels"),
        test_images=tensors["test_images"],
        test_labels=tensors.get("test_labels"),
    )


def picture_paths(folder: Path) -> list[Path]:
    """Every picture below a folder, by its path; names that begin with a dot are left out."""
    found = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def read_picture(path: Path, sizing: Sizing) -> NDArray[np.uint8]:
    """One picture as uint8 (3, size, size): the middle cut out, and scaled by averaging (Lanczos).

    Raises:
        DataError: it cannot be read, or is smaller than the crop.
    """
    try:
        with warnings.catch_warnings():
            # A picture that claims to be huge is refused by its size, before it is unpacked.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                if picture.mode not in MODES:
                    raise DataError(
                        f"{path} has pixels of the mode {picture.mode}; expected 8 bits of grey or of each colour"
                    )
                if picture.has_transparency_data and np.asarray(picture.convert("RGBA").getchannel("A")).min() < 255:
                    raise DataError(f"{path} is transparent in part; put it on a background")
                colour = picture.convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, Warning, OSError, SyntaxError, ValueError) as error:
        raise DataError(f"cannot read {path} as a picture: {getattr(error, 'strerror', None) or error}") from error
    cut = crop_centre(colour, sizing.crop or min(colour.size), path)
    scaled = cut if cut.size == (sizing.size, sizing.size) else cut.resize((sizing.size,) * 2, Image.Resampling.LANCZOS)
    return np.asarray(scaled).transpose(2, 0, 1)


def crop_centre(picture: Image.Image, side: int, path: Path) -> Image.Image:
    """The square in the middle (S1); raises `DataError` where the picture is smaller."""
    width, height = picture.size
    if min(width, height) < side:
        raise DataError(f"{path} is {width}x{height}: smaller than the {side}x{side} that are cut out of its middle")
    left, top = (width - side) // 2, (height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def _in_grey(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One channel where no picture has any colour."""
    grey = all((batch == batch[:, :1]).all() for batch in np.array_split(images, max(1, len(images) // 1_000)))
    return images[:, :1] if grey else images


def _split(folder: Path, paths: Sequence[Path], images: NDArray[np.uint8]) -> dict[str, torch.Tensor]:
    places = [path.relative_to(folder).parts[:-1] for path in paths]
    if {place[0] if place else "" for place in places} == set(SPLITS):
        test = np.array([place[0] == "test" for place in places])
        places = [place[1:] for place in places]
    else:
        test = np.arange(len(paths)) % TEST_EVERY == TEST_EVERY - 1
    classes = sorted(set(places))
    if len(classes) > 1 and () in classes:
        inside = next(path for path, place in zip(paths, places, strict=True) if not place)
        raise DataError(f"{inside} lies beside folders of classes; put it into one of them, or all into one folder")
    labels = np.array([classes.index(place) for place in places], dtype=np.int64) if len(classes) > 1 else None
    tensors = {}
    for split, chosen in zip(SPLITS, (~test, test), strict=True):
        tensors[f"{split}_images"] = torch.from_numpy(images[chosen].copy())
        if labels is not None:
            tensors[f"{split}_labels"] = torch.from_numpy(labels[chosen])
    return tensors


def _kept(path: Path) -> dict[str, torch.Tensor] | None:
    """What was kept; None where it is not there or damaged, since it can be made again."""
    try:
        return load_file(path) if path.is_file() else None
    except (OSError, SafetensorError):
        return None
