"""Copies among samples: found at one in a hundred, and not found where there are none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import KDTree

from ablations.scoring.metrics.copies import QUANTILE, copies

DRAW = np.random.default_rng(0)
TRAINING = KDTree(DRAW.normal(size=(4000, 6)))


def distances(points: np.ndarray) -> np.ndarray:
    return np.asarray(TRAINING.query(points)[0])


TEST = distances(DRAW.normal(size=(5000, 6)))


def test_one_copy_in_a_hundred_among_samples_of_equal_quality_is_found() -> None:
    samples = DRAW.normal(size=(5000, 6))
    samples[:50] = TRAINING.data[:50]
    found = copies(distances(samples), TEST)
    assert found.p < 1e-10
    assert found.share > 0.01
    assert copies(distances(samples[50:]), TEST).p > 0.01


def test_copies_among_poor_samples_are_found_too() -> None:
    samples = DRAW.normal(size=(5000, 6)) * 2
    samples[:50] = TRAINING.data[:50]
    assert copies(distances(samples), TEST).p < 1e-6


def test_a_false_alarm_is_as_rare_as_its_p_says() -> None:
    """For new test images in each draw too: the limit is one of theirs."""
    draw = np.random.default_rng(1)
    found = [copies(draw.exponential(size=2000), draw.exponential(size=3000)) for _ in range(2000)]
    for level in (0.01, 0.05, 0.2):
        assert np.mean([one.p <= level for one in found]) <= level + 0.01
    assert np.mean([one.share for one in found]) == pytest.approx(QUANTILE, rel=0.1)


def test_nothing_found_is_no_more_than_chance() -> None:
    nothing = copies(np.ones(1000), np.linspace(0.1, 1, 1000))
    assert nothing.share == 0
    assert nothing.p == pytest.approx(1)
