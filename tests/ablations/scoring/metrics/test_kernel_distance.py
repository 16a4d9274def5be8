"""The kernel distance over all pairs: the definition, without the pairs."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from ablations.scoring.metrics.kernel_distance import (
    Moments,
    kernel_distance,
    kernel_sum,
    reference_moments,
)


def features(seed: int, rows: int = 300, width: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, width)) + 0.3


def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.asarray(polynomial_kernel(x, y, degree=3, gamma=1 / x.shape[1], coef0=1))


def test_moments_give_the_sum_over_all_pairs() -> None:
    x, y = features(1), features(2, rows=211)
    assert kernel_sum(Moments.of(x), Moments.of(y)) == pytest.approx(kernel(x, y).sum(), rel=1e-12)
    assert Moments.of(x).itself == pytest.approx(np.trace(kernel(x, x)), rel=1e-12)


def test_the_distance_is_the_unbiased_estimate() -> None:
    x, y = features(1), features(2, rows=211) * 1.2
    within = [(kernel(z, z).sum() - np.trace(kernel(z, z))) / (len(z) * (len(z) - 1)) for z in (x, y)]
    expected = sum(within) - 2 * kernel(x, y).mean()
    assert kernel_distance(x, y)[0] == pytest.approx(expected, rel=1e-9)
    assert kernel_distance(x, reference_moments(y))[0] == pytest.approx(expected, rel=1e-9)


def test_its_error_is_the_spread_over_sets_of_samples() -> None:
    """Also where the distance is 0, where it is below 0 in about half of the sets."""
    real = reference_moments(features(0, 4000))
    for shift in (0.0, 0.2):
        values = np.array([kernel_distance(features(seed, 1000) + shift, real) for seed in range(1, 41)])
        assert values[:, 1].mean() == pytest.approx(values[:, 0].std(), rel=0.4)
    assert (values[:, 0] > 0).all()


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 20 samples, not 19"):
        kernel_distance(features(1, 19), features(2))
