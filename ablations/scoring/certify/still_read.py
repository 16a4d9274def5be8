"""What a person still reads must be read, and what nobody reads must not be: digits of all classes, drawn evenly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablations.data import Dataset
from ablations.scoring.certify.lines import Line, line
from ablations.scoring.extractors.readable import DAMAGES, NOTHING, applied, readings, refusals
from ablations.scoring.extractors.trunk import in_unit_range
from ablations.scoring.features import Extractor, Features

LEAST_RIGHT = 0.98
HARDER: Mapping[str, float] = {"10% white pixels": 0.97, "Gaussian noise, sd 64 of 255": 0.97}
NEAR = 0.01
"""How far the share of a class may lie from the truth."""
UNREADABLE_REAL = 0.005
REFUSED = 0.95
SHOWN_ONLY = frozenset({"blur of a pixel", "50% of the pixels dropped"})
"""Measured and shown: stronger than the damages that must still be read."""
JUDGED_REFUSALS = tuple(NOTHING)
"""Issue 14 sets a limit for these kinds; the others are shown."""
SHOWN = 16
VISIBLE = 0.25
"""Of white: what is darker is hardly seen."""
FEW = 10
"""With fewer visible pixels than this hardly anything of a digit is left."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Read:
    """A kind of images as the reader sees it, for the page."""

    title: str
    right: float
    """Share of the images that are readable and read right; NaN where there is nothing to be read."""
    unreadable: float
    shares: float
    """The largest distance of a class share from the truth; NaN where there is nothing to be read."""
    few_left: float
    """Share of the images with fewer than `FEW` visible pixels; NaN where there is nothing to be read."""
    images: Picture | None = field(repr=False)
    """(`SHOWN`, height, width); None: not shown."""
    words: tuple[str, ...]
    """What the reader says of those."""


def evenly_drawn(dataset: Dataset) -> tuple[Tensor, Tensor]:
    """As many test images of each class, in turn: images in [0, 1] (n, channels, height, width), classes (n,)."""
    labels = dataset.labels[1]
    classes = [torch.nonzero(labels == label).squeeze(1) for label in labels.unique()]
    count = min(len(rows) for rows in classes)
    rows = torch.stack([rows[:count] for rows in classes], 1).flatten()
    return in_unit_range(dataset.test_images[rows]), labels[rows]


def still_read(reader: Extractor, dataset: Dataset) -> tuple[Read, ...]:
    """All damages that leave an image readable, then all kinds of images that show nothing."""
    images, labels = evenly_drawn(dataset)
    few = images[:SHOWN]
    measured, refused = readings(reader, images, labels), refusals(reader, images, labels)
    found = []
    for title, change in DAMAGES.items():
        known = {**measured[title], "few_left": few_left(applied(change, images))}
        found.append(_read(title, known, reader, applied(change, few)))
    nothing = {"right": float("nan"), "shares": float("nan"), "few_left": float("nan")}
    for title, share in refused.items():
        shown = applied(NOTHING[title], few) if title in NOTHING else None
        found.append(_read(title, {**nothing, "unreadable": share}, reader, shown))
    return tuple(found)


def few_left(images: Tensor) -> float:
    """The share of images (n, channels, height, width) in [0, 1] of which hardly anything is left."""
    return float(((images > VISIBLE).flatten(1).sum(1) < FEW).double().mean())


def _read(title: str, measured: Mapping[str, float], reader: Extractor, shown: Tensor | None) -> Read:
    if shown is None:
        return Read(title=title, **measured, images=None, words=())
    pixels = (shown.clamp(0, 1) * 255).round().to(torch.uint8).numpy()[:, 0]
    return Read(title=title, **measured, images=pixels, words=words(reader.features(shown)))


def words(seen: Features) -> tuple[str, ...]:
    """What a reader says of each image: the class, or a dash for an image that shows nothing."""
    return tuple(str(label) if ok else "-" for label, ok in zip(seen.labels, seen.readable, strict=True))


def still_read_lines(found: tuple[Read, ...]) -> list[Line]:
    """The limits were set before anything was measured, for erosion and dilation in both ways of taking them."""
    lines = []
    for item in found:
        if item.title in SHOWN_ONLY:
            continue
        if item.title in JUDGED_REFUSALS:
            detail = f"{item.unreadable:.1%} unreadable"
            claim = f"at least {REFUSED:.0%} unreadable"
            lines.append(line(item.title, "readable", claim, item.unreadable >= REFUSED, detail))
        if np.isnan(item.right):
            continue
        least = HARDER.get(item.title, LEAST_RIGHT)
        right = f"{item.right:.2%} read right"
        lines.append(line(item.title, "label_accuracy", f"stays at {least:.0%} or more", item.right >= least, right))
        apart = f"at most {item.shares:.2%} from the truth"
        lines.append(line(item.title, "class_{}", f"stays within {NEAR:.0%}", item.shares <= NEAR, apart))
        if item.title == "none":
            detail = f"{item.unreadable:.2%} unreadable"
            claim = f"at most {UNREADABLE_REAL:.1%} unreadable"
            lines.append(line(item.title, "readable", claim, item.unreadable <= UNREADABLE_REAL, detail))
    return lines
