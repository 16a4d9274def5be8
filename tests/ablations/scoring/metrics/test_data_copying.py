"""C_T: far below 0 where a generator copies, in one cell or in all."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from ablations.scoring.metrics.data_copying import LEAST, data_copying, mann_whitney_z


def test_the_z_is_scipys() -> None:
    draw = np.random.default_rng(0)
    for x, y in (
        (draw.normal(size=60), draw.normal(size=80) + 0.4),
        (draw.integers(0, 5, 50), draw.integers(0, 6, 40)),
    ):
        statistic = mannwhitneyu(x, y).statistic
        n, m = len(x), len(y)
        expected = (statistic - n * m / 2) / (n * m * (n + m + 1) / 12) ** 0.5
        assert mann_whitney_z(x.astype(np.float64), y.astype(np.float64)) == pytest.approx(expected)


def test_new_images_have_a_z_of_about_one_and_copies_far_below() -> None:
    draw = np.random.default_rng(1)
    test, test_cells = draw.exponential(size=3000), np.arange(3000) % 10
    scores = [data_copying(draw.exponential(size=3000), test_cells, test, test_cells) for _ in range(50)]
    assert np.std(scores) == pytest.approx(1 / 10**0.5, rel=0.35)
    assert abs(np.mean(scores)) < 0.25
    assert data_copying(test * 0.1, test_cells, test, test_cells) < -10
    assert data_copying(test * 10, test_cells, test, test_cells) > 10


def test_copies_in_one_cell_are_seen_although_the_others_are_poor() -> None:
    draw = np.random.default_rng(2)
    test, cells = draw.exponential(size=5000), np.arange(5000) % 10
    samples = draw.exponential(size=5000) * np.where(cells == 4, 0.01, 2)
    assert data_copying(samples, cells, test, cells) > 0
    assert data_copying(samples[cells == 4], cells[cells == 4], test, cells) < -20


def test_cells_with_few_images_are_left_out() -> None:
    test = np.random.default_rng(3).exponential(size=200)
    cells = np.arange(200) % 2
    few = np.concatenate([np.zeros(100), np.ones(LEAST - 1)]).astype(np.intp)
    found = data_copying(test[: len(few)], few, test, cells)
    assert found == pytest.approx(mann_whitney_z(test[: len(few)][few == 0], test[cells == 0]))
    assert np.isnan(data_copying(test[:5], cells[:5], test, cells))
