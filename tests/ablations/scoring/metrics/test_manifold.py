"""Precision, recall, density, coverage and the neighbours under them, against scikit-learn and the papers' formulas."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors
from torch_fidelity.metric_prc import calculate_precision_recall_full

from ablations.scoring.metrics import neighbours
from ablations.scoring.metrics.manifold import manifold_scores
from ablations.scoring.metrics.neighbours import distance_blocks, smallest, squared_radii


def normal(seed: int, rows: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, (rows, 16)).astype(np.float32)


@pytest.fixture(params=[64 * 2**20, 4 * 300 * 7, 1], ids=["one block", "uneven blocks", "row by row"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", request.param)


@pytest.mark.usefixtures("blocks")
def test_distances_and_radii_are_those_of_scikit_learn() -> None:
    x, y = normal(1, 200, 3), normal(2, 300, 3)
    exact = cdist(x, y)
    distances = np.concatenate([block for _, block in distance_blocks(x, y)])
    np.testing.assert_allclose(distances, exact**2, rtol=1e-4, atol=1e-4)
    radii = NearestNeighbors(n_neighbors=5).fit(y).kneighbors()[0][:, -1]
    np.testing.assert_allclose(squared_radii(y, 5), radii**2, rtol=1e-4)


@pytest.mark.parametrize("columns", [6, 200, 256, 1003])
@pytest.mark.parametrize("place", [0, 5])
def test_the_smallest_values_are_those_of_sorting_also_where_values_are_equal(columns: int, place: int) -> None:
    values = np.random.default_rng(columns).normal(size=(50, columns)).astype(np.float32)
    values[:, ::2] = values[:, ::2].round(1)
    values[7] = 0
    values[8, columns // 2 :] = np.inf
    expected = np.sort(values, axis=1)[:, place]
    assert np.array_equal(smallest(values, place), expected)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize("shift", [0.0, 0.8])
def test_the_four_scores_are_those_of_the_papers_formulas(k: int, shift: float) -> None:
    real, fake = normal(1, 300).astype(np.float64), normal(2, 250, shift, 0.9).astype(np.float64)
    real_radii, fake_radii = (np.sort(cdist(v, v), axis=1)[:, k] for v in (real, fake))
    distance = cdist(real, fake)
    scores = manifold_scores(fake, real, neighbours=k)
    assert scores.precision == (distance <= real_radii[:, None]).any(axis=0).mean()
    assert scores.recall == (distance <= fake_radii[None, :]).any(axis=1).mean()
    assert scores.density == pytest.approx((distance <= real_radii[:, None]).sum(axis=0).mean() / k)
    assert scores.coverage == (distance.min(axis=1) <= real_radii).mean()


def test_torch_fidelity_agrees_on_precision_and_recall() -> None:
    real, fake = normal(1, 600), normal(2, 500, 0.4)
    theirs = calculate_precision_recall_full(torch.from_numpy(fake), torch.from_numpy(real), neighborhood=3)
    scores = manifold_scores(fake, real, neighbours=3)
    assert (scores.precision, scores.recall) == pytest.approx(theirs, abs=1e-6)


def test_samples_of_the_data_score_high_and_far_away_ones_zero() -> None:
    real = normal(1, 1000)
    good, far = manifold_scores(normal(2, 1000), real), manifold_scores(normal(2, 1000, 50), real)
    assert min(good.precision, good.recall, good.coverage) > 0.8
    assert good.density == pytest.approx(1, abs=0.15)
    assert (far.precision, far.recall, far.density, far.coverage) == (0, 0, 0, 0)


def test_collapse_keeps_precision_and_loses_recall_and_coverage() -> None:
    real = normal(1, 1000)
    collapsed = manifold_scores(normal(2, 1000, scale=0.1), real)
    assert collapsed.precision == 1
    assert collapsed.density > 1
    assert max(collapsed.recall, collapsed.coverage) < 0.3


def test_outliers_lift_recall_but_not_coverage() -> None:
    real = normal(1, 1000)
    collapsed = normal(2, 1000, scale=0.1)
    with_outliers = np.concatenate([collapsed[:990], normal(3, 10, scale=8)])
    before, after = (manifold_scores(samples, real) for samples in (collapsed, with_outliers))
    assert after.recall > before.recall + 0.5
    assert after.coverage == pytest.approx(before.coverage, abs=0.05)


def test_radii_handed_over_change_nothing() -> None:
    real, fake = normal(1, 300), normal(2, 300, 0.3)
    assert manifold_scores(fake, real, squared_radii(real, 5)) == manifold_scores(fake, real)


def test_too_few_samples_have_no_radius() -> None:
    with pytest.raises(ValueError, match="5 neighbours need at least 6 samples, not 5"):
        manifold_scores(normal(1, 5), normal(2, 100))
