"""The extractors that are trained here, by name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from ablations.data import Dataset
from ablations.scoring.extractors.fitting import Progress, silent
from ablations.scoring.extractors.frozen import Trained
from ablations.scoring.extractors.train_contrastive import train_contrastive
from ablations.scoring.extractors.train_reader import train_reader


class Trainer(Protocol):
    """Trains on a dataset's training images and writes the weights to a file."""

    def __call__(
        self, dataset: Dataset, out: Path, *, seed: int = ..., epochs: int = ..., on_progress: Progress = silent
    ) -> Trained: ...


TRAINERS: Mapping[str, Trainer] = {"reader": train_reader, "contrastive": train_contrastive}
