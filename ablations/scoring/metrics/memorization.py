"""Are samples copies of training images? A two-sample test after Meehan et al. 2020 (arXiv:2004.05675), for S4-b.

Samples that are new lie as far from the training images as test images do. Distances are to the nearest training image,
in feature space, where a copy that is shifted by two pixels or noisy lies farther away than a new real image does: such
copies are not found, so a low value does not prove that a generator is no copier.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.array_types import seeded_rows
from ablations.scoring.metrics.authenticity import authenticity
from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.copies import copies
from ablations.scoring.metrics.data_copying import data_copying
from ablations.scoring.metrics.shells import Shells
from ablations.scoring.metrics.values import Arrays, Reference, Samples

Distances = NDArray[np.float64]

SPACED = 2_000
"""Samples that authenticity is taken of."""


def memorization(samples: Distances, test: Distances) -> float:
    """The probability that a sample lies nearer to the training images than a test image does (ties count half).

    From distances (n,) and (m,); the U statistic of Mann and Whitney over n m. 0.5: as new as test images; 1: copies;
    towards 0: farther away, as poor samples are.
    """
    ordered = np.sort(test)
    nearer_or_equal = np.searchsorted(ordered, samples, side="right").mean()
    nearer = np.searchsorted(ordered, samples, side="left").mean()
    return float(1 - (nearer + nearer_or_equal) / 2 / len(test))


def _shell_arrays(reference: Reference) -> Arrays:
    return Shells.of(reference.training.features).arrays()


def _shells(reference: Reference) -> Shells:
    return Shells(rows=reference.training.features, **reference.stored(_shell_arrays))


def _real_distances(reference: Reference) -> Arrays:
    """Of the test images from the training images, and of those from each other."""
    shells = reference.once(_shells)
    return {"test": shells.nearest(reference.test.features)[0], "spacing": shells.spacing()}


def _distances(reference: Reference) -> Arrays:
    return reference.stored(_real_distances)


@computes("memorization", "copy_share", "copy_p", "data_copying", "authenticity")
def _memorization(samples: Samples, reference: Reference) -> tuple[float, ...]:
    """One search for the nearest training images serves them all. Cells are the classes, as the reader reads them."""
    distances, places = reference.once(_shells).nearest(samples.seen.features)
    known = reference.once(_distances)
    test = known["test"]
    found = copies(distances, test)
    copied = data_copying(distances, samples.reading.labels, test, reference.reading.labels)
    some = seeded_rows(len(distances), SPACED)
    own = authenticity(distances[some], places[some], known["spacing"])
    return memorization(distances, test), found.share, found.p, copied, own
