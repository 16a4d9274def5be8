"""Summaries of one variant over its seeds. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from reports.analysis.comparison import NO_INTERVAL, Interval
from reports.analysis.distributions import Array


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The scores of one variant; `inf` for a run that has none, which pulls a mean to `inf` but not a median."""

    runs: int
    scored: int
    mean: float
    """Over the scored runs; NaN if there is none."""
    deviation: float
    """Standard deviation (N - 1) over the scored runs; NaN below two."""
    median: float
    """Over all runs, unscored ones ranked worst."""
    interquartile_mean: float
    """Over all runs, unscored ones ranked worst."""
    interquartile_interval: Interval
    """Its 95% interval."""


def spread(scores: Sequence[float], resamples: int = 2_000) -> Spread:
    values = np.asarray(scores, dtype=float)
    finite = values[np.isfinite(values)]
    return Spread(
        runs=len(values),
        scored=len(finite),
        mean=float(finite.mean()) if len(finite) else float("nan"),
        deviation=float(finite.std(ddof=1)) if len(finite) > 1 else float("nan"),
        median=median(values),
        interquartile_mean=float(interquartile_mean(values)) if len(values) else float("nan"),
        interquartile_interval=_interquartile_interval(values, resamples),
    )


def median(scores: Sequence[float] | Array) -> float:
    """The median; `inf` where half of the scores or more are."""
    ordered = np.sort(scores)
    if not len(ordered):
        return float("nan")
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2)


def interquartile_mean(scores: Array) -> Array:
    """Mean of the middle half along the last axis (Agarwal et al. 2021); the outer quarters, rounded down, are cut."""
    cut = scores.shape[-1] // 4
    ordered = np.sort(scores, axis=-1)
    middle: Array = ordered[..., cut : scores.shape[-1] - cut].mean(axis=-1)
    return middle


def _interquartile_interval(scores: Array, resamples: int) -> Interval:
    if len(scores) < 2:
        return NO_INTERVAL
    picks = np.random.default_rng(0).integers(len(scores), size=(resamples, len(scores)))
    means = np.sort(interquartile_mean(scores[picks]))
    low, high = means[int(0.025 * resamples)], means[int(0.975 * resamples)]
    return Interval(float(low), float(high))


def profile(scores: Array, thresholds: Array) -> Array:
    """Share of runs (last axis) scoring at or below each threshold: a performance profile (Agarwal et al. 2021)."""
    shares: Array = (scores[..., :, None] <= thresholds).mean(axis=-2)
    return shares


def profile_frame(scores: Sequence[float], thresholds: Array, resamples: int = 1_000) -> pd.DataFrame:
    """One row a threshold: score, mean (the profile), its pointwise 95% bootstrap band over runs low to high, seeds."""
    values = np.asarray(scores, dtype=float)
    picks = np.random.default_rng(0).integers(len(values), size=(resamples, len(values)))
    low, high = np.quantile(profile(values[picks], thresholds), [0.025, 0.975], axis=0)
    columns = {"score": thresholds, "mean": profile(values, thresholds), "low": low, "high": high}
    return pd.DataFrame(columns).assign(seeds=len(values))


def failure_rate(statuses: Mapping[str, int]) -> tuple[int, int, Interval]:
    """Runs that ended without a score, all runs that ended, and the Wilson 95% interval of their ratio.

    `statuses` counts runs by status; interrupted ones say nothing about a variant and are left out.
    """
    total = sum(count for status, count in statuses.items() if status != "interrupted")
    failed = total - statuses.get("finished", 0)
    if not total:
        return 0, 0, NO_INTERVAL
    bounds = stats.binomtest(failed, total).proportion_ci(method="wilson")
    return failed, total, Interval(float(bounds.low), float(bounds.high))
