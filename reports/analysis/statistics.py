"""Paired contrasts and their verdicts. Pure: scores in, comparisons out.

Scores are lower-is-better. A score of `inf` is a run that has none because it diverged, failed or timed out: it ranks
worst and is never dropped. Pairs are the seeds that both variants of a contrast have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np

from ablations.config import Contrast
from ablations.config.errors import ConfigError
from reports.analysis.paired import (
    Array,
    Interval,
    bootstrap_interval,
    equivalence_p,
    fisher_p,
    holm,
    outer,
    seeds_needed,
    sign_flip_p,
    signed_rank_p,
    student_interval,
    student_p,
)

Scores = Mapping[str, Mapping[int, float]]
"""Variant to seed to score."""
Verdict = Literal["better", "worse", "equivalent", "no difference shown", "too few seeds"]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What a verdict demands."""

    alpha: float = 0.05
    """The chance of a false verdict over a whole study; intervals are at 1 - alpha."""
    minimum_pairs: int = 5
    noise_floor: float = 0.0
    """An effect no larger than this is never called better or worse."""
    margin: float = 0.1
    """The least difference that matters, as a share of the reference's score: smaller ones count as equivalent, and
    `seeds_needed` is for one so large."""
    difference: float | None = None
    """The same in units of the score, in place of `margin`."""
    power: float = 0.8
    resamples: int = 9_999

    def size(self, reference: Any) -> Any:
        """The least difference that matters, of one score of the reference or of an array of them."""
        return self.margin * np.abs(reference) if self.difference is None else self.difference

    def for_difference(self, named: str | None) -> Self:
        """With the least difference that matters as a person names it: "5%" of the reference, or "0.5" of a score.

        Raises:
            ConfigError: it is no positive number.
        """
        if named is None:
            return self
        share, number = named.endswith("%"), named.removesuffix("%")
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not 0 < value < math.inf:
            raise ConfigError(f"--difference {named}: it must be a positive number such as 0.5, or a share such as 5%")
        return replace(self, margin=value / 100) if share else replace(self, difference=value)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The answer to one contrast. Effects are treatment minus reference over the scored pairs, else NaN."""

    contrast: Contrast
    pairs: int
    """Seeds that both variants have, scored or not."""
    wins: float
    """Pairs in which the treatment is better, ties counted half. Over `pairs`: the probability of superiority."""
    seeds: tuple[int, ...]
    """The pairs with a finite score on both sides."""
    differences: tuple[float, ...]
    """One for each of `seeds`."""
    reference_mean: float
    mean: float
    median: float
    percent: float
    """The mean difference in percent of the reference's mean."""
    interval: Interval
    """Of the mean difference: the outer bounds of `student` and `bootstrap`."""
    student: Interval
    bootstrap: Interval
    unscored_treatment: int
    unscored_reference: int
    one_sided: bool
    """There is a pair of which only one side has a score."""
    p_student: float
    p_signed_rank: float
    """Exact Wilcoxon; an unscored run has the worst rank."""
    p_signed_rank_least: float
    """The smallest p that the signed-rank test can reach with so many pairs."""
    p_sign_flip: float
    p_unscored: float
    """Fisher's exact test of the two counts of unscored runs."""
    p: float
    """The p value that the verdict rests on, before Holm: see `compare`."""
    p_holm: float
    p_equivalence: float
    """Two one-sided t tests against the least difference that matters, after Holm."""
    seeds_needed: int | None
    """Pairs to show the least difference that matters with the demanded power; None if unknown or above 10,000."""
    verdict: Verdict

    @property
    def superiority(self) -> float:
        return self.wins / self.pairs if self.pairs else float("nan")


def compare(scores: Scores, contrasts: Sequence[Contrast], rules: Rules | None = None) -> tuple[Comparison, ...]:
    """Judge all contrasts of one study; p values are adjusted by Holm over all of them.

    A verdict rests on the paired t test: with five seeds no rank test can reach p < 0.0625, and differences between two
    variants that do not differ are symmetric, which is what the t test leans on. Where one side of a pair has no score
    it rests on twice the smaller of two p values: the t test of the scored pairs, and Fisher's of the unscored counts.
    """
    rules = rules or Rules()
    drafts = [_measure(scores, contrast, rules, len(contrasts)) for contrast in contrasts]
    p_holm = holm([draft.p for draft in drafts])
    p_equivalence = holm([draft.p_equivalence for draft in drafts])
    adjusted = [
        replace(draft, p_holm=p, p_equivalence=q) for draft, p, q in zip(drafts, p_holm, p_equivalence, strict=True)
    ]
    return tuple(replace(item, verdict=_verdict(item, rules)) for item in adjusted)


