"""The one scorer: from a model's images to every metric of them, and the identity of what measured."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from ablations.catalog.metric_facts import Tier
from ablations.config.digest import sha256_of
from ablations.data import Dataset
from ablations.data.splits import load_split
from ablations.scoring.extractors.classifier import Classifier, load_classifier
from ablations.scoring.metrics.repeats import SETS, parts_of, repeats
from ablations.scoring.metrics.values import Samples
from ablations.scoring.suite import noise_floor, primary_metric, reference_of, sample_count, score

SUITE = 1
"""The number of the suite of metrics: it changes with any change of a metric's value."""


class Scorer:
    """Scores images of a model against the test images of a dataset."""

    def __init__(self, dataset: Dataset, classifier: Classifier) -> None:
        self._dataset = dataset
        self._classifier = classifier
        self._reference = reference_of(dataset, classifier)
        self._parts = parts_of(self._reference.test)
        self.identity = scorer_identity(classifier)
        self.count = sample_count(dataset)
        """How many images the metrics are taken of."""
        self.noise_floor = noise_floor(dataset, classifier)[primary_metric(dataset)]
        """The primary metric of real training images against the test images."""

    def __call__(
        self, draw: Callable[[int], Tensor], asked: NDArray[Any] | None, tier: Tier = "quick"
    ) -> dict[str, float]:
        """The metrics of a tier.

        `draw(number)` gives `count` images (n, 28, 28) in [0, 1], of other latents for each number; number 0 is what is
        scored. `asked` are the classes that were asked for, (n,), or None.
        """
        seen = self._classifier.features(draw(0))
        scores = score(Samples(seen=seen, asked=asked), self._reference, tier=tier)
        if tier == "full" and self._parts:
            more = [self._classifier.features(draw(number)) for number in range(1, SETS)]
            scores |= repeats([seen, *more], self._parts)
        return scores


def scorer_identity(classifier: Classifier | None = None) -> str:
    """Of the suite and of the extractor's weights: scores of different scorers never stand in one table."""
    return sha256_of([SUITE, (classifier or load_classifier()).digest])[:16]


@functools.lru_cache(maxsize=2)
def load_scorer(name: str, split: str, folder: Path | None, device: str) -> Scorer:
    """The scorer on a split of a dataset; kept for the next job of this process."""
    return Scorer(load_split(name, split, folder)[0], load_classifier(device=device))
