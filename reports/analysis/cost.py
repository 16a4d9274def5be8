"""What a study until decided will cost, and what it will find, over simulated ones. Pure: randomness is an argument."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reports.analysis.decision_rules import Rules
from reports.analysis.decisions import OPEN
from reports.analysis.futility import chance
from reports.analysis.looks import Plan
from reports.analysis.scenarios import Drawn
from reports.analysis.simulated import decided, measured


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Means over simulated studies of one reference and several treatments."""

    runs: float
    """Of all variants together."""
    decided: float
    """Contrasts with a decision."""
    seeds: tuple[float, ...]
    """Of each treatment."""
    reference_seeds: float
    chances: tuple[float, ...]
    """Of each contrast to be decided."""


def expected(
    means: Sequence[float],
    deviations: Sequence[float],
    plan: Plan,
    rules: Rules,
    random: np.random.Generator,
    draws: int = 500,
) -> Expected:
    """Of normal, independent scores, the reference's first among `means` and `deviations`.

    A plan with one look and a reference factor of 1 is a study with a fixed number of seeds.
    """
    contrasts = len(means) - 1
    drawn = _draw(means, deviations, plan, random, draws)
    seeds = np.zeros((draws, contrasts))
    reference_seeds = np.zeros(draws)
    is_open, found = np.ones((draws, contrasts), dtype=bool), np.zeros((draws, contrasts), dtype=bool)
    for look, own in enumerate(plan.looks):
        theirs = plan.reference_seeds(own, contrasts)
        seeds[is_open] = own
        reference_seeds[is_open.any(axis=1)] = theirs
        estimate = measured(drawn, own, theirs)
        answers = decided(drawn, rules, rules.alpha * plan.share(look) / contrasts, estimate, theirs)
        now = is_open & (answers.verdict != OPEN)
        found |= now
        final = rules.alpha * plan.share(len(plan.looks) - 1) / contrasts
        margin = rules.size(drawn.reference[:, :theirs].mean(axis=-1))
        hope = chance(estimate, plan.looks[-1] / own, final, np.broadcast_to(margin, draws)[:, None])
        is_open &= ~now & (hope >= plan.hope)
    return Expected(
        runs=float((seeds.sum(axis=1) + reference_seeds).mean()),
        decided=float(found.sum(axis=1).mean()),
        seeds=tuple(float(value) for value in seeds.mean(axis=0)),
        reference_seeds=float(reference_seeds.mean()),
        chances=tuple(float(value) for value in found.mean(axis=0)),
    )


def _draw(
    means: Sequence[float], deviations: Sequence[float], plan: Plan, random: np.random.Generator, draws: int
) -> Drawn:
    most, contrasts = plan.looks[-1], len(means) - 1
    centres, spreads = np.array(means, dtype=float), np.array(deviations, dtype=float)
    treatments = random.standard_normal((draws, contrasts, most)) * spreads[1:, None] + centres[1:, None]
    reference = random.standard_normal((draws, plan.reference_seeds(most, contrasts))) * spreads[0] + centres[0]
    return Drawn(treatments=treatments, reference=reference, effects=centres[1:] - centres[0])