def _measure(scores: Scores, contrast: Contrast, rules: Rules, family: int) -> Comparison:
    treatment, reference = scores.get(contrast.treatment, {}), scores.get(contrast.reference, {})
    shared = sorted(set(treatment) & set(reference))
    t, r = (np.array([side[seed] for seed in shared], dtype=float) for side in (treatment, reference))
    scored = np.isfinite(t) & np.isfinite(r)
    differences = t[scored] - r[scored]
    ranked = _ranked(t, r)
    confidence = 1 - rules.alpha
    student = student_interval(differences, confidence)
    bootstrap = bootstrap_interval(differences, confidence, rules.resamples)
    reference_mean = _mean(r[scored])
    unscored_t, unscored_r = int(np.isinf(t).sum()), int(np.isinf(r).sum())
    p_student, p_rank = student_p(differences), signed_rank_p(ranked)
    p_unscored = fisher_p(unscored_t, unscored_r, len(shared))
    one_sided = bool((np.isinf(t) != np.isinf(r)).any())
    return Comparison(
        contrast=contrast,
        pairs=len(shared),
        wins=float((t < r).sum() + 0.5 * (t == r).sum()),
        seeds=tuple(seed for seed, ok in zip(shared, scored, strict=True) if ok),
        differences=tuple(float(d) for d in differences),
        reference_mean=reference_mean,
        mean=_mean(differences),
        median=float(np.median(differences)) if len(differences) else float("nan"),
        percent=100 * _mean(differences) / reference_mean if reference_mean else float("nan"),
        interval=outer(student, bootstrap),
        student=student,
        bootstrap=bootstrap,
        unscored_treatment=unscored_t,
        unscored_reference=unscored_r,
        one_sided=one_sided,
        p_student=p_student,
        p_signed_rank=p_rank,
        p_signed_rank_least=min(1.0, 2.0 ** (1 - len(shared))),
        p_sign_flip=sign_flip_p(ranked, rules.resamples),
        p_unscored=p_unscored,
        p=_bonferroni(p_student, p_unscored) if one_sided else p_student,
        p_holm=float("nan"),
        p_equivalence=float("nan") if one_sided else equivalence_p(differences, rules.size(r[scored])),
        seeds_needed=seeds_needed(differences, rules.size(reference_mean), rules.alpha / family, rules.power),
        verdict="too few seeds",
    )


def _verdict(item: Comparison, rules: Rules) -> Verdict:
    if (item.pairs if item.one_sided else len(item.seeds)) < rules.minimum_pairs:
        return "too few seeds"
    sign = _direction(item, rules)
    if item.p_holm < rules.alpha and sign:
        return "better" if sign < 0 else "worse"
    if item.p_equivalence < rules.alpha:
        return "equivalent"
    return "no difference shown"


def _direction(item: Comparison, rules: Rules) -> int:
    """-1: the treatment is better, 1: worse, 0: the interval, the noise floor or the unscored runs forbid to say so."""
    unscored = item.unscored_treatment - item.unscored_reference
    if item.one_sided and not item.p_student < item.p_unscored:
        return int(np.sign(unscored))
    if item.one_sided and unscored * item.mean < 0:
        return 0
    if item.interval.excludes(0.0) and abs(item.mean) > rules.noise_floor:
        return int(np.sign(item.mean))
    return 0


def _ranked(treatment: Array, reference: Array) -> Array:
    """Differences with the unscored ones finite: larger than any other, so that they have the worst rank."""
    one, other = np.isinf(treatment), np.isinf(reference)
    differences = np.zeros(len(treatment))
    scored = ~one & ~other
    differences[scored] = treatment[scored] - reference[scored]
    worst = 2 * float(np.abs(differences).max(initial=0.0)) + 1
    differences[one & ~other], differences[other & ~one] = worst, -worst
    return differences


def _bonferroni(*p_values: float) -> float:
    return min(1.0, len(p_values) * float(np.nanmin(p_values)))


def _mean(values: Array) -> float:
    return float(values.mean()) if len(values) else float("nan")
