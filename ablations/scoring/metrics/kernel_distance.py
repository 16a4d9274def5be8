"""Kernel distance over all pairs: the unbiased squared maximum mean discrepancy with the kernel (x . y / d + 1)^3 (KID,
Binkowski et al. 2018, arXiv:1801.01401).

The sum of that kernel over all pairs of two sets needs no pairs: sum (x . y)^3 is the product of the sets' third
moments, arrays of d^3 numbers. So 10,000 images are compared with 10,000 at the cost of their moments, exactly.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from functools import reduce

import numpy as np

from ablations.scoring.metrics.array_types import Float, Float64
from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.values import Reference, Samples, random_parts

GROUPS = 10
"""The standard error is that of the jackknife over so many random groups of samples."""


@dataclass(frozen=True, eq=False)
class Moments:
    """Sums over n rows x of 1, x, x x, x x x, and of the kernel of each row with itself."""

    count: int
    first: Float64
    second: Float64
    third: Float64
    """Of columns i <= j and i <= k: for each i the (d - i, d - i) of j and k, one behind the other in one row."""
    itself: float

    @classmethod
    def of(cls, features: Float) -> Moments:
        """Of features (n, d)."""
        wide = np.asarray(features, dtype=np.float64)
        squares = (wide**2).sum(1)
        return cls(
            len(wide),
            wide.sum(0),
            wide.T @ wide,
            _third_moments(wide),
            float(((squares / wide.shape[1] + 1) ** 3).sum()),
        )

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            self.count + other.count,
            self.first + other.first,
            self.second + other.second,
            self.third + other.third,
            self.itself + other.itself,
        )

    def __sub__(self, other: Moments) -> Moments:
        return self + Moments(-other.count, -other.first, -other.second, -other.third, -other.itself)


def _third_moments(wide: Float64) -> Float64:
    """Of rows (n, d): see `Moments.third`."""
    columns = np.ascontiguousarray(wide.T)
    # Column by column: all pairs at once would not fit into a cache.
    parts = [(columns[first:] * columns[first]) @ wide[:, first:] for first in range(len(columns))]
    return np.concatenate([part.ravel() for part in parts])


@functools.cache
def _times(width: int) -> Float64:
    """How many of all ordered triples of columns each of `Moments.third` stands for.

    Two of (i, j, k) are there where j and k differ. If both differ from i there are six such triples of columns; if one
    does, three; if none does, one.
    """
    blocks = []
    for size in range(width, 0, -1):
        block = np.full((size, size), 3.0)
        block[0], block[:, 0] = 1.5, 1.5
        block[0, 0] = 1.0
        blocks.append(block.ravel())
    return np.concatenate(blocks)


def kernel_sum(x: Moments, y: Moments) -> float:
    """The sum of the kernel over all pairs of a row of x and a row of y."""
    width = len(x.first)
    cubes = (x.third * y.third) @ _times(width) / width**3
    squares = (x.second * y.second).sum() / width**2
    return float(cubes + 3 * squares + 3 * (x.first @ y.first) / width + x.count * y.count)


def grouped_moments(features: Float) -> tuple[Moments, ...]:
    """The moments of the groups of features (n, d), always in the same groups.

    Raises:
        ValueError: fewer than two rows a group.
    """
    if len(features) < 2 * GROUPS:
        raise ValueError(f"a kernel distance needs at least {2 * GROUPS} samples, not {len(features)}")
    return tuple(Moments.of(features[rows]) for rows in random_parts(len(features), GROUPS))


def kernel_distance(samples: Float, real: Float | Moments) -> tuple[float, float]:
    """The distance of features (n, d) to features (m, d) or their moments, and its standard error.

    0 on average for samples of the data's own distribution, so it can come out below 0. The error is the samples'
    alone: the real images are the same for every score.

    Raises:
        ValueError: fewer than 20 samples.
    """
    theirs = real if isinstance(real, Moments) else Moments.of(real)
    groups = grouped_moments(samples)
    whole = reduce(Moments.__add__, groups)
    left_out = [_distance(whole - group, theirs) for group in groups]
    error = float(np.std(left_out)) * (len(groups) - 1) ** 0.5
    return _distance(whole, theirs), error


def reference_moments(real: Float) -> Moments:
    """The moments of features (m, d), in little memory."""
    return reduce(Moments.__add__, grouped_moments(real))


def _distance(x: Moments, y: Moments) -> float:
    return _within(x) + _within(y) - 2 * kernel_sum(x, y) / (x.count * y.count)


def _within(x: Moments) -> float:
    """The mean over pairs of different rows."""
    return (kernel_sum(x, x) - x.itself) / (x.count * (x.count - 1))


def _moments(reference: Reference) -> Moments:
    return reference_moments(reference.test.features)


@computes("kernel_distance", "kernel_distance_error")
def _kernel_distance(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return kernel_distance(samples.seen.features, reference.once(_moments))
