"""Scores of samples that come from elsewhere: every metric, beside the same metrics of real images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ablations.catalog.metrics import facts
from ablations.config.errors import DataError
from ablations.data import Dataset
from ablations.scoring.identity import scorer_identity
from ablations.scoring.metrics.array_types import seeded_rows
from ablations.scoring.metrics.frechet_inf import GROUPS
from ablations.scoring.panel import Panel
from ablations.scoring.samples import Samples
from ablations.scoring.suite import evaluate, references_of, sample_count

LEAST = 2 * GROUPS
"""Samples below which some metric has no value at all."""


@dataclass(frozen=True, kw_only=True)
class Score:
    """All metrics of a set of samples, and what they depend on."""

    samples: int
    """How many were scored."""
    dataset: str
    data_digest: str
    scorer: str
    """Identity of what measured: see `scorer_identity`."""
    metrics: dict[str, float]
    noise_floor: dict[str, float]
    """The same metrics of as many training images and their labels: what no generator need do better than."""


def score(samples: Samples, dataset: Dataset, panel: Panel, *, allow_fewer: bool = False) -> Score:
    """The full tier for `sample_count` of the samples, drawn at random, always the same ones; with `allow_fewer` for
    fewer, under names that say so.

    Raises:
        DataError: fewer samples than that.
    """
    wanted = sample_count(dataset)
    count = min(len(samples.images), wanted)
    least = LEAST if allow_fewer else wanted
    if count < least:
        hint = "" if allow_fewer else f" (--allow-fewer scores {LEAST} or more, under names that state the number)"
        raise DataError(f"{samples.source} holds {count:,} samples; at least {least:,} are needed{hint}")
    references = references_of(dataset, panel)

    def numbers(images: Tensor, labels: Tensor | None, rows: Any) -> dict[str, float]:
        return evaluate(images[rows], panel, references, None if labels is None else labels[rows], tier="full")

    # files of samples are often sorted by class; the data are not
    metrics = numbers(samples.images, samples.labels, seeded_rows(len(samples.images), count))
    floor = numbers(dataset.train_images, dataset.train_labels, slice(count))
    return Score(
        samples=count,
        dataset=dataset.name,
        data_digest=dataset.digest,
        scorer=scorer_identity(panel),
        metrics=metrics,
        noise_floor={name: math.nan if facts(name).about_copies else floor[name] for name in metrics},
    )
