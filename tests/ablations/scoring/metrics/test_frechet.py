"""The Frechet distance: a metric's properties, closed forms, independent implementations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_fidelity.metric_fid import fid_statistics_to_metric

from ablations.scoring.metrics.frechet import Gaussian, frechet_distance


def features(seed: int, rows: int = 500, columns: int = 16, rank: int | None = None) -> np.ndarray:
    """Correlated features, of a covariance of the given rank."""
    draw = np.random.default_rng(seed)
    rank = columns if rank is None else rank
    mixed = draw.normal(size=(rows, rank)) @ draw.normal(size=(rank, columns))
    return (mixed + draw.normal(size=columns)).astype(np.float32)


def gaussian(mean: list[float], covariance: list[list[float]]) -> Gaussian:
    return Gaussian(np.array(mean), np.array(covariance))


@given(st.integers(0, 1000), st.integers(1, 16))
def test_it_is_zero_for_the_same_features_of_whatever_rank(seed: int, rank: int) -> None:
    x = features(seed, rank=rank)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9 * np.trace(Gaussian.of(x).covariance))


@given(st.integers(0, 1000), st.integers(1, 16), st.integers(1, 16))
def test_it_is_symmetric_and_not_negative(seed: int, first: int, second: int) -> None:
    x, y = features(seed, rank=first), features(seed + 1, rank=second)
    assert frechet_distance(x, y) == pytest.approx(frechet_distance(y, x), rel=1e-9, abs=1e-9)
    assert frechet_distance(x, y) >= 0


def test_its_root_keeps_the_triangle_inequality() -> None:
    x, y, z = (Gaussian.of(features(seed)) for seed in (1, 2, 3))
    assert frechet_distance(x, z) ** 0.5 <= frechet_distance(x, y) ** 0.5 + frechet_distance(y, z) ** 0.5


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        (gaussian([0, 0], [[1, 0], [0, 1]]), gaussian([3, 4], [[1, 0], [0, 1]]), 25),
        (gaussian([0, 0], [[4, 0], [0, 9]]), gaussian([0, 0], [[1, 0], [0, 1]]), (2 - 1) ** 2 + (3 - 1) ** 2),
        (gaussian([1, 0], [[4, 0], [0, 0]]), gaussian([0, 0], [[0, 0], [0, 9]]), 1 + 4 + 9),
        (gaussian([0, 0], [[0, 0], [0, 0]]), gaussian([0, 0], [[2, 1], [1, 2]]), 4),
        # Not commuting: tr (C1 C2)^(1/2) of 2x2 matrices is sqrt(tr(C1 C2) + 2 sqrt(det C1 det C2)).
        (gaussian([0, 0], [[2, 1], [1, 2]]), gaussian([0, 0], [[3, 0], [0, 1]]), 4 + 4 - 2 * (8 + 2 * 9**0.5) ** 0.5),
    ],
)
def test_closed_forms(first: Gaussian, second: Gaussian, distance: float) -> None:
    assert frechet_distance(first, second) == pytest.approx(distance, rel=1e-12)


def test_scaling_the_features_scales_it_by_the_square_and_shifting_both_does_nothing() -> None:
    x, y = (features(seed).astype(np.float64) for seed in (1, 2))
    expected = frechet_distance(x, y)
    assert frechet_distance(3 * x, 3 * y) == pytest.approx(9 * expected, rel=1e-9)
    assert frechet_distance(x + 5, y + 5) == pytest.approx(expected, rel=1e-9)


def test_the_order_of_the_rows_means_nothing() -> None:
    x, y = features(1), features(2)
    assert frechet_distance(x[::-1], y) == pytest.approx(frechet_distance(x, y), rel=1e-12)


def test_the_covariance_is_by_n_minus_1_in_float64() -> None:
    x = features(1, rows=5)
    assert Gaussian.of(x).covariance == pytest.approx(np.cov(x.astype(np.float64), rowvar=False, ddof=1), rel=1e-10)
    assert Gaussian.of(x).covariance.dtype == Gaussian.of(x).mean.dtype == np.float64


@pytest.mark.parametrize("rank", [64, 20])
def test_torch_fidelity_agrees(rank: int) -> None:
    """To 1e-6 relative at full rank; near singular, its square root of the product is the less accurate: 1e-3."""
    x, y = features(1, 2000, 64, rank), features(2, 2000, 64, rank)
    statistics = [{"mu": g.mean, "sigma": g.covariance} for g in (Gaussian.of(x), Gaussian.of(y))]
    theirs = fid_statistics_to_metric(*statistics, verbose=False)["frechet_inception_distance"]
    assert frechet_distance(x, y) == pytest.approx(float(theirs), rel=1e-6 if rank == 64 else 1e-3)


def test_torchmetrics_agrees() -> None:
    from torchmetrics.image.fid import _compute_fid

    x, y = (Gaussian.of(features(seed, 2000, 64)) for seed in (1, 2))
    mean1, covariance1, mean2, covariance2 = (
        torch.from_numpy(value) for g in (x, y) for value in (g.mean, g.covariance)
    )
    theirs = _compute_fid(mean1, covariance1, mean2, covariance2).item()
    assert frechet_distance(x, y) == pytest.approx(theirs, rel=1e-6)


def test_fewer_rows_than_columns_are_no_obstacle() -> None:
    x, y = features(1, rows=10, columns=64), features(2, rows=2000, columns=64)
    assert 0 < frechet_distance(x, y) < np.inf


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_not_finite_gives_nan(value: float) -> None:
    x, y = features(1), features(2)
    x[3, 5] = value
    assert np.isnan(frechet_distance(x, y))
    assert np.isnan(frechet_distance(y, x))


def test_a_single_row_has_no_covariance() -> None:
    with pytest.raises(ValueError, match="at least 2 samples, not 1"):
        Gaussian.of(features(1, rows=1))
