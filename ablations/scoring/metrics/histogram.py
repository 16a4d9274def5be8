"""The class histogram of the samples: which digits a generator draws, as the classifier reads them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.values import Labels

CLASSES = 10


def class_shares(labels: Labels) -> NDArray[np.float64]:
    """The share of each class among the labels (n,): shape (10,), sum 1."""
    return np.bincount(labels, minlength=CLASSES) / len(labels)
