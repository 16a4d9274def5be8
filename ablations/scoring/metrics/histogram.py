"""The class histogram of the samples: which classes a generator draws, as the classifier reads them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.registry import computes
from ablations.scoring.metrics.values import Labels, Reference, Samples


def class_shares(labels: Labels, classes: int) -> NDArray[np.float64]:
    """The share of each class among the labels (n,): shape (classes,), sum 1."""
    return np.bincount(labels, minlength=classes) / len(labels)


@computes("class_{}")
def _class_shares(samples: Samples, reference: Reference) -> list[float]:
    return [float(share) for share in class_shares(samples.seen.labels, samples.seen.classes)]
