"""Tests and intervals of paired differences. Pure; the differences of one contrast lie on the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    low: float
    high: float
    method: str

    def excludes(self, value: float) -> bool:
        """False where a bound is NaN."""
        return self.low > value or self.high < value


NO_INTERVAL = Interval(float("nan"), float("nan"), "none")


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p values (Holm 1979). A NaN counts as 1: a question that was asked stays in the family."""
    p = np.nan_to_num(np.asarray(p_values, dtype=float), nan=1.0)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(value) for value in adjusted]


def student_interval(differences: Array, confidence: float = 0.95) -> Interval:
    low, high = student_bounds(differences, confidence) if len(differences) > 1 else (float("nan"), float("nan"))
    return Interval(float(low), float(high), "Student's t")


def student_bounds(differences: Array, confidence: float = 0.95) -> tuple[Any, Any]:
    """Low and high bound of the mean, of shape `differences.shape[:-1]`."""
    n = differences.shape[-1]
    centre = differences.mean(axis=-1)
    half = stats.t.ppf((1 + confidence) / 2, n - 1) * differences.std(axis=-1, ddof=1) / np.sqrt(n)
    return centre - half, centre + half


def student_p(differences: Array, alternative: Literal["two-sided", "less", "greater"] = "two-sided") -> Any:
    """The p of a one-sample t test of mean 0, of shape `differences.shape[:-1]`; NaN below two pairs."""
    n = differences.shape[-1]
    if n < 2:
        return float("nan")
    centre, error = differences.mean(axis=-1), differences.std(axis=-1, ddof=1) / np.sqrt(n)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where((centre == 0) & (error == 0), 0.0, centre / error)
    p = {
        "two-sided": lambda: 2 * stats.t.sf(np.abs(t), n - 1),
        "less": lambda: stats.t.cdf(t, n - 1),
        "greater": lambda: stats.t.sf(t, n - 1),
    }[alternative]()
    return float(p) if np.ndim(p) == 0 else p


def bootstrap_interval(differences: Array, confidence: float = 0.95, resamples: int = 9_999) -> Interval:
    """Of the mean: BCa (Efron 1987), or percentile where differences are equal and so BCa is undefined."""
    if len(differences) < 2:
        return NO_INTERVAL
    method: Literal["BCa", "percentile"] = (
        "BCa" if np.ptp(differences) > 1e-9 * np.abs(differences).max() else "percentile"
    )
    bounds = stats.bootstrap(
        (differences,),
        np.mean,
        n_resamples=resamples,
        confidence_level=confidence,
        method=method,
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Interval(float(bounds.low), float(bounds.high), f"{method} bootstrap")


def signed_rank_p(differences: Array) -> float:
    """Exact two-sided Wilcoxon signed-rank p (zeros left out); by sign flips of the ranks where there are ties."""
    nonzero = differences[differences != 0]
    if not len(nonzero):
        return 1.0 if len(differences) else float("nan")
    magnitudes = np.abs(nonzero)
    if len(np.unique(magnitudes)) == len(nonzero) <= 50:
        return float(stats.wilcoxon(nonzero, method="exact").pvalue)
    return sign_flip_p(np.sign(nonzero) * stats.rankdata(magnitudes), 9_999)


def sign_flip_p(differences: Array, resamples: int) -> float:
    """Two-sided p of the mean under random flips of the signs; exact where there are at most `resamples` flips."""
    if len(differences) < 2:
        return float("nan")
    test = stats.permutation_test(
        (differences,),
        np.mean,
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        rng=np.random.default_rng(0),
    )
    return float(test.pvalue)


def equivalence_p(differences: Array, size: Array | float) -> float:
    """Two one-sided paired t tests: is the mean difference within `size` of 0? One for all pairs, or one for each."""
    if len(differences) < 2:
        return float("nan")
    return float(max(student_p(differences + size, "greater"), student_p(differences - size, "less")))


def seeds_needed(differences: Array, effect: float, alpha: float, power: float) -> int | None:
    """Pairs with which a paired t test at `alpha` shows a mean difference of `effect` with the given power."""
    if len(differences) < 2 or not effect > 0:
        return None
    size = effect / max(float(differences.std(ddof=1)), 1e-12 * effect)

    def reached(n: int) -> bool:
        critical = stats.t.ppf(1 - alpha / 2, n - 1)
        shift = min(size * np.sqrt(n), 30.0)
        return bool(stats.nct.sf(critical, n - 1, shift) >= power)

    low, high = 1, 2
    while not reached(high):
        low, high = high, high * 2
        if high > 10_000:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def outer(one: Interval, other: Interval) -> Interval:
    """From the lower of the low bounds to the higher of the high ones."""
    method = f"outer bounds of {one.method} and {other.method}"
    return Interval(min(one.low, other.low), max(one.high, other.high), method)


def fisher_p(treatment: int, reference: int, n: int) -> float:
    """Fisher's exact test that both of two groups of `n` fail equally often, given how many did."""
    if not treatment and not reference:
        return 1.0
    table = np.array([[treatment, n - treatment], [reference, n - reference]])
    return float(stats.fisher_exact(table).pvalue)
