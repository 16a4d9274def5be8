"""The Frechet distance of infinitely many samples, with an interval.

A Frechet distance of N samples is too large by nearly c / N (Chong and Forsyth 2020, arXiv:1911.07023). They find c by
a regression over random subsets of several sizes; here it comes from leaving out one of `GROUPS` groups at a time (the
jackknife, Quenouille 1956), on either side. That uses all samples in each estimate and also gives the
standard error (Tukey 1958). For known Gaussians of 8 to 64 dimensions and 1,000 to 2,000 samples the 95% interval held
the true distance 94% to 100% of the time; the most where that is 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.special
from numpy.typing import NDArray

from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.frechet import Gaussian, frechet_distance
from ablations.scoring.metrics.values import Float, Reference, Samples, random_parts

GROUPS = 20
CONFIDENCE = 0.95


@dataclass(frozen=True, kw_only=True)
class Extrapolated:
    """An unbiased estimate: where the distance is 0 it can come out below 0."""

    distance: float
    low: float
    high: float
    """The ends of the 95% interval."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LeftOut:
    """The Gaussian of all rows, and those without each of `GROUPS` random groups, all after `centre` is taken off."""

    whole: Gaussian
    parts: tuple[Gaussian, ...]
    centre: NDArray[np.float64]

    @classmethod
    def of(cls, features: Float, centre: NDArray[np.float64] | None = None) -> LeftOut:
        """Of features (n, d); the centre (d,) is their mean, if it is not told.

        Raises:
            ValueError: fewer than two rows a group.
        """
        if len(features) < 2 * GROUPS:
            raise ValueError(f"an extrapolation needs at least {2 * GROUPS} samples, not {len(features)}")
        wide = np.asarray(features, dtype=np.float64)
        # Sums of squares lose no digits if the means are near 0.
        centre = wide.mean(0) if centre is None else centre
        whole, parts = _leave_one_out(wide - centre)
        return cls(whole=whole, parts=tuple(parts), centre=centre)


def frechet_inf(x: Float, y: Float | LeftOut) -> Extrapolated:
    """Extrapolate the Frechet distance of features (n, d) and (m, d), or what `LeftOut` makes of the latter, to
    infinitely many on both sides.

    Raises:
        ValueError: fewer than two rows a group.
    """
    theirs = y if isinstance(y, LeftOut) else LeftOut.of(y)
    ours = LeftOut.of(x, theirs.centre)
    (whole_x, parts_x), (whole_y, parts_y) = (ours.whole, ours.parts), (theirs.whole, theirs.parts)
    whole = frechet_distance(whole_x, whole_y)
    sides = (
        np.array([frechet_distance(part, whole_y) for part in parts_x]),
        np.array([frechet_distance(whole_x, part) for part in parts_y]),
    )
    bias = sum((GROUPS - 1) * float(side.mean() - whole) for side in sides)
    variance = sum((GROUPS - 1) * float(side.var()) for side in sides)
    reach = float(scipy.special.stdtrit(GROUPS - 1, (1 + CONFIDENCE) / 2)) * variance**0.5
    distance = whole - bias
    return Extrapolated(distance=distance, low=distance - reach, high=distance + reach)


def _leave_one_out(features: NDArray[np.float64]) -> tuple[Gaussian, list[Gaussian]]:
    """The Gaussian of all rows, and those without each of `GROUPS` random groups."""
    groups = [features[rows] for rows in random_parts(len(features), GROUPS)]
    sums = [(len(group), group.sum(0), group.T @ group) for group in groups]
    count, total, squares = len(features), features.sum(0), features.T @ features
    return _gaussian(count, total, squares), [_gaussian(count - n, total - s, squares - q) for n, s, q in sums]


def _gaussian(count: int, total: NDArray[np.float64], squares: NDArray[np.float64]) -> Gaussian:
    mean = total / count
    return Gaussian(mean, (squares - count * np.outer(mean, mean)) / (count - 1))


def _left_out(reference: Reference) -> LeftOut:
    return LeftOut.of(reference.test.features)


@computes("frechet_inf", "frechet_inf_low", "frechet_inf_high")
def _frechet_inf(samples: Samples, reference: Reference) -> tuple[float, ...]:
    found = frechet_inf(samples.seen.features, reference.once(_left_out))
    return found.distance, found.low, found.high
