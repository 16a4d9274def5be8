"""Verdicts over simulated studies, with the code of the real ones: `groups`, `decisions`, `looks`. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from reports.analysis.decision_rules import Rules
from reports.analysis.decisions import BETTER, EQUIVALENT, WORSE, Decision, decide
from reports.analysis.distributions import Array
from reports.analysis.groups import Estimate, estimate
from reports.analysis.looks import Plan
from reports.analysis.scenarios import Drawn

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Share:
    """How often something happened."""

    count: int
    draws: int

    @property
    def value(self) -> float:
        return self.count / self.draws

    def wilson(self) -> tuple[float, float]:
        """The 95% interval."""
        bounds = stats.binomtest(self.count, self.draws).proportion_ci(method="wilson")
        return float(bounds.low), float(bounds.high)


def share(flags: Flags) -> Share:
    return Share(count=int(flags.sum()), draws=len(flags))


def measured(drawn: Drawn, seeds: int | None = None, reference_seeds: int | None = None) -> Estimate:
    """Of the first seeds, or of all: fields of shape (draws, contrasts)."""
    treatments = drawn.treatments[..., :seeds]
    pairs = treatments.shape[-1]
    reference = np.broadcast_to(
        drawn.reference[:, None, :reference_seeds], (*treatments.shape[:2], drawn.reference[0, :reference_seeds].size)
    )
    return estimate(treatments, reference[..., :pairs], treatments[..., :0], reference[..., pairs:])


def decided(drawn: Drawn, rules: Rules, level: float, found: Estimate, reference_seeds: int | None = None) -> Decision:
    """At `level` for each contrast."""
    margin = rules.size(drawn.reference[:, :reference_seeds].mean(axis=-1))
    return decide(found, level, np.broadcast_to(margin, len(drawn.treatments))[:, None], rules.noise_floor)


def false_verdicts(answers: Decision, effects: Array) -> Flags:
    """Of shape (draws, contrasts): a verdict that the true effect contradicts.

    Where there is a true effect it is the margin, so that `equivalent` is false.
    """
    found = answers.verdict
    wrong = np.where(effects < 0, WORSE, BETTER)
    different = np.where(effects == 0, (found == BETTER) | (found == WORSE), found == wrong)
    false: Flags = different | ((found == EQUIVALENT) & (effects != 0))
    return false


def missed(answers: Decision, effects: Array) -> Flags:
    """Of shape (draws, contrasts): the interval does not hold the true effect."""
    outside: Flags = (answers.low > effects) | (answers.high < effects)
    return outside


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One row of the table of errors."""

    false: Share
    """Studies with any false verdict."""
    covered: Share
    """Studies of which all intervals hold the truth."""


def study(drawn: Drawn, rules: Rules) -> Cell:
    """Judged once, with all seeds."""
    contrasts = drawn.treatments.shape[1]
    answers = decided(drawn, rules, rules.alpha / contrasts, measured(drawn))
    return _cell([answers], drawn.effects)


def followed(drawn: Drawn, plan: Plan, rules: Rules) -> Cell:
    """Judged at every look of the plan, none closed early: at least as many errors as a study that closes some.

    The reference has as many seeds as were drawn for it, or as the look has.
    """
    contrasts = drawn.treatments.shape[1]
    looks = []
    for look, seeds in enumerate(plan.looks):
        reference = min(drawn.reference.shape[-1], plan.reference_seeds(seeds, contrasts))
        level = rules.alpha * plan.share(look) / contrasts
        looks.append(decided(drawn, rules, level, measured(drawn, seeds, reference), reference))
    return _cell(looks, drawn.effects)


def _cell(looks: list[Decision], effects: Array) -> Cell:
    false = np.any([false_verdicts(answers, effects).any(axis=1) for answers in looks], axis=0)
    missing = np.any([missed(answers, effects).any(axis=1) for answers in looks], axis=0)
    return Cell(false=share(false), covered=share(~missing))
