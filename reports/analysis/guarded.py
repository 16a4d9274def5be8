"""The guarded t statistic: intervals and p values that hold under skewed noise, also with few seeds. Vectorised, pure.

A t test of skewed differences errs in one way: with few seeds the rare large values are not seen, so that the mean and
its error come out too small together, and the interval ends too soon on the side of the long tail. (Section 2 of the
published page has how often.) No test of a mean can hold its level for all distributions (Bahadur and Savage 1956), so
this one holds it for a named set, `distributions.DISTRIBUTIONS`, by two measures:

1. The half-width on the side of the long tail is multiplied by one plus the sample skewness. (Johnson 1978 and Hall
   1992 correct for skewness too, by a term that is right to the second order; with 5 to 20 seeds that is not enough for
   a lognormal, whose sample skewness is far too small in just those samples.)
2. Critical values are the largest quantiles of that statistic over the set, one row for each number of seeds: see
   `calibrate`. With many seeds they are those of Student's t; with five they are several times as large.

The set has a t distribution with three degrees of freedom and a lognormal of skewness 6. Nothing is promised beyond
them: a variant of which one run in ten ends in a far worse state must have that counted as a status, not as a score.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from reports.analysis.critical_values import CRITICAL, LEVELS, SEEDS
from reports.analysis.distributions import Array
from reports.analysis.groups import Estimate

Side = Literal["low", "high"]

# Statistics are tabulated as log(1 + value) against log(level): nearly straight lines, also beyond the last level.
_LOG_LEVELS: Array = np.log(np.array([1.0, *LEVELS]))
_KNOTS: Array = np.log1p(np.array([(0.0, *row) for row in CRITICAL]))
_INVERSE_SEEDS: Array = 1 / np.array(SEEDS, dtype=float)


def critical(level: float, freedom: Any) -> Any:
    """The value that the statistic exceeds with probability `level` at most, two-sided; as `freedom` in shape.

    Raises:
        ValueError: a level outside (0, 1), or one with fewer degrees of freedom than the table has.
    """
    if not 0 < level < 1:
        raise ValueError(f"a level of {level}: it must lie between 0 and 1")
    knots = _rows(freedom)
    wanted = np.log(level)
    after = min(max(int(np.searchsorted(-_LOG_LEVELS, -wanted)), 1), len(_LOG_LEVELS) - 1)
    share = (wanted - _LOG_LEVELS[after - 1]) / (_LOG_LEVELS[after] - _LOG_LEVELS[after - 1])
    return np.expm1(knots[..., after - 1] + share * (knots[..., after] - knots[..., after - 1]))


def p_value(statistic: Any, freedom: Any) -> Any:
    """The level at which `critical` is `statistic`: the largest tail over the set of distributions, two-sided."""
    value, knots = np.log1p(np.asarray(statistic, dtype=float)), _rows(freedom)
    logarithm = np.zeros(np.broadcast_shapes(value.shape, knots.shape[:-1]))
    for after in range(1, len(_LOG_LEVELS)):
        low, high = knots[..., after - 1], knots[..., after]
        slope = (_LOG_LEVELS[after] - _LOG_LEVELS[after - 1]) / (high - low)
        logarithm = np.where(value >= low, _LOG_LEVELS[after - 1] + slope * (value - low), logarithm)
    return np.exp(logarithm)


def width(found: Estimate, side: Side) -> Any:
    """The error, widened on the side of the long tail: the distance of a bound from the effect, over `critical`."""
    toward = found.skewness if side == "high" else -found.skewness
    return found.error * (1 + np.maximum(0.0, toward))


def bounds(found: Estimate, level: float) -> tuple[Any, Any]:
    """Low and high bound of the interval that leaves out the truth with probability `level` at most."""
    value = critical(level, found.freedom)
    return found.effect - value * width(found, "low"), found.effect + value * width(found, "high")


def p_beyond(found: Estimate, value: Any) -> Any:
    """The p value of "the true effect is `value`": the level at which the interval ends there."""
    distance = np.abs(found.effect - value)
    side = np.where(found.effect < value, width(found, "high"), width(found, "low"))
    return p_value(_ratio(distance, side), found.freedom)


def p_within(found: Estimate, margin: Any) -> Any:
    """The p value of "the true effect is at least `margin` away from 0": the level at which the interval fits in."""
    low, high = found.effect + margin, margin - found.effect
    nearer = np.minimum(_ratio(low, width(found, "low")), _ratio(high, width(found, "high")))
    return p_value(np.maximum(nearer, 0.0), found.freedom)


def _ratio(distance: Any, error: Any) -> Any:
    """0 where both are 0: differences that are all 0 speak for no difference."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(distance == 0, 0.0, distance / error)


def _rows(freedom: Any) -> Array:
    """log(1 + critical value) by level, at `freedom` + 1 seeds: straight between rows in one over the seeds."""
    seeds = np.asarray(freedom, dtype=float) + 1
    if np.any(seeds < SEEDS[0] - 1e-9):
        raise ValueError(f"{seeds.min():.3g} seeds: critical values begin at {SEEDS[0]}")
    inverse = 1 / np.minimum(seeds, SEEDS[-1])
    after = np.minimum(np.maximum(np.searchsorted(-_INVERSE_SEEDS, -inverse), 1), len(SEEDS) - 1)
    before = after - 1
    share = (inverse - _INVERSE_SEEDS[before]) / (_INVERSE_SEEDS[after] - _INVERSE_SEEDS[before])
    rows: Array = _KNOTS[before] + share[..., None] * (_KNOTS[after] - _KNOTS[before])
    return rows
