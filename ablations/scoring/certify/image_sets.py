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
from ablations.scoring.features import Features
from ablations.scoring.metrics.values import Reference, reading_of
from ablations.scoring.panel import READER, Panel, Views
from ablations.scoring.suite import References, sample_count, score

SETS = 6

Scores = dict[str, float]


@dataclass(frozen=True, eq=False, kw_only=True)
class ImageSets:
    """The training images in disjoint random sets: one is the samples, the rest what a generator may have seen."""

    dataset: Dataset
    panel: Panel
    test_views: Views
    train_views: Views
    rows: tuple[Tensor, ...]
    """Of each set the indices of its training images."""

    @classmethod
    def of(cls, dataset: Dataset, panel: Panel) -> ImageSets:
        """As many images a set as a score takes, or as there are for `SETS` sets."""
        available = len(dataset.train_images)
        size = min(sample_count(dataset), available // SETS)
        order = torch.randperm(available, generator=torch.Generator().manual_seed(SEED))
        return cls(
            dataset=dataset,
            panel=panel,
            test_views=panel.views(dataset.test_images[: sample_count(dataset)]),
            train_views=panel.views(dataset.train_images),
            rows=order.split(size)[:SETS],
        )

    @property
    def test(self) -> Features:
        """The test images as the reader sees them."""
        return self.test_views[READER]

    @property
    def train(self) -> Features:
        """The training images as the reader sees them."""
        return self.train_views[READER]

    @property
    def protocol(self) -> str:
        return protocol(len(self.rows[0]), len(self.test))

    def rest(self, chosen: Tensor) -> Tensor:
        """Indices of the training images that are not among the chosen, in order."""
        kept = torch.ones(len(self.dataset.train_images), dtype=torch.bool)
        kept[chosen] = False
        return kept.nonzero().squeeze(1)

    def references(self, chosen: Tensor) -> References:
        """The test images as references; the chosen images count as new, not as training images."""
        rest = self.rest(chosen).numpy()

        def reference(name: str) -> Reference:
            training = self.train_views[name].rows(rest)
            return Reference(test=self.test_views[name], read=reading_of(self.test), load_training=lambda: training)

        return {name: reference(name) for name in self.test_views}

    def material(self, chosen: Tensor) -> Material:
        rest, images, labels = self.rest(chosen), self.dataset.train_images.squeeze(1), self.dataset.labels[0]
        return Material(
            images=images[chosen],
            labels=labels[chosen],
            others=images[rest],
            other_labels=labels[rest],
        )

    def score(self, views: Views, asked: Tensor, references: References) -> Scores:
        """The full tier, by names without protocol and without the numbers of single classes."""
        scores = score(views, references, asked.numpy(), tier="full")
        return {facts(name).name: value for name, value in scores.items() if not facts(name).many}


def part(views: Views, rows: NDArray[np.integer] | slice) -> Views:
    """Some of the images."""
    return {name: seen.rows(rows) for name, seen in views.items()}
