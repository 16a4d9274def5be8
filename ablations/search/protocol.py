"""What tuning may see: a part of the training images to score on, and seeds that no study uses.

The first sixth of the training images (MNIST: 10,000) is the validation part; trials train on the rest and never see a
test image. Studies use the seeds from 0 on; tuning and the selection of the winner have seeds of their own. So the
final comparison is made on seeds and images that had no part in any choice.
"""

from __future__ import annotations

import functools
from pathlib import Path

from ablations.config.errors import ConfigError
from ablations.data import Dataset, load_dataset
from ablations.execution.recorder import Scorer
from ablations.scoring.extractors.classifier import load_classifier

VALIDATION_SHARE = 6
TUNING_SEED = 1_000_000
SELECTION_SEED = 2_000_000


def tuning_seeds(count: int) -> tuple[int, ...]:
    return _seeds(TUNING_SEED, count)


def selection_seeds(count: int) -> tuple[int, ...]:
    return _seeds(SELECTION_SEED, count)


def _seeds(first: int, count: int) -> tuple[int, ...]:
    if not 1 <= count <= SELECTION_SEED - TUNING_SEED:
        raise ConfigError(f"the seeds of a trial must be 1 to {SELECTION_SEED - TUNING_SEED:,}, not {count}")
    return tuple(range(first, first + count))


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


@functools.lru_cache(maxsize=1)
def load_split(name: str, folder: Path | None) -> Dataset:
    """The split of a dataset by name; kept for the next trial of this process."""
    return validation_split(load_dataset(name, folder=folder))


@functools.lru_cache(maxsize=1)
def load_scorer(name: str, folder: Path | None, device: str) -> Scorer:
    """The scorer on the validation part; kept for the next trial of this process."""
    return Scorer(load_split(name, folder), load_classifier(device=device))
