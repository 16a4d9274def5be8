"""The answer to one contrast."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ablations.config import Contrast
from reports.analysis.decisions import Verdict
from reports.analysis.statuses import share_unscored

NAN = math.nan


@dataclass(frozen=True)
class Interval:
    """Open bounds, NaN where nothing is known."""

    low: float
    high: float

    def excludes(self, value: float) -> bool:
        """False where a bound is NaN."""
        return self.low > value or self.high < value


NO_INTERVAL = Interval(NAN, NAN)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Effects are treatment minus reference, of runs with a usable score; below 0 is better. NaN: unknown."""

    contrast: Contrast
    treatment_counts: Mapping[str, int]
    """All runs of the treatment that ended, by status."""
    reference_counts: Mapping[str, int]
    treatment_scores: int
    """Runs with a usable score."""
    reference_scores: int
    seeds: tuple[int, ...]
    """Those of which both sides have a usable score."""
    differences: tuple[float, ...]
    """One for each of `seeds`."""
    wins: float
    """Of `seeds`, in how many the treatment is better, ties counted half."""
    reference_mean: float
    effect: float = NAN
    """The difference of the means."""
    error: float = NAN
    """Its standard error."""
    interval: Interval = NO_INTERVAL
    """Simultaneous with those of all contrasts (and looks) of the study. It leaves out 0 exactly where the verdict is
    better or worse, unless that rests on statuses; it holds 0 and lies within `margin` exactly where it is equivalent,
    unless the sides end without a score in different shares."""
    p_difference: float = NAN
    """That the means are equal; adjusted for the whole study, as all p values here."""
    p_equivalence: float = NAN
    """That they differ by `margin` or more."""
    p_statuses: float = NAN
    """That both sides end without a usable score equally often: by Fisher's exact test; of the same runs, by McNemar's.
    """
    same_runs: bool = False
    """Both sides are the same runs, at two steps."""
    margin: float = NAN
    """The least difference that matters, in units of the score."""
    pairing_saved: float = NAN
    """The share of the seeds that comparing seed by seed saved; below 0 it cost some."""
    detectable: float = NAN
    """The smallest difference that this study would have found with the demanded power, mostly 80%."""
    seeds_for_margin: int | None = None
    """Seeds of the treatment with which `margin` would be found with that power; None: above 10,000, or unknown."""
    rests_on: Literal["scores", "statuses"] = "scores"
    """What the verdict rests on."""
    verdict: Verdict = "too few scores"

    @property
    def superiority(self) -> float:
        """The share of the pairs that the treatment wins."""
        return self.wins / len(self.seeds) if self.seeds else NAN

    @property
    def percent(self) -> float:
        """The effect in percent of the reference's mean."""
        return 100 * self.effect / self.reference_mean if self.reference_mean else NAN

    @property
    def more_seeds(self) -> int | None:
        """How many more seeds of the treatment would find the margin; 0 if it has enough."""
        return None if self.seeds_for_margin is None else max(0, self.seeds_for_margin - self.treatment_scores)

    @property
    def matters(self) -> bool:
        """The interval lies outside the margin: the difference is not only there, it is as large as matters."""
        return self.interval.low > self.margin or self.interval.high < -self.margin

    @property
    def within(self) -> bool:
        """The interval lies within the margin, whether it holds 0 or not: a difference that there may be matters to
        nobody. Of sides that end without a score in different shares nothing of the kind is known.
        """
        alike = share_unscored(self.treatment_counts) == share_unscored(self.reference_counts)
        return alike and -self.margin < self.interval.low and self.interval.high < self.margin
