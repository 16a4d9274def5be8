"""The training of the label-free extractor: SimCLR (Chen et al. 2020) with artefacts that views often share."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablations.data import Dataset
from ablations.scoring.extractors import contrastive, fitting
from ablations.scoring.extractors.artefacts import ARTEFACTS, with_artefacts
from ablations.scoring.extractors.contrastive import contrastive_network, frozen_network
from ablations.scoring.extractors.fitting import Progress, fit, shuffled_rows, silent
from ablations.scoring.extractors.frozen import Trained, write_frozen
from ablations.scoring.extractors.random_numbers import chosen
from ablations.scoring.extractors.trunk import FEATURES, in_unit_range, initialize, linear
from ablations.scoring.extractors.warps import Warp

EPOCHS = 10
BATCH = 256
TEMPERATURE = 0.2
WHOLE = 0.5
"""Share of the views without an artefact."""
SHARED = 0.5
"""Share of the pictures whose two views have the same artefact in the same grade.

At 1 artefacts outweigh all else: noise of a tenth of white was then farther from real images than nine missing classes
(Frechet distances of 112 and 40, after two epochs); at 0.3 it was like two missing classes (1.3 and 1.4).
"""
WARP = Warp()

RECIPE = (
    f"SimCLR at temperature {TEMPERATURE}, batches of {BATCH} pictures in two views, {SHARED:.0%} with a shared "
    f"artefact; AdamW, one cycle to {fitting.PEAK_LEARNING_RATE}, weight decay {fitting.WEIGHT_DECAY}"
)


@dataclass(frozen=True, kw_only=True)
class ContrastiveFacts:
    """Where the weights come from; JSON in their file."""

    kind: str
    shape: tuple[int, int, int]
    dataset: str
    data_digest: str
    seed: int
    epochs: int
    recipe: str


def train_contrastive(
    dataset: Dataset, out: Path, *, seed: int = 0, epochs: int = EPOCHS, on_progress: Progress = silent
) -> Trained:
    """Train on the training images, not on their labels, and write `out` (safetensors), with `out`.sha256 beside it.

    The same dataset, seed and epochs give the same bytes on one machine.

    Raises:
        DataError: `out` cannot be written.
    """
    start = time.perf_counter()
    images = in_unit_range(dataset.train_images)
    shape = (images.shape[1], images.shape[2], images.shape[3])
    generator = torch.Generator().manual_seed(seed)
    network = contrastive_network(shape).to(memory_format=torch.channels_last)
    # What is compared is a projection: the features before it keep more (Chen et al. 2020, section 4.2).
    projection = nn.Sequential(nn.ReLU(), linear(FEATURES, FEATURES), nn.ReLU(), linear(FEATURES, FEATURES))
    whole = nn.Sequential(network, projection).train()
    initialize(whole, generator)

    def loss_of(rows: Tensor) -> Tensor:
        views = torch.cat(two_views(images[rows], generator))
        return agreement_loss(whole(views.contiguous(memory_format=torch.channels_last)))

    steps = epochs * max(len(images) // BATCH, 1)
    fit(whole.parameters(), shuffled_rows(len(images), BATCH, generator), steps, loss_of, on_progress)
    facts = ContrastiveFacts(
        kind=contrastive.KIND,
        shape=shape,
        dataset=dataset.name,
        data_digest=dataset.digest,
        seed=seed,
        epochs=epochs,
        recipe=RECIPE,
    )
    digest = write_frozen(out, frozen_network(network).state_dict(), asdict(facts))
    return Trained(facts=asdict(facts), digest=digest, seconds=time.perf_counter() - start)


def two_views(images: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Each image twice, warped by draws of its own; for half of them with the same artefact in the same grade."""
    count = len(images)
    kinds = torch.randint(len(ARTEFACTS), (2, count), generator=generator)
    kinds = torch.where(torch.rand(2, count, generator=generator) < WHOLE, -1, kinds)
    grades = torch.rand(2, count, 1, 1, 1, generator=generator)
    shared = chosen(count, SHARED, generator)
    second_kinds = torch.where(shared, kinds[0], kinds[1])
    second_grades = torch.where(shared.view(-1, 1, 1, 1), grades[0], grades[1])
    first = with_artefacts(WARP(images, generator), kinds[0], grades[0], generator)
    second = with_artefacts(WARP(images, generator), second_kinds, second_grades, generator)
    return first, second


def agreement_loss(projected: Tensor) -> Tensor:
    """The mean cross-entropy of finding each row's other view, half the rows away, among all others, by cosine."""
    count = len(projected)
    directions = F.normalize(projected, dim=1)
    likeness = directions @ directions.T / TEMPERATURE
    likeness = likeness.masked_fill(torch.eye(count, dtype=torch.bool), float("-inf"))
    return F.cross_entropy(likeness, torch.arange(count).roll(count // 2))
