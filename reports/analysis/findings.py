"""Everything a report says about a study, computed once: frames, comparisons, spreads, failures. Pure."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ablations.catalog.metric_facts import SHARES
from ablations.catalog.metrics import facts
from ablations.config import Study
from ablations.config.errors import StoreError
from ablations.store.noise_check import NoiseCheck
from ablations.store.outcomes import FINISHED, Outcome, outcome, statuses
from ablations.store.result import Result
from reports.analysis import frames, scored, variance
from reports.analysis.aggregate import Spread, failure_rate, spread
from reports.analysis.agreement import Answer, Measures, answers
from reports.analysis.claim_answers import Answered, answer
from reports.analysis.comparable import check_comparable, check_scored
from reports.analysis.comparison import Comparison, Interval
from reports.analysis.decision_rules import Rules
from reports.analysis.factorial import Effect, effects
from reports.analysis.gaps import Gap, gaps
from reports.analysis.grouping import axes
from reports.analysis.lengths import Course, courses
from reports.analysis.looks import Plan, Progress, follow
from reports.analysis.seconds import cost_frame
from reports.analysis.statuses import Statuses
from reports.analysis.traces import Traced, traces
from reports.analysis.until_decided import answers_by_looks
from reports.analysis.variance import Components
from reports.analysis.verdicts import Scores

if TYPE_CHECKING:
    from ablations.store.stored_study import StoredStudy


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
    measures: Measures
    """What the scores are called, and which of them carries the verdict."""
    answers: tuple[Answer, ...]
    """One a contrast."""
    courses: tuple[Course | None, ...]
    """How each of them came about over training."""
    progress: Progress | None
    """Of a study with looks: the path of each contrast."""
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
    """`frames.score_frame`."""
    axes: Mapping[str, list[str]]
    claims: tuple[Answered, ...]
    """The study's own, answered."""
    typical_seed: int | None
    scorer: str
    """Who gave the scores."""
    unreadable: Mapping[str, str]
    digests: Mapping[str, Mapping[str, str]]
    """Of each run, by key, as they were when it was written."""
    noise_checks: tuple[NoiseCheck, ...] = ()
    """The sanity checks of its recipes."""
    traces: tuple[Traced, ...] = ()
    """What the documents print along the trainings of their recipes."""

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """By the metric that carries the verdict, with the verdict that all scores agree on; one a contrast."""
        return tuple(answer.main for answer in self.answers)

    @functools.cached_property
    def gaps(self) -> tuple[Gap, ...]:
        """Metrics of the user's own that gave no number somewhere."""
        return gaps(self.results)

    @functools.cached_property
    def cost(self) -> pd.DataFrame:
        """`seconds.cost_frame` of the runs."""
        return cost_frame(self.runs)

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
        damaged = [f"{len(stored.unreadable)} cannot be read: {reason}" for reason in stored.unreadable.values()]
        why = damaged[0] if damaged else f"train it first: ablations run {study.name}"
        raise StoreError(f"study {study.name!r} has no stored run; {why}")
    check_comparable(study.name, results)
    check_scored(stored)
    measures = Measures.of(scored.metric_names(results))
    metric = measures.primary
    floor = scored.stated_floor(results) if noise_floor is None else noise_floor
    rules = Rules(noise_floor=floor).for_difference(difference)
    tables = {name: scored.scores(results, name) for name in measures.all}
    unordered, second = tables[metric], tables.get(measures.second or "")
    scores = {variant.name: unordered[variant.name] for variant in study.variants if variant.name in unordered}
    judged, progress = _judge(study, tables, measures, rules, statuses(results))
    runs = frames.runs_frame(stored, metric)
    evaluations = frames.evaluations_frame(results)
    by_variant = {v.name: [item for item in results if item.run.variant.name == v.name] for v in study.variants}
    return Findings(
        study=study,
        results=results,
        metric=metric,
        rules=rules,
        scores=scores,
        measures=measures,
        answers=judged,
        courses=courses(study, results, measures, rules, judged),
        progress=progress,
        effects=effects(study, scores, rules, second),
        spreads={name: spread(list(by_seed.values())) for name, by_seed in scores.items()},
        failures=tuple(item for own in by_variant.values() if own and (item := _failures(own)).reasons),
        variance=variance.by_variant(runs),
        runs=runs,
        evaluations=evaluations,
        curves=frames.curves_frame(results),
        along=frames.score_frame(results, metric),
        axes=axes(study),
        claims=answer(
            study.claims,
            {name: {item.run.seed: item for item in own} for name, own in by_variant.items()},
            rules,
        ),
        typical_seed=frames.typical_seed(scores),
        scorer=stored.scorer,
        unreadable=stored.unreadable,
        digests=stored.digests,
        noise_checks=stored.noise_checks,
        traces=traces(study, results),
    )


def progress_of(stored: StoredStudy) -> Progress:
    """How far a study with looks has come, by the rules of its report; nothing need be stored of it yet.

    Raises:
        StoreError: runs whose scores cannot be compared.
    """
    results = tuple(stored.results)
    check_comparable(stored.study.name, results)
    check_scored(stored)
    measures = Measures.of(scored.metric_names(results))
    tables = {name: scored.scores(results, name) for name in measures.decisive}
    return _follow(stored.study, tables, measures, Rules(noise_floor=scored.stated_floor(results)), statuses(results))


def environment(results: tuple[Result, ...]) -> dict[str, str]:
    """Each fact of the runs' environments: the one value, or the most frequent with how many runs had each."""
    counted: dict[str, Counter[str]] = {}
    for result in results:
        for name, value in result.environment.items():
            if name == "traceback":
                continue
            counted.setdefault(name, Counter())[value] += 1
    return {name: next(iter(values)) if len(values) == 1 else _most(values) for name, values in sorted(counted.items())}


def _most(values: Counter[str], shown: int = 4) -> str:
    said = [f"{value} ({count} runs)" for value, count in values.most_common(shown)]
    if others := values.total() - sum(count for _, count in values.most_common(shown)):
        said.append(f"others ({others} runs)")
    return "; ".join(said)


def _judge(
    study: Study, tables: Mapping[str, Scores], measures: Measures, rules: Rules, ended: Statuses
) -> tuple[tuple[Answer, ...], Progress | None]:
    """At once, or look by look where the study has looks."""
    if not study.looks:
        return answers(tables.__getitem__, measures, study.contrasts, rules, ended), None
    progress = _follow(study, tables, measures, rules, ended)
    return answers_by_looks(progress, tables, measures, rules, ended), progress


def _follow(study: Study, tables: Mapping[str, Scores], measures: Measures, rules: Rules, ended: Statuses) -> Progress:
    one, other, shares = (tables.get(name or "") for name in (measures.primary, measures.second, measures.shares))
    return follow(one or {}, study.contrasts, Plan(looks=study.looks), rules, ended, other, shares)


def _failures(own: Sequence[Result]) -> Failures:
    ended: list[Outcome] = [outcome(result) for result in own]
    counted = Counter[str](item.status for item in ended)
    failed, total, rate = failure_rate(counted)
    reasons = Counter(
        f"{item.status}: {item.reason}" if item.reason else item.status for item in ended if item.status != FINISHED
    )
    return Failures(
        variant=own[0].run.variant.name,
        statuses=dict(counted),
        failed=failed,
        total=total,
        rate=rate,
        reasons=tuple(f"{reason} ({n}\N{MULTIPLICATION SIGN})" if n > 1 else reason for reason, n in reasons.items()),
    )
