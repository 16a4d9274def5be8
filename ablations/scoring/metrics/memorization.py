"""Are samples copies of training images? A two-sample test after Meehan et al. 2020 (arXiv:2004.05675), for S4-b.

Samples that are new lie as far from the training images as test images do. Distances are to the nearest training image,
in feature space.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.neighbours import nearest
from ablations.scoring.metrics.registry import computes
from ablations.scoring.metrics.values import Reference, Samples

Distances = NDArray[np.float64]

COPY_QUANTILE = 0.001
"""A sample counts as a copy if it is nearer than all but so many of the test images are."""


def memorization(samples: Distances, test: Distances) -> float:
    """The probability that a sample lies nearer to the training images than a test image does (ties count half).

    From distances (n,) and (m,); the U statistic of Mann and Whitney over n m. 0.5: as new as test images; 1: copies;
    towards 0: farther away, as poor samples are.
    """
    ordered = np.sort(test)
    nearer_or_equal = np.searchsorted(ordered, samples, side="right").mean()
    nearer = np.searchsorted(ordered, samples, side="left").mean()
    return float(1 - (nearer + nearer_or_equal) / 2 / len(test))


def copy_share(samples: Distances, test: Distances) -> float:
    """The share of samples that are copies: about `COPY_QUANTILE` of new images are by chance.

    Unlike `memorization` it shows a few copies among many poor samples.
    """
    return float((samples < np.quantile(test, COPY_QUANTILE)).mean())


def _of_test_images(reference: Reference) -> Distances:
    return nearest(reference.test.features, reference.training.features)[0]


@computes("memorization", "copy_share")
def _memorization(samples: Samples, reference: Reference) -> tuple[float, ...]:
    distances, _ = nearest(samples.seen.features, reference.training.features)
    test = reference.once(_of_test_images)
    return memorization(distances, test), copy_share(distances, test)
