"""The closest pairs: in order, exact, whatever their number."""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from ablations.scoring.metrics.closest import closest_pairs


def test_they_are_the_smallest_distances_in_order_with_their_partners() -> None:
    draw = np.random.default_rng(0)
    samples, training = draw.normal(size=(50, 8)), draw.normal(size=(200, 8))
    samples[17] = training[150]
    pairs = closest_pairs(samples, training, 10)
    exact = cdist(samples, training)
    assert (pairs.samples[0], pairs.training[0], pairs.distances[0]) == (17, 150, 0)
    np.testing.assert_allclose(pairs.distances, np.sort(exact.min(1))[:10], rtol=1e-9)
    np.testing.assert_allclose(exact[pairs.samples, pairs.training], pairs.distances, rtol=1e-9)


def test_more_than_there_are_gives_all() -> None:
    assert len(closest_pairs(np.ones((3, 2)), np.zeros((5, 2)), 10).samples) == 3
