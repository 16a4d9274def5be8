"""What a person still reads, and what nobody reads: the sets of images that a reader is measured on.

Real test images with one damage each, always with the same draws, and images that show nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.scoring.extractors import shapeless
from ablations.scoring.extractors.artefacts import blurred, dilated, eroded
from ablations.scoring.features import Extractor, Features

SEED = 20_000
BATCH = 500

Change = Callable[[Tensor, torch.Generator], Tensor]
"""Images (n, channels, height, width) in [0, 1] to others."""


def _speckle(share: float) -> Change:
    return lambda images, generator: torch.where(torch.rand(images.shape, generator=generator) < share, 1.0, images)


def _noise(deviation: float) -> Change:
    """In steps of 256."""
    return lambda images, generator: (images + deviation / 255 * torch.randn(images.shape, generator=generator)).clamp(
        0, 1
    )


def _drop(share: float) -> Change:
    return lambda images, generator: torch.where(torch.rand(images.shape, generator=generator) < share, 0.0, images)


def _blur(deviation: float) -> Change:
    """In pixels; `blurred` goes from 0.2 to 1.3."""
    return lambda images, generator: blurred(
        images, torch.full((len(images), 1, 1, 1), (deviation - 0.2) / 1.1), generator
    )


DAMAGES: Mapping[str, Change] = {
    "none": lambda images, generator: images,
    "2% white pixels": _speckle(0.02),
    "5% white pixels": _speckle(0.05),
    "10% white pixels": _speckle(0.10),
    "Gaussian noise, sd 32 of 255": _noise(32),
    "Gaussian noise, sd 64 of 255": _noise(64),
    "blur of half a pixel": _blur(0.5),
    "blur of a pixel": _blur(1.0),
    "30% of the pixels dropped": _drop(0.3),
    "50% of the pixels dropped": _drop(0.5),
    "strokes a pixel thinner": lambda images, generator: eroded(images, 2),
    "strokes a pixel thinner on all sides": lambda images, generator: eroded(images, 3),
    "strokes a pixel thicker": lambda images, generator: dilated(images, 2),
    "strokes a pixel thicker on all sides": lambda images, generator: dilated(images, 3),
    "black and white": lambda images, generator: (images > 0.5).float(),
}
"""All but one must be read: `strokes a pixel thinner on all sides` leaves fewer than ten visible pixels of a quarter of
MNIST's digits, and is shown for comparison."""


def _patches(side: int) -> Change:
    def shuffle(images: Tensor, generator: torch.Generator) -> Tensor:
        patches = F.unfold(images, side, stride=side)
        order = torch.rand(len(images), 1, patches.shape[2], generator=generator).argsort(2)
        return F.fold(patches.gather(2, order.expand_as(patches)), images.shape[2:], side, stride=side)

    return shuffle


NOTHING: Mapping[str, Change] = {
    "uniform noise": lambda images, generator: torch.rand(images.shape, generator=generator),
    "a quarter of the side shuffled": lambda images, generator: _patches(images.shape[2] // 4)(images, generator),
    "a seventh of the side shuffled": lambda images, generator: _patches(images.shape[2] // 7)(images, generator),
}


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a reader fares with one damage."""

    right: float
    """Share of all images that are readable and read right."""
    unreadable: float
    shares: float
    """The largest difference between the share of a class among the readable images and its true share."""


def readings(extractor: Extractor, images: Tensor, labels: Tensor) -> dict[str, dict[str, float]]:
    """For each damage of real images (n, channels, height, width) in [0, 1] what `Reading` says."""
    return {
        name: asdict(_reading(extractor.features(applied(change, images)), labels)) for name, change in DAMAGES.items()
    }


def refusals(extractor: Extractor, images: Tensor, labels: Tensor) -> dict[str, float]:
    """For each kind of images that show nothing the share that is unreadable."""
    kinds: dict[str, Any] = {name: applied(change, images) for name, change in NOTHING.items()}
    for make in dict.fromkeys(shapeless.SHAPELESS):
        generator = torch.Generator().manual_seed(SEED)
        parts = zip(images.split(BATCH), labels.split(BATCH), strict=True)
        kinds[make.__name__.replace("_", " ")] = torch.cat([make(part, theirs, generator) for part, theirs in parts])
    return {name: float(1 - extractor.features(made).readable.mean()) for name, made in kinds.items()}


def applied(change: Change, images: Tensor) -> Tensor:
    """The change of all images, in parts of `BATCH`, always with the same draws."""
    generator = torch.Generator().manual_seed(SEED)
    return torch.cat([change(part, generator) for part in images.split(BATCH)])


def _reading(seen: Features, labels: Tensor) -> Reading:
    truth = labels.numpy()
    classes = int(truth.max()) + 1
    read, real = (np.bincount(values, minlength=classes) for values in (seen.labels[seen.readable], truth))
    return Reading(
        right=float(((seen.labels == truth) & seen.readable).mean()),
        unreadable=float(1 - seen.readable.mean()),
        shares=float(np.abs(read / max(read.sum(), 1) - real / real.sum()).max()),
    )
