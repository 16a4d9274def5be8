"""Authenticity: copies have none, new images of the same kind about a half."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from ablations.scoring.metrics.authenticity import authenticity


def judged(samples: np.ndarray, training: np.ndarray) -> float:
    neighbours = NearestNeighbors().fit(training)
    spacing = neighbours.kneighbors(training, 2)[0][:, 1]
    distances, nearest = neighbours.kneighbors(samples, 1)
    return authenticity(distances[:, 0], nearest[:, 0], spacing)


def test_copies_new_images_and_far_ones() -> None:
    draw = np.random.default_rng(0)
    training, new = draw.normal(size=(2000, 4)), draw.normal(size=(1000, 4))
    assert judged(training[:500] + 1e-6, training) == 0
    assert judged(new, training) == pytest.approx(0.5, abs=0.1)
    assert judged(new + 10, training) == 1
    assert judged(np.vstack([new[:500], training[:500]]), training) == pytest.approx(judged(new[:500], training) / 2)


def test_a_sample_at_the_spacing_itself_is_not_authentic() -> None:
    assert authenticity(np.array([1.0, 1.1]), np.array([1, 1]), np.array([5.0, 1.0])) == 0.5
