"""Real images in sets that take turns as samples."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablations.catalog.metric_facts import protocol
from ablations.catalog.metrics import facts
from ablations.data import Dataset
from ablations.scoring.certify.damages import SEED
from ablations.scoring.certify.operations import Material
from ablations.scoring.extractors.classifier import Classifier
from ablations.scoring.metrics.values import Features, Reference, Samples
from ablations.scoring.suite import sample_count, score

SETS = 6

Scores = dict[str, float]


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageSets:
    """The training images in disjoint random sets: one is the samples, the rest what a generator may have seen."""

    dataset: Dataset
    classifier: Classifier
    test: Features
    train: Features
    rows: tuple[Tensor, ...]
    """Of each set the indices of its training images."""

    @classmethod
    def of(cls, dataset: Dataset, classifier: Classifier) -> ImageSets:
        """As many images a set as a score takes, or as there are for `SETS` sets."""
        available = len(dataset.train_images)
        size = min(sample_count(dataset), available // SETS)
        order = torch.randperm(available, generator=torch.Generator().manual_seed(SEED))
        return cls(
            dataset=dataset,
            classifier=classifier,
            test=classifier.features(dataset.test_images[: sample_count(dataset)]),
            train=classifier.features(dataset.train_images),
            rows=order.split(size)[:SETS],
        )

    @property
    def protocol(self) -> str:
        return protocol(len(self.rows[0]), len(self.test))

    def rest(self, chosen: Tensor) -> Tensor:
        """Indices of the training images that are not among the chosen, in order."""
        kept = torch.ones(len(self.dataset.train_images), dtype=torch.bool)
        kept[chosen] = False
        return kept.nonzero().squeeze(1)

    def reference(self, chosen: Tensor) -> Reference:
        """The test images as the reference; the chosen images count as new, not as training images."""
        training = part(self.train, self.rest(chosen).numpy())
        return Reference(test=self.test, load_training=lambda: training, digest=self.dataset.digest)

    def material(self, chosen: Tensor) -> Material:
        rest, images, labels = self.rest(chosen), self.dataset.train_images.squeeze(1), self.dataset.labels[0]
        return Material(
            images=images[chosen],
            labels=labels[chosen],
            others=images[rest],
            other_labels=labels[rest],
        )

    def score(self, seen: Features, asked: Tensor, reference: Reference) -> Scores:
        """The full tier, by names without protocol and without the numbers of single classes."""
        scores = score(Samples(seen=seen, asked=asked.numpy()), reference, tier="full")
        return {facts(name).name: value for name, value in scores.items() if not facts(name).many}


def part(features: Features, rows: NDArray[np.integer] | slice) -> Features:
    """Some of the images."""
    return Features(features=features.features[rows], probabilities=features.probabilities[rows])
