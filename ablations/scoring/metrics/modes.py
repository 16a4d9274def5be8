"""Mode collapse: missing classes (Metz et al. 2017, arXiv:1611.02163), and classes whose images are all alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.histogram import class_shares
from ablations.scoring.metrics.registry import computes
from ablations.scoring.metrics.values import Float, Labels, Reference, Samples

PRESENT = 0.1
"""A class is present if it is drawn at least this fraction as often as it occurs in the data: a few misread samples do
not make a class."""


def present(labels: Labels, real: Labels) -> NDArray[np.bool_]:
    """Which classes are present among the samples, (classes,); from predicted labels, (n,) and (m,)."""
    ours, data = _shares(labels, real)
    return (ours > 0) & (ours >= PRESENT * data)


def mode_count(labels: Labels, real: Labels) -> int:
    """How many classes are present."""
    return int(present(labels, real).sum())


def mode_kl(labels: Labels, real: Labels) -> float:
    """KL(class histogram of the samples || that of real images), in nats: 0 to infinity; a missing class is finite."""
    ours, data = _shares(labels, real)
    drawn = ours > 0
    with np.errstate(divide="ignore"):
        return float((ours[drawn] * np.log(ours[drawn] / data[drawn])).sum())


def intra_class_diversity(features: Float, labels: Labels, real: Float, real_labels: Labels) -> float:
    """The spread of the samples within a class over that of real images, averaged over the classes that are present.

    The spread is the trace of the covariance of the features: half the mean squared distance of two images. 0: one
    image a class; 1: as varied as real images; above 1: more so, as where samples belong to no class. NaN if no class
    that is present has two samples.
    """
    ratios = []
    for label in np.flatnonzero(present(labels, real_labels)):
        ours, data = features[labels == label], real[real_labels == label]
        if len(ours) >= 2 and len(data) >= 2:
            ratios.append(_spread(ours) / _spread(data))
    return float(np.mean(ratios)) if ratios else float("nan")


def _shares(*sets: Labels) -> list[NDArray[np.float64]]:
    """Of the classes that occur in any of the sets."""
    classes = 1 + max(int(labels.max()) for labels in sets)
    return [class_shares(labels, classes) for labels in sets]


def _spread(features: Float) -> float:
    return float(np.asarray(features, dtype=np.float64).var(0, ddof=1).sum())


@computes("mode_count")
def _mode_count(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (float(mode_count(samples.seen.labels, reference.test.labels)),)


@computes("mode_kl")
def _mode_kl(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (mode_kl(samples.seen.labels, reference.test.labels),)


@computes("intra_class_diversity")
def _intra_class_diversity(samples: Samples, reference: Reference) -> tuple[float, ...]:
    ours, real = samples.seen, reference.test
    return (intra_class_diversity(ours.features, ours.labels, real.features, real.labels),)
