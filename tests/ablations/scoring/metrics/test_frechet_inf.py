"""The extrapolated Frechet distance: free of the bias that N samples have, with an interval that holds the truth."""

from __future__ import annotations

import numpy as np
import pytest

from ablations.scoring.metrics.frechet import Gaussian, frechet_distance
from ablations.scoring.metrics.frechet_inf import GROUPS, _leave_one_out, frechet_inf
from ablations.scoring.metrics.values import random_parts

COLUMNS = 16


def pairs(shift: float, scale: float, rows: int, repeats: int) -> list[tuple[np.ndarray, np.ndarray]]:
    draw = np.random.default_rng(0)
    shape = (rows, COLUMNS)
    return [(draw.normal(size=shape), draw.normal(shift, scale, shape)) for _ in range(repeats)]


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (0.3, 1.0), (0.1, 1.2), (0.0, 0.3)])
def test_it_is_unbiased_and_its_interval_holds_the_known_distance_of_gaussians(shift: float, scale: float) -> None:
    truth = COLUMNS * (shift**2 + (scale - 1) ** 2)
    drawn = pairs(shift, scale, 1000, 100)
    results = [frechet_inf(x, y) for x, y in drawn]
    distances = np.array([result.distance for result in results])
    plain = np.mean([frechet_distance(x, y) for x, y in drawn])
    assert abs(distances.mean() - truth) < 4 * distances.std(ddof=1) / 10 + 0.003
    assert plain - truth > 5 * abs(distances.mean() - truth)
    assert np.mean([result.low <= truth <= result.high for result in results]) >= 0.9


def test_its_expectation_does_not_depend_on_the_number_of_samples() -> None:
    few, many = (np.array([frechet_inf(x, y).distance for x, y in pairs(0.2, 1.1, rows, 60)]) for rows in (300, 1200))
    assert abs(few.mean() - many.mean()) < 4 * (few.var() / 60 + many.var() / 60) ** 0.5


def test_the_interval_narrows_with_the_root_of_the_number_of_samples() -> None:
    widths = [
        np.mean([(r := frechet_inf(x, y)).high - r.low for x, y in pairs(0.3, 1.0, rows, 20)]) for rows in (500, 4500)
    ]
    assert widths[0] / widths[1] == pytest.approx(3, rel=0.25)


def test_what_is_left_without_a_group_is_what_those_rows_alone_give() -> None:
    features = np.random.default_rng(0).normal(size=(103, 5)) + 3
    whole, parts = _leave_one_out(features)
    assert whole.covariance == pytest.approx(Gaussian.of(features).covariance, rel=1e-9, abs=1e-12)
    for rows, part in zip(random_parts(103, GROUPS), parts, strict=True):
        kept = ~np.isin(np.arange(103), rows)
        assert part.mean == pytest.approx(Gaussian.of(features[kept]).mean, rel=1e-9)
        assert part.covariance == pytest.approx(Gaussian.of(features[kept]).covariance, rel=1e-9, abs=1e-12)


def test_values_that_are_not_finite_give_nan() -> None:
    ((x, y),) = pairs(0, 1, 100, 1)
    x[3, 3] = np.nan
    assert np.isnan(frechet_inf(x, y).distance)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 40 samples, not 39"):
        frechet_inf(*pairs(0, 1, 39, 1)[0])
