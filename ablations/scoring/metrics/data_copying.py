"""C_T, the test for data copying of Meehan et al. 2020 (arXiv:2004.05675), cell by cell.

In each cell of the space a Mann-Whitney test asks whether samples lie nearer to the training images than test images
do. A generator that copies in one cell and is poor in another is not seen by one test over all of space. Here the
nearest training image is sought everywhere, not in the cell alone, so that one search serves several metrics.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from ablations.scoring.metrics.array_types import Float64

LEAST = 20
"""A cell counts if so many samples and so many test images lie in it."""


def data_copying(
    samples: Float64, sample_cells: NDArray[np.integer], test: Float64, test_cells: NDArray[np.integer]
) -> float:
    """From distances to the nearest training image, (n,) and (m,), and the cells of the images, numbers from 0.

    The mean z of the cells, weighted by the test images in them. Far below 0: copies; about 0: as new as test images;
    far above 0: farther from the data than test images. NaN where no cell counts.
    """
    cells = int(max(sample_cells.max(), test_cells.max())) + 1
    ours, theirs = (np.bincount(places, minlength=cells) for places in (sample_cells, test_cells))
    counted = np.flatnonzero((ours >= LEAST) & (theirs >= LEAST))
    if not len(counted):
        return float("nan")
    scores = np.array([mann_whitney_z(samples[sample_cells == cell], test[test_cells == cell]) for cell in counted])
    return float(np.average(scores, weights=theirs[counted]))


def mann_whitney_z(x: Float64, y: Float64) -> float:
    """The z of the Mann-Whitney statistic of (n,) and (m,): above 0 where x tends to be larger; ties count half."""
    n, m = len(x), len(y)
    larger = rankdata(np.concatenate([x, y]))[:n].sum() - n * (n + 1) / 2
    return float((larger - n * m / 2) / np.sqrt(n * m * (n + m + 1) / 12))
