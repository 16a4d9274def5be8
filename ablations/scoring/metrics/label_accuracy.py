"""Does a conditional generator draw the class it is asked for? (S0-c, S1-e)"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.registry import computes
from ablations.scoring.metrics.values import Labels, Reference, Samples


def label_accuracy(labels: Labels, asked: Labels) -> float:
    """The share of samples whose predicted class is the one asked for; both (n,)."""
    return float((labels == asked).mean())


def label_accuracy_by_class(labels: Labels, asked: Labels, classes: int) -> NDArray[np.float64]:
    """The same for the samples of each class asked for: (classes,); NaN for a class that was not asked for."""
    total = np.bincount(asked, minlength=classes).astype(np.float64)
    right = np.bincount(asked[labels == asked], minlength=classes)
    shares = np.full(classes, np.nan)
    np.divide(right, total, out=shares, where=total > 0)
    return shares


@computes("label_accuracy")
def _label_accuracy(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (label_accuracy(samples.seen.labels, samples.wanted),)


@computes("label_accuracy_{}")
def _label_accuracy_by_class(samples: Samples, reference: Reference) -> list[float]:
    found = label_accuracy_by_class(samples.seen.labels, samples.wanted, samples.seen.classes)
    return [float(share) for share in found]
