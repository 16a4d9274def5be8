"""Everything a report says about a study, computed once: frames, comparisons, spreads, failures. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ablations.catalog.metric_facts import SHARES
from ablations.catalog.metrics import facts
from ablations.config import Study
from ablations.config.errors import StoreError
from ablations.store.result import Result
from reports.analysis import frames, variance
from reports.analysis.aggregate import Spread, failure_rate, spread
from reports.analysis.comparable import check_comparable, check_scored
from reports.analysis.factorial import Effect, effects
from reports.analysis.grouping import axes
from reports.analysis.paired import Interval
from reports.analysis.statistics import Comparison, Rules, Scores, compare
from reports.analysis.variance import Components

if TYPE_CHECKING:
    from ablations.store.archive import StoredStudy


@dataclass(frozen=True, kw_only=True)
class Failures:
    """How often the runs of a variant ended without a score."""

    variant: str
    statuses: Mapping[str, int]
    failed: int
    total: int
    rate: Interval
    reasons: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Findings:
    study: Study
    results: tuple[Result, ...]
    metric: str
    rules: Rules
    scores: Scores
    """By the study's order of variants; those without any ended run are left out."""
    comparisons: tuple[Comparison, ...]
    effects: tuple[Effect, ...]
    """Of a study that crosses factors."""
    spreads: Mapping[str, Spread]
    failures: tuple[Failures, ...]
    """Of the variants that have a run without a score."""
    variance: Mapping[str, Components]
    """Of the variants with repeated scores."""
    runs: pd.DataFrame
    evaluations: pd.DataFrame
    curves: pd.DataFrame
    along: pd.DataFrame
    """`frames.metric_frame` of the score."""
    axes: Mapping[str, list[str]]
    typical_seed: int | None
    scorer: str
    """Who gave the scores."""
    unreadable: Mapping[str, str]

    @property
    def pictured(self) -> dict[str, Result]:
        """Variant to its run of the typical seed, of those that have samples, in the study's order."""
        found = {item.run.variant.name: item for item in self.results if item.run.seed == self.typical_seed}
        names = [variant.name for variant in self.study.variants]
        return {name: found[name] for name in names if name in found and found[name].samples}

    @property
    def columns(self) -> int:
        """Of a grid of samples: as many as the scores have classes, so that each column is one; else 10."""
        classes = sum(facts(name).group == SHARES for name in self.runs.columns)
        return classes if 1 < classes <= 20 else 10

    def rank(self, variant: str, seed: int) -> tuple[int, int]:
        """The place of a seed among the seeds of its variant, 1 the best, and how many there are."""
        by_seed = self.scores[variant]
        return 1 + sum(value < by_seed[seed] for value in by_seed.values()), len(by_seed)


def find(stored: StoredStudy, *, noise_floor: float | None = None, difference: str | None = None) -> Findings:
    """Judge a stored study. `noise_floor` defaults to what the runs' scorer measured, else to 0.

    `difference` is the least one that matters, such as "5%" or "0.5": see `Rules.for_difference`.

    Raises:
        ConfigError: a difference that is no positive number.
        StoreError: nothing is stored, or runs whose scores cannot be compared.
    """
    study, results = stored.study, tuple(stored.results)
    if not results:
        raise StoreError(f"study {study.name!r} has no stored run; train it first: ablations run {study.name}")
    check_comparable(study.name, results)
    check_scored(stored)
    metric = frames.primary_metric(results)
    rules = Rules(noise_floor=stated_floor(results) if noise_floor is None else noise_floor).for_difference(difference)
    unordered = frames.scores(results, metric)
    scores = {variant.name: unordered[variant.name] for variant in study.variants if variant.name in unordered}
    runs = frames.runs_frame(stored, metric)
    evaluations = frames.evaluations_frame(results)
    by_variant = {v.name: [item for item in results if item.run.variant.name == v.name] for v in study.variants}
    return Findings(
        study=study,
        results=results,
        metric=metric,
        rules=rules,
        scores=scores,
        comparisons=compare(scores, study.contrasts, rules),
        effects=effects(study, scores, rules),
        spreads={name: spread(list(by_seed.values())) for name, by_seed in scores.items()},
        failures=tuple(_failures(own) for own in by_variant.values() if any(r.status != "finished" for r in own)),
        variance=variance.by_variant(runs),
        runs=runs,
        evaluations=evaluations,
        curves=frames.curves_frame(results),
        along=frames.metric_frame(evaluations, metric),
        axes=axes(study),
        typical_seed=frames.typical_seed(scores),
        scorer=stored.scorer,
        unreadable=stored.unreadable,
    )


def stated_floor(results: tuple[Result, ...]) -> float:
    """The largest noise floor among the runs, 0 if none states one."""
    return max((result.noise_floor for result in results if math.isfinite(result.noise_floor)), default=0.0)


def environment(results: tuple[Result, ...]) -> dict[str, str]:
    """Each fact of the runs' environments: the one value, or all values with how many runs had each."""
    counted: dict[str, Counter[str]] = {}
    for result in results:
        for name, value in result.environment.items():
            if name == "traceback":
                continue
            counted.setdefault(name, Counter())[value] += 1
    return {
        name: next(iter(values)) if len(values) == 1 else "; ".join(f"{v} ({n} runs)" for v, n in values.most_common(4))
        for name, values in sorted(counted.items())
    }


def _failures(own: Sequence[Result]) -> Failures:
    statuses = Counter[str](result.status for result in own)
    failed, total, rate = failure_rate(statuses)
    reasons = Counter(f"{r.status}: {r.reason}" if r.reason else r.status for r in own if r.status != "finished")
    return Failures(
        variant=own[0].run.variant.name,
        statuses=dict(statuses),
        failed=failed,
        total=total,
        rate=rate,
        reasons=tuple(f"{reason} ({n}\N{MULTIPLICATION SIGN})" if n > 1 else reason for reason, n in reasons.items()),
    )
