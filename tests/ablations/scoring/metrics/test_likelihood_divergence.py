"""Feature likelihood divergence: poor samples, few samples and copies are worse than new ones."""

from __future__ import annotations

import numpy as np
import pytest

from ablations.scoring.metrics.likelihood_divergence import LikelihoodReference, fitted_widths, likelihood_divergence


def features(seed: int, rows: int = 3000, width: int = 8) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return (draw.normal(size=(rows, width)) + 3 * draw.integers(0, 3, rows)[:, None]).astype(np.float32)


TRAINING, TEST = features(1, 6000), features(2)
REFERENCE = LikelihoodReference.of(TRAINING, TEST)


def test_new_images_of_the_datas_kind_have_about_nothing() -> None:
    assert likelihood_divergence(features(3), REFERENCE) == pytest.approx(0, abs=3)


def test_noise_missing_modes_repetitions_and_copies_each_make_it_worse() -> None:
    new = features(3)
    noise = np.random.default_rng(0).normal(size=new.shape).astype(np.float32)
    grades = [likelihood_divergence(new + grade * noise, REFERENCE) for grade in (0, 0.5, 1, 2)]
    assert grades == sorted(grades)
    assert grades[1] > grades[0] + 2
    assert likelihood_divergence(new[new.mean(1) < 5], REFERENCE) > grades[0] + 5
    assert likelihood_divergence(new[np.arange(3000) % 20], REFERENCE) > grades[0] + 5
    rows = np.random.default_rng(len(TRAINING)).permutation(len(TRAINING))[:1500]
    assert likelihood_divergence(TRAINING[rows], REFERENCE) > 1000


def test_the_units_of_the_features_mean_nothing() -> None:
    scale = np.linspace(0.1, 10, 8).astype(np.float32)
    scaled = LikelihoodReference.of(TRAINING * scale, TEST * scale)
    expected = likelihood_divergence(features(3), REFERENCE)
    assert likelihood_divergence(features(3) * scale, scaled) == pytest.approx(expected, abs=0.05)


def test_one_centre_takes_the_width_that_a_search_finds() -> None:
    """Over a grid of both widths, the outer Gaussian's too: there is next to nothing left to gain."""
    training = np.random.default_rng(5).normal(size=(400, 3)).astype(np.float32)
    centre = np.zeros((1, 3), dtype=np.float32)
    squares, outer = (training**2).sum(1), 0.81 * ((training - training.mean(0)) ** 2).sum(1)

    def unlikeliness(width: np.ndarray, outer_width: np.ndarray) -> np.ndarray:
        """By both variances, over the training images."""
        pairs = ((squares, width[:, None, None]), (outer, outer_width[None, :, None]))
        logs = [-0.5 * (d / v + 3 * np.log(2 * np.pi * v)) for d, v in pairs]
        means: np.ndarray = np.asarray(np.logaddexp(*logs)).mean(-1)
        return -means

    grid = np.exp(np.linspace(-4, 2, 121))
    best = unlikeliness(grid, grid).min()
    assert unlikeliness(fitted_widths(centre, training), grid).min() - best < 0.01
    assert unlikeliness(np.array([0.3]), grid).min() - best > 0.05


def test_a_feature_that_never_varies_and_values_that_are_not_finite() -> None:
    flat = [np.column_stack([x, np.zeros(len(x), np.float32)]) for x in (TRAINING, TEST, features(3))]
    assert np.isfinite(likelihood_divergence(flat[2], LikelihoodReference.of(flat[0], flat[1])))
    broken = features(3)
    broken[0, 0] = np.inf
    assert np.isnan(likelihood_divergence(broken, REFERENCE))
