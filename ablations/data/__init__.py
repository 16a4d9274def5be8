"""The datasets, each held whole in memory as one tensor a split.

Add one by writing a function from a data folder to a `Dataset` and naming it in `config.parts.DATASETS`, or with
`register("dataset", name, function)`.
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from ablations.config.errors import unknown
from ablations.config.own_parts import PartError, failing_in_a_sentence
from ablations.config.parts import DATASETS
from ablations.config.paths import with_home
from ablations.data.dataset import Dataset, Notify
from ablations.data.folder_name import folder_of
from ablations.data.shape import DataShape

__all__ = [
    "ENVIRONMENT_VARIABLE",
    "DataShape",
    "Dataset",
    "Notify",
    "data_folder",
    "files_of",
    "is_folder",
    "load_dataset",
]

ENVIRONMENT_VARIABLE = "ABLATIONS_DATA"
IDX_FILES = 4
"""Of a dataset like MNIST: images and labels, of training and test."""


def load_dataset(name: str = "mnist", *, folder: Path | None = None, notify: Notify = lambda line: None) -> Dataset:
    """Load a dataset by name, or that of a folder; one that is not in the data folder yet is fetched and kept there.

    `folder` moves the data folder; `notify` is called with a line of text before each slow thing that is tried.

    Raises:
        ConfigError: no such dataset.
        DataError: a file is truncated, altered or cannot be written, or no source is in reach.
        PartError: own code fails, or gives something else.
    """
    if name not in DATASETS and is_folder(name):
        from ablations.data.folders import load_folder  # imports torch: only where it is asked for

        return _own(load_folder(name, data_folder(folder), notify))
    if name not in DATASETS:
        raise unknown("dataset, and no folder:", name, DATASETS)
    part = DATASETS[name]
    if part.origin is None:
        built_in: Dataset = part.load()(data_folder(folder), notify)
        return built_in if part.mixed else built_in.shuffled()
    place = f"{part.origin.name}, line {part.line}"
    with failing_in_a_sentence(f"the dataset {name!r}", place):
        dataset = part.load()(data_folder(folder), notify)
    if not isinstance(dataset, Dataset):
        given = type(dataset).__name__
        raise PartError(f"{place}: the dataset {name!r} must give an `ablations.data.Dataset`, not {given}")
    return _own(dataset, mixed=part.mixed)


def _own(dataset: Dataset, *, mixed: bool = False) -> Dataset:
    """Data of the user's own: looked over, and in an order that says nothing of them."""
    from ablations.data.plausible import check_plausible

    check_plausible(dataset)
    return dataset if mixed else dataset.shuffled()


def files_of(name: str, folder: Path | None) -> list[Path] | None:
    """The files that a dataset is read from; None where that is not known beforehand, or where they are not all there.

    `folder` moves the data folder.
    """
    pattern = DATASETS[name].files if name in DATASETS else None
    if not pattern:
        return None if pattern is None else []
    found = sorted(data_folder(folder).glob(pattern))
    return found if len({path.name.removesuffix(".gz") for path in found}) >= IDX_FILES else None


def is_folder(name: str) -> bool:
    """Whether the name of a dataset is that of a folder: one that is there, or a path of several parts."""
    return len(Path(name).parts) > 1 or folder_of(name)[0].is_dir()


def data_folder(option: Path | None = None) -> Path:
    """The folder of the datasets: `option`, else the environment variable ABLATIONS_DATA, else a per-user cache."""
    chosen = option or os.environ.get(ENVIRONMENT_VARIABLE)
    return with_home(chosen) if chosen else Path(platformdirs.user_cache_dir("gan-ablations")) / "data"
