"""The sliced Wasserstein distance: closed forms, and an independent library in one dimension."""

from __future__ import annotations

import numpy as np
import pytest

from ablations.scoring.metrics.sliced_wasserstein import Shadows, directions, sliced_wasserstein


def features(seed: int, rows: int = 4000, width: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, width))


def test_features_that_are_moved_have_the_length_of_the_way() -> None:
    x, way = features(1), np.array([3.0, 0, 0, 4.0, 0, 0])
    assert sliced_wasserstein(x, x + way) == pytest.approx(5 / 6**0.5)
    assert sliced_wasserstein(x, x[::-1]) == 0


def test_round_gaussians_of_different_width() -> None:
    """In each direction the distance of N(0, 1) and N(0, 9) is 2."""
    assert sliced_wasserstein(features(1, 40_000), 3 * features(2, 40_000)) == pytest.approx(2, rel=0.02)


def test_directions_are_orthonormal_and_always_the_same() -> None:
    basis = directions(6)[:, :6]
    assert basis.T @ basis == pytest.approx(np.eye(6), abs=1e-12)
    assert np.array_equal(directions(6), directions(6))


def test_one_direction_is_scipys_quantile_coupling_whatever_the_numbers_of_rows() -> None:
    x, y = features(1, 5000, 1), 2 * features(2, 3000, 1) + 1
    levels = (np.arange(200_000) + 0.5) / 200_000
    expected = np.mean((np.quantile(x, levels) - np.quantile(y, levels)) ** 2) ** 0.5
    assert sliced_wasserstein(x, y) == pytest.approx(expected, rel=0.01)


def test_shadows_can_be_kept() -> None:
    x, y = features(1), features(2)
    assert sliced_wasserstein(x, Shadows.of(y)) == sliced_wasserstein(x, y) == sliced_wasserstein(y, x)


def test_what_is_not_finite_has_no_distance() -> None:
    x = features(1)
    x[0, 0] = np.nan
    assert np.isnan(sliced_wasserstein(x, features(2)))
