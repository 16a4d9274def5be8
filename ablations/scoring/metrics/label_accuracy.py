"""Does a conditional generator draw the class it is asked for? (S0-c, S1-e)"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.histogram import CLASSES
from ablations.scoring.metrics.values import Labels


def label_accuracy(labels: Labels, asked: Labels) -> float:
    """The share of samples whose predicted class is the one asked for; both (n,)."""
    return float((labels == asked).mean())


def label_accuracy_by_class(labels: Labels, asked: Labels) -> NDArray[np.float64]:
    """The same for the samples of each class asked for: (10,); NaN for a class that was not asked for."""
    total = np.bincount(asked, minlength=CLASSES).astype(np.float64)
    right = np.bincount(asked[labels == asked], minlength=CLASSES)
    shares = np.full(CLASSES, np.nan)
    np.divide(right, total, out=shares, where=total > 0)
    return shares
