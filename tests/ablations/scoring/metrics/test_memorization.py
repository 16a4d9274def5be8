"""Memorization: copies show, even a few, and new images do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from ablations.scoring.metrics.copies import copies
from ablations.scoring.metrics.memorization import memorization
from ablations.scoring.metrics.shells import Shells


def normal(seed: int, rows: int, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, scale, (rows, 8))


TRAINING = normal(1, 4000)
SHELLS = Shells.of(TRAINING)
TEST = SHELLS.nearest(normal(2, 2000))[0]


@pytest.mark.parametrize("decimals", [1, 8])
def test_scipy_agrees_with_ties_and_without(decimals: int) -> None:
    samples, test = np.random.default_rng(0).random(300).round(decimals), np.random.default_rng(1).random(200)
    test = test.round(decimals)
    theirs = mannwhitneyu(test, samples).statistic / (300 * 200)
    assert memorization(samples, test) == pytest.approx(theirs, rel=1e-12)


def test_new_samples_are_as_far_as_test_images() -> None:
    new = SHELLS.nearest(normal(3, 2000))[0]
    assert memorization(new, TEST) == pytest.approx(0.5, abs=0.03)
    assert copies(new, TEST).share < 0.005


def test_copies_are_all_found_and_at_distance_0() -> None:
    distances, indices = SHELLS.nearest(TRAINING[500:1500])
    assert np.array_equal(indices, np.arange(500, 1500))
    assert not distances.any()
    assert memorization(distances, TEST) == 1
    assert copies(distances, TEST).share == 1


def test_poor_samples_are_farther() -> None:
    assert memorization(SHELLS.nearest(normal(4, 500, scale=4))[0], TEST) < 0.05


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5])
def test_a_share_of_near_copies_among_poor_samples_is_found(share: float) -> None:
    samples = normal(5, 1000, scale=4)
    count = int(share * 1000)
    samples[:count] = TRAINING[:count] + normal(6, count, scale=0.01)
    assert copies(SHELLS.nearest(samples)[0], TEST).share == pytest.approx(share, abs=0.003)
