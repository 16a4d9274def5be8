"""Nearest rows by shells: those of looking at all rows, and few of them looked at."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from ablations.scoring.metrics import shells
from ablations.scoring.metrics.shells import Shells


def clustered(seed: int, rows: int, spread: float = 1.0) -> np.ndarray:
    """Rows around 40 places, as features of images are; always the same places."""
    places = np.random.default_rng(0).normal(0, 4, (40, 16))
    draw = np.random.default_rng(seed)
    return (places[draw.integers(40, size=rows)] + draw.normal(0, spread, (rows, 16))).astype(np.float32)


@pytest.mark.parametrize("rows", [1, 59, 130, 3000])
@pytest.mark.parametrize("offset", [0.0, 100.0], ids=["around 0", "far from 0"])
@pytest.mark.parametrize("kind", ["new", "far", "copies"])
def test_they_are_the_nearest_of_all(rows: int, offset: float, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shells, "CHUNK", 130)
    y = clustered(1, rows) + np.float32(offset)
    x = y[:300] if kind == "copies" else clustered(2, 300, 5 if kind == "far" else 1) + np.float32(offset)
    distances, places = Shells.of(y).nearest(x)
    exact = cdist(x, y)
    # In float64 to the last digits; among rows as near as float32 can tell, either will do.
    assert np.array_equal(distances, np.sqrt(((x.astype(float) - y.astype(float)[places]) ** 2).sum(1)))
    np.testing.assert_allclose(distances**2, exact.min(1) ** 2, rtol=1e-5, atol=1e-5)
    if kind == "copies":
        assert not distances.any()


@pytest.mark.parametrize("rows", [2, 131, 1000])
def test_the_spacing_is_the_distance_to_the_nearest_other_row(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of 130: with 131 rows the last one is alone in its chunk."""
    monkeypatch.setattr(shells, "CHUNK", 130)
    everything = clustered(4, rows)
    exact = cdist(everything, everything)
    np.fill_diagonal(exact, np.inf)
    np.testing.assert_allclose(Shells.of(everything).spacing(), exact.min(1), rtol=1e-5)


def test_a_row_that_is_there_twice_has_itself_as_its_neighbour_and_one_row_has_none() -> None:
    twice = np.concatenate([clustered(5, 50), clustered(5, 50)])
    assert not Shells.of(twice).spacing().any()
    with pytest.raises(ValueError, match="at least 2 rows"):
        Shells.of(twice[:1]).spacing()


def test_rows_that_are_all_alike_are_one_cell() -> None:
    distances, _ = Shells.of(np.ones((500, 3))).nearest(np.zeros((2, 3)))
    np.testing.assert_allclose(distances, 3**0.5)


def test_most_rows_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = 0
    product = torch.mm

    def counted(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        nonlocal pairs
        pairs += left.shape[0] * right.shape[1]
        return product(left, right)

    everything = Shells.of(clustered(1, 12_000, 0.5))
    monkeypatch.setattr(torch, "mm", counted)
    everything.nearest(clustered(2, 2000, 0.5))
    assert pairs < 0.2 * 2000 * 12_000
