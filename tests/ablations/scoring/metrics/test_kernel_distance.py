"""The kernel distance: unbiased, so 0 on average for equal distributions, with an honest standard error."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics.image.kid import poly_mmd

from ablations.scoring.metrics.kernel_distance import SUBSETS, kernel_distance, squared_discrepancy
from ablations.scoring.metrics.values import random_parts


def normal(seed: int, rows: int, shift: float = 0.0, columns: int = 8) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (rows, columns))


def test_torchmetrics_agrees() -> None:
    x, y = np.abs(normal(1, 300, columns=64)), np.abs(normal(2, 300, 0.3, columns=64))
    theirs = torch.from_numpy(x), torch.from_numpy(y)
    assert squared_discrepancy(x, y) == pytest.approx(poly_mmd(*theirs).item(), rel=1e-9)
    parts = zip(*(random_parts(len(values), SUBSETS) for values in theirs), strict=True)
    subsets = [poly_mmd(theirs[0][ours], theirs[1][others]).item() for ours, others in parts]
    assert kernel_distance(x, y)[0] == pytest.approx(np.mean(subsets), rel=1e-9)


def test_a_sum_over_pairs_written_out() -> None:
    x, y = normal(1, 4, columns=2), normal(2, 3, columns=2)

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 2 + 1) ** 3)

    within = [np.mean([kernel(a, b) for i, a in enumerate(v) for j, b in enumerate(v) if i != j]) for v in (x, y)]
    across = np.mean([kernel(a, b) for a in x for b in y])
    assert squared_discrepancy(x, y) == pytest.approx(sum(within) - 2 * across, rel=1e-12)


def test_it_is_unbiased_whatever_the_number_of_samples_and_its_error_is_what_it_states() -> None:
    for rows in (40, 400):
        results = np.array([kernel_distance(normal(2 * n, rows), normal(2 * n + 1, rows)) for n in range(150)])
        values, errors = results.T
        assert abs(values.mean()) < 3 * values.std(ddof=1) / len(values) ** 0.5
        assert (values < 0).any()
        assert np.sqrt((errors**2).mean()) == pytest.approx(values.std(ddof=1), rel=0.25)


def test_it_is_symmetric_and_grows_with_the_distance() -> None:
    x = normal(1, 1000)
    values = [kernel_distance(x, normal(2, 1000, shift))[0] for shift in (0.2, 0.4, 0.8)]
    assert 0 < values[0] < values[1] < values[2]
    assert kernel_distance(normal(2, 1000, 0.8), x)[0] == pytest.approx(values[2], rel=1e-12)


def test_sorted_samples_are_spread_over_the_subsets() -> None:
    x, y = normal(1, 1000), normal(2, 1000, 0.5)
    order = np.argsort(x[:, 0])
    assert kernel_distance(x[order], y)[1] < 2 * kernel_distance(x, y)[1]


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 20 samples, not 19"):
        kernel_distance(normal(1, 19), normal(2, 100))
