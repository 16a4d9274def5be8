"""Kernel distance: the unbiased squared maximum mean discrepancy with a cubic kernel (Binkowski et al. 2018, KID,
arXiv:1801.01401).

Unlike the Frechet distance it assumes no Gaussians, and its expectation does not depend on the number of samples: it is
0 for samples of the data's own distribution, and so it can come out below 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.registry import computes
from ablations.scoring.metrics.values import Float, Reference, Samples, random_parts

SUBSETS = 10


def kernel_distance(x: Float, y: Float) -> tuple[float, float]:
    """Mean over `SUBSETS` disjoint subsets of features (n, d) and (m, d), and the standard error of that mean.

    The subsets are random, and the same ones for every set of so many rows. The paper draws overlapping ones; disjoint
    ones are independent, which is what a standard error asks for.

    Raises:
        ValueError: fewer than two rows a subset.
    """
    if min(len(x), len(y)) < 2 * SUBSETS:
        raise ValueError(f"a kernel distance needs at least {2 * SUBSETS} samples, not {min(len(x), len(y))}")
    wide_x, wide_y = (np.asarray(values, dtype=np.float64) for values in (x, y))
    parts = zip(random_parts(len(wide_x), SUBSETS), random_parts(len(wide_y), SUBSETS), strict=True)
    values = [squared_discrepancy(wide_x[ours], wide_y[theirs]) for ours, theirs in parts]
    return float(np.mean(values)), float(np.std(values, ddof=1) / SUBSETS**0.5)


def squared_discrepancy(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """The unbiased estimate: the mean kernel within x and within y, over pairs of different rows, less twice across."""
    return _mean_of_pairs(x) + _mean_of_pairs(y) - 2 * float(_kernel(x, y).mean())


def _kernel(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(x . y / d + 1)^3 for all pairs."""
    base = x @ y.T / x.shape[1] + 1
    # Products: a power of floats takes thirty times as long.
    cube: NDArray[np.float64] = base * base * base
    return cube


def _mean_of_pairs(x: NDArray[np.float64]) -> float:
    kernel = _kernel(x, x)
    return float((kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1)))


@computes("kernel_distance", "kernel_distance_error")
def _kernel_distance(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return kernel_distance(samples.seen.features, reference.test.features)
