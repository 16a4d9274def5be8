"""The guarded t statistic: what it is for many seeds, and that its error holds."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.analysis.calibrate import LEVELS, SAFETY, SEEDS, row
from reports.analysis.critical_values import CRITICAL
from reports.analysis.distributions import DISTRIBUTIONS
from reports.analysis.groups import Estimate, estimate
from reports.analysis.guarded import bounds, critical, p_beyond, p_value, p_within

NONE = np.empty(0)


def found(effect: float = -1.0, error: float = 0.4, seeds: int = 12, skewness: float = 0.0) -> Estimate:
    values = (effect, error, float(seeds - 1), skewness)
    one, two, three, four = (np.array(value) for value in values)
    return Estimate(effect=one, error=two, freedom=three, skewness=four, saved=np.array(0.0))


def test_the_table_has_the_rows_and_columns_of_its_maker() -> None:
    assert np.shape(CRITICAL) == (len(SEEDS), len(LEVELS))
    assert np.all(np.diff(CRITICAL, axis=1) > 0), "a smaller level has a larger critical value"


def test_the_table_is_what_its_maker_makes() -> None:
    few = row(10, draws=100_000)
    assert few[:8] == pytest.approx(CRITICAL[SEEDS.index(10)][:8], rel=0.06)


@pytest.mark.parametrize("freedom", [4.0, 6.3, 19.0, 200.0])
@pytest.mark.parametrize("level", [0.7, 0.05, 0.0016, 1e-7])
def test_the_p_value_of_a_critical_value_is_its_level(level: float, freedom: float) -> None:
    assert p_value(critical(level, freedom), freedom) == pytest.approx(level)


def test_more_seeds_have_smaller_critical_values() -> None:
    values = [float(critical(0.006, n - 1)) for n in range(5, 130)]
    assert values == sorted(values, reverse=True)


def test_with_many_seeds_critical_values_are_about_those_of_student() -> None:
    """At 0.8 times the level, and a little less, since the skewness of a sample widens one side also by chance."""
    for level in (0.05, 0.01, 0.001):
        expected = stats.t.ppf(1 - SAFETY * level / 2, 119)
        assert expected * 0.95 < critical(level, 119) < expected


def test_with_five_seeds_they_are_more_than_twice_as_large() -> None:
    assert critical(0.05 / 8, 4) > 2 * stats.t.ppf(1 - 0.05 / 16, 4)


def test_fewer_seeds_than_the_table_has_and_levels_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match="4 seeds"):
        critical(0.05, 3)
    with pytest.raises(ValueError, match="between 0 and 1"):
        critical(0.0, 9)


def test_the_side_of_the_long_tail_is_the_wider_one() -> None:
    low, high = bounds(found(skewness=1.5), 0.05)
    assert high - (-1.0) == pytest.approx(2.5 * (-1.0 - low))
    mirrored = bounds(found(effect=1.0, skewness=-1.5), 0.05)
    assert mirrored == pytest.approx((-high, -low))


@pytest.mark.parametrize("skewness", [-2.0, 0.0, 0.7])
@pytest.mark.parametrize("effect", [-2.0, -0.3, 1.1])
def test_p_values_say_at_which_level_an_interval_ends(effect: float, skewness: float) -> None:
    item = found(effect=effect, skewness=skewness)
    p = float(p_beyond(item, 0.0))
    ends = bounds(item, p)
    assert ends[0 if effect > 0 else 1] == pytest.approx(0, abs=1e-9)
    q = float(p_within(item, 3.0))
    assert max(abs(bound) for bound in bounds(item, q)) == pytest.approx(3)


def test_no_difference_at_all_is_sure_to_be_none() -> None:
    same = found(effect=0.0, error=0.0)
    assert p_beyond(same, 0.0) == 1
    assert p_within(same, 0.1) == 0
    assert p_within(found(effect=2.0), 1.0) == 1


@pytest.mark.parametrize("shape", DISTRIBUTIONS)
@pytest.mark.parametrize("seeds", [5, 11, 27])
def test_intervals_of_pairs_miss_the_mean_as_rarely_as_they_say(shape: str, seeds: int) -> None:
    """Also between the rows of the table; at the level of one contrast of eight."""
    random = np.random.default_rng([seeds, 77])
    differences = DISTRIBUTIONS[shape](random, (60_000, seeds))
    low, high = bounds(estimate(differences, 0 * differences, differences[:, :0], differences[:, :0]), 0.05 / 8)
    missed = int(((low > 0) | (high < 0)).sum())
    assert missed <= stats.binom.ppf(0.999, 60_000, 0.05 / 8)


def test_students_t_does_not_hold_it() -> None:
    """The reason for all this: eight lognormal contrasts, twenty seeds."""
    differences = DISTRIBUTIONS["lognormal"](np.random.default_rng(3), (20_000, 20))
    item = estimate(differences, 0 * differences, differences[:, :0], differences[:, :0])
    rejected = np.abs(item.effect / item.error) > stats.t.ppf(1 - 0.05 / 16, 19)
    assert rejected.mean() > 5 * 0.05 / 8
