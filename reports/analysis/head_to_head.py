"""Any two variants held against each other on any metric. Pure: results in, a comparison out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ablations.catalog.metric_facts import Direction
from ablations.catalog.metrics import METRICS, facts
from ablations.config import Contrast
from ablations.config.description import differences
from ablations.config.errors import ConfigError, StoreError, unknown
from ablations.store.result import Result
from reports.analysis.comparable import check_comparable
from reports.analysis.findings import stated_floor
from reports.analysis.frames import WITHOUT_SCORE, primary_metric
from reports.analysis.paired import Interval
from reports.analysis.statistics import Comparison, Rules, compare

SECONDS = tuple(name for name, row in METRICS.items() if row.of == "clock")
"""Of a run, comparable like its metrics."""


@dataclass(frozen=True, kw_only=True)
class HeadToHead:
    """Two variants on one metric, paired by seed."""

    metric: str
    better: Direction
    comparison: Comparison
    """In the metric's own sign; its verdict and `wins` are by `better`. Where that is neither, see `verdict`."""
    treatment_mean: float
    reference_mean: float
    left_out: int
    """Seeds that do not have this metric on both sides."""
    settings: str
    """In which the treatment differs from the reference."""
    conditions: str
    """In which the runs of the two sides differ beyond their settings, such as the source; empty if in nothing."""
    rules: Rules

    @property
    def verdict(self) -> str:
        """In words that the metric bears: of one that has no better side, only which side is higher."""
        if reason := facts(self.metric).left_out:
            return f"none: {reason}"
        if self.better == "neither":
            return {"better": "lower", "worse": "higher"}.get(self.comparison.verdict, self.comparison.verdict)
        return self.comparison.verdict


def head_to_head(
    treatment: Sequence[Result],
    reference: Sequence[Result],
    names: tuple[str, str],
    *,
    metric: str | None = None,
    difference: str | None = None,
) -> HeadToHead:
    """Compare the runs of two variants by their last scores. `difference` is the least one that matters to the reader:
    see `Rules.for_difference`.

    Raises:
        ConfigError: the same runs twice, a metric that neither has (with the nearest name), or a difference that is no
            positive number.
        StoreError: no seed is shared, or the scores do not measure the same.
    """
    everyone = [*treatment, *reference]
    if treatment and {result.key for result in treatment} == {result.key for result in reference}:
        raise ConfigError(f"{names[0]} and {names[1]} are the same runs: name two variants")
    check_comparable(" against ".join(names), everyone)
    chosen = metric_of(everyone, metric)
    better = facts(chosen).better
    ours, theirs = (_values(runs, chosen, better) for runs in (treatment, reference))
    shared = sorted(set(ours) & set(theirs))
    if not shared:
        raise StoreError(f"{names[0]} and {names[1]} have {chosen} of no common seed; train them under the same seeds")
    scored = [seed for seed in shared if math.isfinite(ours[seed]) and math.isfinite(theirs[seed])]
    means = [float(np.mean([side[seed] for seed in scored])) if scored else math.nan for side in (ours, theirs)]
    floor = stated_floor(tuple(everyone)) if chosen == primary_metric(everyone) else 0.0
    rules = Rules(noise_floor=floor).for_difference(difference)
    contrast = Contrast(axis="", question=f"{names[0]} instead of {names[1]}", treatment="one", reference="other")
    sign = -1 if better == "higher" else 1
    sides = {"one": ours, "other": theirs}
    (item,) = compare({name: _signed(side, sign) for name, side in sides.items()}, [contrast], rules)
    return HeadToHead(
        metric=chosen,
        better=better,
        comparison=_mirrored(item) if sign < 0 else item,
        treatment_mean=means[0],
        reference_mean=means[1],
        left_out=len({result.run.seed for result in everyone} - set(shared)),
        settings=differences(treatment[0].run.variant, reference[0].run.variant),
        conditions=_conditions(treatment, reference),
        rules=rules,
    )


def metric_of(results: Sequence[Result], asked: str | None) -> str:
    """The metric that was asked for, or else the score; `ConfigError` where no result has it."""
    chosen = asked or primary_metric(results)
    known = {*SECONDS, *(name for result in results for name in result.scores)}
    if asked and chosen not in known:
        raise unknown("metric", chosen, known)
    return chosen


def measured(result: Result, metric: str) -> float:
    """The value at the end of a finished run, else NaN."""
    value = getattr(result, metric) if metric in SECONDS else result.scores.get(metric, math.nan)
    return float(value) if result.status == "finished" else math.nan


def _values(runs: Sequence[Result], metric: str, better: Direction) -> dict[int, float]:
    """Seed to value. A run that ended without one has the worst rank, `inf`, where a side is better; else none."""
    found = {}
    for result in runs:
        value = measured(result, metric)
        if math.isfinite(value):
            found[result.run.seed] = value
        elif better != "neither" and result.status in (*WITHOUT_SCORE, "finished"):
            found[result.run.seed] = math.inf
    return found


def _signed(values: Mapping[int, float], sign: int) -> dict[int, float]:
    """What is lower the better; a missing value stays the worst."""
    return {seed: sign * value if math.isfinite(value) else math.inf for seed, value in values.items()}


def _mirrored(item: Comparison) -> Comparison:
    """The comparison of values whose signs were turned, in their own signs; the percentage is the same for both."""
    return replace(
        item,
        mean=-item.mean,
        median=-item.median,
        reference_mean=-item.reference_mean,
        differences=tuple(-value for value in item.differences),
        interval=_turned(item.interval),
        student=_turned(item.student),
        bootstrap=_turned(item.bootstrap),
    )


def _turned(interval: Interval) -> Interval:
    return Interval(-interval.high, -interval.low, interval.method)


def _conditions(treatment: Sequence[Result], reference: Sequence[Result]) -> str:
    facts = {
        "the numerics": lambda result: result.run.numerics,
        "the engine": lambda result: result.run.engine,
        "the width of the stack": lambda result: result.run.width,
    }
    differing = [name for name, fact in facts.items() if {*map(fact, treatment)} != {*map(fact, reference)}]
    return ", ".join(differing)
