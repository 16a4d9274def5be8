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
from ablations.scoring.metrics.neighbours import distance_blocks, nearest, second_nearest, squared_radii


def normal(seed: int, rows: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, scale, (rows, 16)).astype(np.float32)


@pytest.fixture(params=[64 * 2**20, 4 * 300 * 7, 1], ids=["one block", "uneven blocks", "row by row"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "BLOCK_BYTES", request.param)
    monkeypatch.setattr(neighbours, "CHUNK", 130)


@pytest.mark.usefixtures("blocks")
def test_distances_and_neighbours_are_those_of_scikit_learn() -> None:
    x, y = normal(1, 200, 3), normal(2, 300, 3)
    exact = cdist(x, y)
    distances = np.concatenate([block for _, block in distance_blocks(x, y)])
    np.testing.assert_allclose(distances, exact**2, rtol=1e-4, atol=1e-4)
    shortest, indices = NearestNeighbors(n_neighbors=1).fit(y).kneighbors(x)
    ours, where = nearest(x, y)
    np.testing.assert_allclose(ours, shortest[:, 0], rtol=1e-6)
    assert np.array_equal(where, indices[:, 0])
    radii = NearestNeighbors(n_neighbors=5).fit(y).kneighbors()[0][:, -1]
    np.testing.assert_allclose(squared_radii(y, 5), radii**2, rtol=1e-4)


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("rows", [2, 131, 300])
def test_the_nearest_other_row_is_that_of_all_distances(rows: int) -> None:
    """Chunks of 130: with 131 rows the last one is alone in its chunk."""
    everything = normal(4, rows, 3)
    chosen = np.arange(rows)[:: max(rows // 50, 1)]
    exact = cdist(everything[chosen], everything)
    exact[np.arange(len(chosen)), chosen] = np.inf
    found = second_nearest(everything[chosen], everything)
    np.testing.assert_allclose(found, exact.min(1) ** 2, rtol=1e-4, atol=1e-4)


def test_a_row_that_is_there_twice_has_itself_as_its_neighbour_and_one_row_has_none() -> None:
    twice = np.concatenate([normal(5, 50), normal(5, 50)])
    np.testing.assert_allclose(second_nearest(twice, twice), 0, atol=1e-4)
    with pytest.raises(ValueError, match="at least 2 rows"):
        second_nearest(twice[:1], twice[:1])


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
