"""The samples nearest to training images: what to look at where `memorization` or `copy_share` is high."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.shells import Shells
from ablations.scoring.metrics.values import Float


@dataclass(frozen=True, eq=False, kw_only=True)
class Pairs:
    """Samples and their nearest training images, the nearest pair first; all (count,)."""

    samples: NDArray[np.intp]
    training: NDArray[np.intp]
    distances: NDArray[np.float64]


def closest_pairs(samples: Float, training: Float, count: int) -> Pairs:
    """Of features (n, d) and (m, d) the `count` samples nearest to a training image; all n if there are fewer."""
    distances, indices = Shells.of(training).nearest(samples)
    order = np.argsort(distances, kind="stable")[:count]
    return Pairs(samples=order, training=indices[order], distances=distances[order])
