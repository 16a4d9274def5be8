"""What of a dataset is trained on and what is scored on.

`whole` is the dataset as it is. `validation` is for tuning: the first sixth of the training images (MNIST: 10,000)
takes the place of the test images, the rest is trained on, and no test image is ever seen.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

from ablations.config.errors import unknown
from ablations.data import load_dataset
from ablations.data.dataset import Dataset

VALIDATION_SHARE = 6


def validation_split(dataset: Dataset) -> Dataset:
    """The training images alone, as a dataset: its test images are the validation part.

    So everything that scores a model on a dataset scores it on the validation part of this one.
    """
    count, labels = len(dataset.train_images) // VALIDATION_SHARE, dataset.train_labels
    return Dataset(
        name=f"{dataset.name}-validation",
        train_images=dataset.train_images[count:],
        train_labels=None if labels is None else labels[count:],
        test_images=dataset.train_images[:count],
        test_labels=None if labels is None else labels[:count],
    )


SPLITS: Mapping[str, Callable[[Dataset], Dataset]] = {"whole": lambda dataset: dataset, "validation": validation_split}


@functools.lru_cache(maxsize=2)
def load_split(name: str, split: str, folder: Path | None) -> tuple[Dataset, str]:
    """A split of a dataset by name, and the digest of the whole dataset; kept for the next job of this process."""
    if split not in SPLITS:
        raise unknown("split", split, SPLITS)
    whole = load_dataset(name, folder=folder)
    return SPLITS[split](whole), whole.digest
