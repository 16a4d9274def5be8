"""The metrics of classes: what the reader reads in samples, bound to their rows; see `reading`."""

from __future__ import annotations

import numpy as np

from ablations.scoring.metrics import reading
from ablations.scoring.metrics.array_types import Float
from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.reading import Reading, present
from ablations.scoring.metrics.values import Reference, Samples


def intra_class_diversity(features: Float, read: Reading, real: Float, real_read: Reading) -> float:
    """The spread of the samples within a class over that of real images, averaged over the classes that are present.

    The spread is the trace of the covariance of the features, (n, d) and (m, d): half the mean squared distance of two
    images. 0: one image a class; 1: as varied as real images. Images that cannot be read count in no class. NaN if no
    class that is present has two samples.
    """
    ratios = []
    for label in np.flatnonzero(present(read, real_read)):
        ours = features[read.readable & (read.labels == label)]
        data = real[real_read.readable & (real_read.labels == label)]
        if len(ours) >= 2 and len(data) >= 2:
            ratios.append(_spread(ours) / _spread(data))
    return float(np.mean(ratios)) if ratios else float("nan")


def _spread(features: Float) -> float:
    return float(np.asarray(features, dtype=np.float64).var(0, ddof=1).sum())


@computes("readable")
def _readable(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (reading.readable(samples.reading),)


@computes("class_{}")
def _class_shares(samples: Samples, reference: Reference) -> list[float]:
    return [float(share) for share in reading.class_shares(samples.reading)]


@computes("mode_count")
def _mode_count(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (float(reading.mode_count(samples.reading, reference.reading)),)


@computes("mode_kl")
def _mode_kl(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (reading.mode_kl(samples.reading, reference.reading),)


@computes("label_accuracy")
def _label_accuracy(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (reading.label_accuracy(samples.reading, samples.wanted),)


@computes("label_accuracy_{}")
def _label_accuracy_by_class(samples: Samples, reference: Reference) -> list[float]:
    return [float(share) for share in reading.label_accuracy_by_class(samples.reading, samples.wanted)]


@computes("intra_class_diversity")
def _intra_class_diversity(samples: Samples, reference: Reference) -> tuple[float, ...]:
    ours, real = samples.seen.features, reference.test.features
    return (intra_class_diversity(ours, samples.reading, real, reference.reading),)
