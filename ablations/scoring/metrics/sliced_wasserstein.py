"""The sliced Wasserstein distance (Rabin et al. 2011): of one-dimensional shadows, so without any Gaussian."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ablations.scoring.metrics.array_types import Float, Float64
from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.values import Reference, Samples

BASES = 2
"""Directions are those of so many random orthonormal bases, always the same ones."""
LEVELS = 2000
"""Quantiles at which shadows are compared."""


@dataclass(frozen=True, eq=False)
class Shadows:
    """The quantiles of features along each direction, (LEVELS, BASES * d)."""

    quantiles: Float64

    @classmethod
    def of(cls, features: Float) -> Shadows:
        """Of features (n, d)."""
        ordered = np.sort(np.asarray(features, dtype=np.float64) @ directions(features.shape[1]), axis=0)
        places = (np.arange(LEVELS) + 0.5) / LEVELS * len(ordered) - 0.5
        low = np.floor(places).clip(0, len(ordered) - 1).astype(np.intp)
        high = np.minimum(low + 1, len(ordered) - 1)
        part = (places - low).clip(0, 1)[:, None]
        return cls(ordered[low] * (1 - part) + ordered[high] * part)


def sliced_wasserstein(samples: Float | Shadows, real: Float | Shadows) -> float:
    """The 2-Wasserstein distance of shadows: the root of the mean of its square over all directions.

    Of features (n, d) and (m, d) or their shadows; in the features' unit. Features moved by v have |v| / sqrt(d).
    """
    ours, theirs = (value if isinstance(value, Shadows) else Shadows.of(value) for value in (samples, real))
    return float(np.sqrt(((ours.quantiles - theirs.quantiles) ** 2).mean()))


def directions(width: int) -> Float64:
    """The columns of random orthonormal bases: (width, BASES * width)."""
    draw = np.random.default_rng(width)
    return np.hstack([np.linalg.qr(draw.normal(size=(width, width)))[0] for _ in range(BASES)])


def _shadows(reference: Reference) -> Shadows:
    return Shadows.of(reference.test.features)


@computes("sliced_wasserstein")
def _sliced_wasserstein(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (sliced_wasserstein(samples.seen.features, reference.once(_shadows)),)
