"""A folder of the user's as a dataset: of IDX files, or of pictures. `FOLDER@SIZE` says how large pictures become."""

from __future__ import annotations

from pathlib import Path

from ablations.config.errors import DataError
from ablations.data.dataset import Dataset, Notify
from ablations.data.folder_name import folder_of
from ablations.data.idx import idx_dataset, idx_files
from ablations.data.pictures import Sizing, picture_paths, pictures_dataset

USUAL_SIZE = 32
KEPT = "pictures"
"""Below the data folder: what was read of pictures."""
CELEBA, CELEBA_PICTURES, CELEBA_CROP = "celeba", 20_000, 128
"""The book takes the first 20,000 of the 202,599 aligned pictures, 178x218, and cuts 128x128 out of the middle."""


def load_folder(text: str, data_folder: Path, notify: Notify) -> Dataset:
    """The dataset of a folder, named as on a command line.

    Raises:
        DataError: no such folder, or one that holds neither.
    """
    folder, size = folder_of(text)
    if not folder.is_dir():
        raise DataError(f"there is no folder {folder}")
    if idx_files(folder):
        if size is not None:
            raise DataError(f"{folder} holds IDX files, which keep their size: leave out @{size}")
        return idx_dataset(folder, folder.name)
    if not picture_paths(folder):
        raise DataError(f"{folder} holds neither IDX files (train-images-idx3-ubyte, ...) nor pictures")
    return pictures_dataset(folder, folder.name, Sizing(size=size or USUAL_SIZE), data_folder / KEPT, notify)


def load_celeba(folder: Path, notify: Notify) -> Dataset:
    """CelebA (Liu et al. 2015) as S1 has it: 128x128 of the middle, in colour, without labels."""
    return _celeba(CELEBA, CELEBA_CROP, folder, notify)


def load_small_celeba(folder: Path, notify: Notify) -> Dataset:
    """The same, scaled to 32x32: what a CPU can train on in minutes."""
    return _celeba(f"{CELEBA}-32", 32, folder, notify)


def _celeba(name: str, size: int, folder: Path, notify: Notify) -> Dataset:
    place = folder / CELEBA
    if not place.is_dir():
        raise DataError(
            f"{name} is not in {place}: it cannot be fetched by a program. Get the aligned pictures (img_align_celeba, "
            f"178x218) from its authors' page and put them into {place}; or work on the drawn faces, --data faces"
        )
    sizing = Sizing(size=size, crop=CELEBA_CROP, most=CELEBA_PICTURES)
    return pictures_dataset(place, name, sizing, folder / KEPT, notify)
