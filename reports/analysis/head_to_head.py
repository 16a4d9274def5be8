"""Any two variants held against each other on any metric. Pure: results in, a comparison out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ablations.catalog.metric_facts import Direction
from ablations.catalog.metrics import METRICS, facts
from ablations.config import Contrast
from ablations.config.description import differences
from ablations.config.errors import ConfigError, StoreError, unknown
from ablations.store.outcomes import FINISHED, outcome
from ablations.store.result import Result
from reports.analysis.agreement import Measures, Split, answers
from reports.analysis.comparable import check_comparable
from reports.analysis.comparison import Comparison, Interval
from reports.analysis.decision_rules import Rules
from reports.analysis.scored import metric_names, primary_metric, stated_floor
from reports.analysis.statuses import INTERRUPTED
from reports.analysis.verdicts import compare

SECONDS = tuple(name for name, row in METRICS.items() if row.of == "clock")
"""Of a run, comparable like its metrics."""


@dataclass(frozen=True, kw_only=True)
class HeadToHead:
    """Two variants on one metric, paired by seed."""

    metric: str
    better: Direction
    comparison: Comparison
    """In the metric's own sign; its verdict and `wins` are by `better`. Where that is neither, see `verdict`."""
    splits: tuple[Split, ...]
    """Of the score that verdicts are given on: images and class shares, by each kind of features; else empty."""
    depends_on: str
    """On what such a verdict depends, if it does."""
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
    sides = {names[0]: treatment, names[1]: reference}
    ours, theirs = (_values(runs, chosen, 1) for runs in sides.values())
    shared = {*ours} & {*theirs}
    if not shared:
        raise StoreError(_nothing_shared(sides, chosen))
    floor = stated_floor(tuple(everyone)) if chosen == primary_metric(everyone) else 0.0
    rules = Rules(noise_floor=floor).for_difference(difference)
    contrast = Contrast(axis="", question=f"{names[0]} instead of {names[1]}", treatment=names[0], reference=names[1])
    ended = {name: _statuses(runs, chosen, better) for name, runs in sides.items()}
    sign = -1 if better == "higher" else 1

    def table(name: str) -> dict[str, dict[int, float]]:
        return {side: _values(runs, name, sign) for side, runs in sides.items()}

    splits: tuple[Split, ...] = ()
    depends_on = ""
    if metric is None:
        (answer,) = answers(table, Measures.of(metric_names(everyone)), [contrast], rules, ended)
        item, splits, depends_on = answer.main, answer.splits, answer.depends_on
    else:
        (item,) = compare(table(chosen), [contrast], rules, ended)
    return HeadToHead(
        metric=chosen,
        better=better,
        comparison=_mirrored(item) if sign < 0 else item,
        splits=splits,
        depends_on=depends_on,
        treatment_mean=float(np.mean([*ours.values()])),
        reference_mean=float(np.mean([*theirs.values()])),
        left_out=len({result.run.seed for result in everyone} - shared),
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


def _values(runs: Sequence[Result], metric: str, sign: int) -> dict[int, float]:
    """Seed to value, times `sign`, of the runs that count as finished and have one."""
    found = {result.run.seed: sign * measured(result, metric) for result in runs if _status(result, metric) == FINISHED}
    return {seed: value for seed, value in found.items() if math.isfinite(value)}


def _nothing_shared(sides: Mapping[str, Sequence[Result]], metric: str) -> str:
    """Why two variants have no pair of values, and what to do about it."""
    first, second = sides
    if not set.intersection(*({result.run.seed for result in runs} for runs in sides.values())):
        return f"{first} and {second} have no common seed; train them under the same seeds"
    ended = {
        name: ", ".join(f"{count} {status}" for status, count in Counter(_status(r, metric) for r in runs).items())
        for name, runs in sides.items()
    }
    said = "; ".join(f"{name}: {statuses}" for name, statuses in ended.items())
    return f"no seed has {metric} on both sides ({said}); train more seeds, or compare another --metric"


def _statuses(runs: Sequence[Result], metric: str, better: Direction) -> dict[int, str]:
    """Seed to status. Where no side is better a run without a value says nothing, so it is missing."""
    found = {result.run.seed: _status(result, metric) for result in runs}
    if better == "neither":
        there = _values(runs, metric, 1)
        return {seed: status if seed in there else INTERRUPTED for seed, status in found.items()}
    return found


def _status(result: Result, metric: str) -> str:
    """Only what is measured of images can be spoiled by their collapse."""
    return outcome(result).status if facts(metric).of == "images" else result.status


def _mirrored(item: Comparison) -> Comparison:
    """The comparison of values whose signs were turned, in their own signs; the percentage is the same for both."""
    return replace(
        item,
        effect=-item.effect,
        reference_mean=-item.reference_mean,
        differences=tuple(-value for value in item.differences),
        interval=Interval(-item.interval.high, -item.interval.low),
    )


def _conditions(treatment: Sequence[Result], reference: Sequence[Result]) -> str:
    facts = {
        "the numerics": lambda result: result.run.numerics,
        "the engine": lambda result: result.run.engine,
        "the width of the stack": lambda result: result.run.width,
    }
    differing = [name for name, fact in facts.items() if {*map(fact, treatment)} != {*map(fact, reference)}]
    return ", ".join(differing)
