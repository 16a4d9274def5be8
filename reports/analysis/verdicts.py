"""Scores in, verdicts out: all contrasts of one study, wrong in at most `alpha` of all studies.

**What a verdict claims.** Of the runs that end with a usable score: the treatment's mean score lies below the
reference's (better), above it (worse), or within the margin of it (equivalent). Of how runs end: the treatment's runs
end without a usable score less often (better) or more often (worse). Means, because a reader wants to know what a
change is worth in units of the score, and because only means can use runs without a partner; means of usable scores
only, because the mean over a mixture of good and collapsed runs describes neither.

**One family.** The error is shared equally among the contrasts (Bonferroni). A verdict on scores is read off an
interval, so difference and equivalence of a contrast spend its share once: `decisions`. A contrast that has runs
without a usable score spends half of it on their number and half on the scores. Holm's or Westfall and Young's
step-down would find a little more, but has no intervals that say the same as its verdicts. The max-t distribution in
place of Bonferroni's bound would shorten intervals by a few percent where contrasts share a reference of as many seeds,
by less where that has more; the published page has the figures, and how often max-t by sign flips errs under skew.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ablations.config import Contrast
from ablations.store.outcomes import FINISHED
from reports.analysis.comparison import Comparison, Interval
from reports.analysis.critical_values import LEVELS
from reports.analysis.decision_rules import Rules
from reports.analysis.decisions import BETTER, TOO_FEW, VERDICTS, WORSE, decide
from reports.analysis.distributions import Array
from reports.analysis.groups import Estimate, enough, estimate
from reports.analysis.power import NO_POWER, power
from reports.analysis.statuses import INTERRUPTED, Statuses, count, exact_p, paired_p, share_unscored, unscored

Scores = Mapping[str, Mapping[int, float]]
"""Variant to seed to score, lower is better. What stands here for a run that is not finished does not count."""
NO_SCORE = "no score"
"""The status of a run that is said to be finished but whose score is not finite."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """The runs of one variant in one contrast."""

    scored: Mapping[int, float]
    counts: Mapping[str, int]
    """All runs by status."""
    lost: frozenset[int]
    """The seeds whose runs ended without a usable score."""


def compare(
    scores: Scores,
    contrasts: Sequence[Contrast],
    rules: Rules | None = None,
    statuses: Statuses | None = None,
    *,
    same_runs: Collection[str] = (),
    with_power: bool = True,
) -> tuple[Comparison, ...]:
    """Judge all contrasts of one study.

    Args:
        scores: the runs that ended.
        contrasts: what is asked; all of them share the error.
        rules: what a verdict demands.
        statuses: how runs ended. Those not named are finished; those with a status and no score may be missing from
            `scores`.
        same_runs: treatments that are the same runs as their reference, measured at another step: how these end is
            compared in pairs.
        with_power: also say what could have been found, which takes a quarter of the time.
    """
    rules = rules or Rules()
    level = rules.alpha / max(len(contrasts), 1)
    asked = {name for item in contrasts for name in (item.treatment, item.reference)}
    sides = {name: side(scores, statuses, name) for name in asked}
    return tuple(
        judge(
            item,
            sides[item.treatment],
            sides[item.reference],
            rules,
            level,
            same_runs=item.treatment in same_runs,
            with_power=with_power,
        )
        for item in contrasts
    )


def side(scores: Scores, statuses: Statuses | None, variant: str, seeds: int | None = None) -> Side:
    """The runs of a variant, of its first `seeds` seeds if that is given."""
    own, ended = scores.get(variant, {}), (statuses or {}).get(variant, {})
    named = {seed: ended.get(seed, FINISHED) for seed in sorted({*own, *ended}) if seeds is None or seed < seeds}
    for seed, status in named.items():
        if status == FINISHED and not math.isfinite(own.get(seed, math.nan)):
            named[seed] = NO_SCORE
    kept = {seed: status for seed, status in named.items() if status != INTERRUPTED}
    scored = {seed: float(own[seed]) for seed, status in kept.items() if status == FINISHED}
    return Side(scored=scored, counts=count(kept.values()), lost=frozenset(kept) - frozenset(scored))


def judge(
    contrast: Contrast,
    treatment: Side,
    reference: Side,
    rules: Rules,
    level: float,
    *,
    same_runs: bool = False,
    with_power: bool = True,
) -> Comparison:
    """The answer to one contrast, wrong with probability `level` at most."""
    gaps = unscored(treatment.counts) + unscored(reference.counts) > 0
    share = level / 2 if gaps else level
    lost = treatment.lost, reference.lost
    p_statuses = paired_p(*lost) if same_runs else exact_p(treatment.counts, reference.counts)
    by_statuses = _by_statuses(treatment, reference, p_statuses < share)
    adjust = rules.alpha / share
    described = replace(
        _describe(contrast, treatment, reference),
        p_statuses=_cap(p_statuses * adjust),
        same_runs=same_runs,
        rests_on="scores" if by_statuses is None else "statuses",
    )
    if not estimable(treatment, reference):
        return replace(described, verdict=VERDICTS[TOO_FEW if by_statuses is None else by_statuses])
    found = measure(treatment, reference)
    margin = float(rules.size(described.reference_mean))
    # Runs that end in different ways are not equivalent, whatever the scores of the others are.
    alike = share_unscored(treatment.counts) == share_unscored(reference.counts)
    answer = decide(found, share, margin if alike else 0.0, rules.noise_floor)
    could = power(found, share, margin, len(treatment.scored), rules.power) if with_power else NO_POWER
    return replace(
        described,
        effect=float(found.effect),
        error=float(found.error),
        interval=Interval(float(answer.low), float(answer.high)),
        p_difference=_stated(answer.p_difference * adjust),
        p_equivalence=_stated(answer.p_equivalence * adjust),
        margin=margin,
        pairing_saved=float(found.saved),
        detectable=could.detectable,
        seeds_for_margin=could.seeds_for_margin,
        verdict=VERDICTS[int(answer.verdict) if by_statuses is None else by_statuses],
    )


def estimable(treatment: Side, reference: Side) -> bool:
    pairs = len({*treatment.scored} & {*reference.scored})
    return enough(pairs, len(treatment.scored) - pairs, len(reference.scored) - pairs)


def measure(treatment: Side, reference: Side) -> Estimate:
    """The effect of the scored runs: see `groups.estimate`."""
    shared = [seed for seed in treatment.scored if seed in reference.scored]
    alone_t = [seed for seed in treatment.scored if seed not in reference.scored]
    alone_r = [seed for seed in reference.scored if seed not in treatment.scored]
    return estimate(
        _values(treatment, shared), _values(reference, shared), _values(treatment, alone_t), _values(reference, alone_r)
    )


def _by_statuses(treatment: Side, reference: Side, significant: bool) -> int | None:
    if not significant:
        return None
    return WORSE if share_unscored(treatment.counts) > share_unscored(reference.counts) else BETTER


def _describe(contrast: Contrast, treatment: Side, reference: Side) -> Comparison:
    """What there is, before anything is judged."""
    shared = [seed for seed in treatment.scored if seed in reference.scored]
    t, r = _values(treatment, shared), _values(reference, shared)
    return Comparison(
        contrast=contrast,
        treatment_counts=treatment.counts,
        reference_counts=reference.counts,
        treatment_scores=len(treatment.scored),
        reference_scores=len(reference.scored),
        seeds=tuple(shared),
        differences=tuple(float(value) for value in t - r),
        wins=float((t < r).sum() + 0.5 * (t == r).sum()),
        reference_mean=float(np.mean([*reference.scored.values()])) if reference.scored else math.nan,
    )


def _values(of: Side, seeds: Sequence[int]) -> Array:
    return np.array([of.scored[seed] for seed in seeds], dtype=float)


def _cap(p: float) -> float:
    return min(1.0, float(p))


def _stated(p: float) -> float:
    """Of the guarded statistic: below the least level of its table a p value would be a guess."""
    return max(LEVELS[-1], _cap(p))
