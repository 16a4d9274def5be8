"""What can be read of images, and what of that: class shares, modes, and whether the class is the one asked for.

An image that shows nothing has no class. It counts in `readable`, and in no other of these numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ablations.scoring.metrics.array_types import Float64, Labels, Mask

PRESENT = 0.1
"""A class is present if it is drawn at least this fraction as often as it occurs in the data: a few misread samples do
not make a class."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """What a classifier that abstains reads in n images."""

    labels: Labels
    """Classes from 0, (n,); without meaning where the image is not readable."""
    readable: Mask
    """(n,)."""
    classes: int
    """How many classes the data have."""

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def read(self) -> Labels:
        """The classes of the readable images."""
        return self.labels[self.readable]

    @property
    def counts(self) -> Float64:
        """Of readable images, for each class: (classes,)."""
        return np.bincount(self.read, minlength=self.classes).astype(np.float64)


def readable(images: Reading) -> float:
    """The share of the images that show something which can be read."""
    return float(images.readable.mean())


def class_shares(images: Reading) -> Float64:
    """The share of each class among the readable images: (classes,), sum 1; NaN where nothing can be read."""
    counts, total = images.counts, images.readable.sum()
    return counts / total if total else np.full(images.classes, np.nan)


def present(samples: Reading, real: Reading) -> Mask:
    """Which classes are drawn at least `PRESENT` times as often, among all samples, as they occur in real images."""
    ours, data = samples.counts / len(samples), real.counts / len(real)
    return (ours > 0) & (ours >= PRESENT * data)


def mode_count(samples: Reading, real: Reading) -> int:
    """How many classes are present (Metz et al. 2017, arXiv:1611.02163)."""
    return int(present(samples, real).sum())


def mode_kl(samples: Reading, real: Reading) -> float:
    """KL(class shares of the samples || those of real images), in nats: 0 to infinity; a missing class is finite.

    NaN where nothing can be read.
    """
    ours, data = class_shares(samples), class_shares(real)
    if np.isnan(ours).any():
        return float("nan")
    drawn = ours > 0
    with np.errstate(divide="ignore"):
        return float((ours[drawn] * np.log(ours[drawn] / data[drawn])).sum())


def label_accuracy(samples: Reading, asked: Labels) -> float:
    """The share of the readable samples whose class is the one asked for, (n,); NaN where nothing can be read."""
    right = samples.read == asked[samples.readable]
    return float(right.mean()) if len(right) else float("nan")


def label_accuracy_by_class(samples: Reading, asked: Labels) -> Float64:
    """The same for each class asked for: (classes,); NaN for a class of which no readable image was asked for."""
    wanted = asked[samples.readable]
    total = np.bincount(wanted, minlength=samples.classes).astype(np.float64)
    right = np.bincount(wanted[samples.read == wanted], minlength=samples.classes)
    shares = np.full(samples.classes, np.nan)
    np.divide(right, total, out=shares, where=total > 0)
    return shares
