"""C_T, the test for data copying of Meehan et al. 2020 (arXiv:2004.05675), cell by cell.

In each cell of the space a Mann-Whitney test asks whether samples lie nearer to the training images than test images
do. A generator that copies in one cell and is poor in another is not seen by one test over all of space. Here the
nearest training image is sought everywhere, not in the cell alone, so that one search serves several metrics.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ablations.scoring.metrics.array_types import Float, Float64

LEAST = 20
"""A cell counts if so many samples and so many test images lie in it."""


@dataclass(frozen=True, kw_only=True)
class DataCopying:
    """Far below 0: copies; about 0: as new as test images; far above 0: farther from the data than test images."""

    score: float
    """The mean z of the cells, weighted by the test images in them; NaN where no cell counts."""
    lowest: float
    """The z of the cell with the most copying."""
    covered: float
    """The share of the test images that lie in cells which count."""


def data_copying(
    samples: Float64, sample_cells: NDArray[np.integer], test: Float64, test_cells: NDArray[np.integer]
) -> DataCopying:
    """From distances to the nearest training image, (n,) and (m,), and the cells of the images, numbers from 0."""
    cells = int(max(sample_cells.max(), test_cells.max())) + 1
    ours, theirs = (np.bincount(places, minlength=cells) for places in (sample_cells, test_cells))
    counted = np.flatnonzero((ours >= LEAST) & (theirs >= LEAST))
    if not len(counted):
        return DataCopying(score=float("nan"), lowest=float("nan"), covered=0.0)
    scores = np.array([mann_whitney_z(samples[sample_cells == cell], test[test_cells == cell]) for cell in counted])
    return DataCopying(
        score=float(np.average(scores, weights=theirs[counted])),
        lowest=float(scores.min()),
        covered=float(theirs[counted].sum() / len(test)),
    )


def mann_whitney_z(x: Float64, y: Float64) -> float:
    """The z of the Mann-Whitney statistic of (n,) and (m,): above 0 where x tends to be larger; ties count half."""
    n, m = len(x), len(y)
    larger = rankdata(np.concatenate([x, y]))[:n].sum() - n * (n + 1) / 2
    return float((larger - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))


def cells_of(features: Float, centres: Float) -> NDArray[np.intp]:
    """The nearest of centres (k, d) to each row of features (n, d): (n,)."""
    nearest: NDArray[np.intp] = ((centres**2).sum(1) - 2 * (features @ centres.T)).argmin(1)
    return nearest
