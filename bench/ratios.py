"""Ratios of timings with their uncertainty, and the decision whether something became slower. No clock, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reports.analysis.aggregate import interquartile_mean

Array = NDArray[Any]

CONFIDENCE = 0.95
RESAMPLES = 4_000


@dataclass(frozen=True)
class Interval:
    """An estimate and the bounds around it."""

    low: float
    estimate: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:.2f} [{self.low:.2f}, {self.high:.2f}]"


def ratio_interval(numerator: Array, denominator: Array, *, confidence: float = CONFIDENCE, seed: int = 0) -> Interval:
    """The ratio of paired times, each of shape (pairs,) with at least two pairs.

    The estimate is the interquartile mean of the logarithms of the pairs' ratios: a machine that turns slow within a
    pair spoils that pair alone. The interval is a percentile bootstrap over pairs, its level widened by Student's t
    (Hesterberg 2015, "expanded percentile"), without which few pairs give too short a one.
    """
    logs = np.log(np.asarray(numerator, float)) - np.log(np.asarray(denominator, float))
    pairs = len(logs)
    if pairs < 2:
        raise ValueError(f"an interval needs at least two pairs of times, not {pairs}")
    rows = np.random.default_rng(seed).integers(0, pairs, (RESAMPLES, pairs))
    tail = stats.norm.cdf(stats.t.ppf((1 - confidence) / 2, pairs - 1) * np.sqrt(pairs / (pairs - 1)))
    low, high = np.quantile(interquartile_mean(logs[rows]), [tail, 1 - tail])
    return Interval(float(np.exp(low)), float(np.exp(interquartile_mean(logs))), float(np.exp(high)))


@dataclass(frozen=True)
class Decision:
    """What the gate says of one step."""

    ratio: Interval
    """New time over old time."""
    slower: bool


def decide(old: Mapping[str, Array], new: Mapping[str, Array], *, threshold: float) -> dict[str, Decision]:
    """For each step, whether it became slower: the interval lies above 1 and the estimate above 1 + `threshold`.

    `old` and `new` hold paired times of shape (pairs,) by name. The intervals share an error of 1 - CONFIDENCE
    (Bonferroni), so that many steps do not raise more false alarms than one. The threshold is what two processes of
    the same code may differ by, for instance by where their memory lies; no number of pairs averages that away.
    """
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(old))
    decisions = {}
    for name in old:
        ratio = ratio_interval(new[name], old[name], confidence=confidence)
        decisions[name] = Decision(ratio, slower=ratio.low > 1 and ratio.estimate > 1 + threshold)
    return decisions
