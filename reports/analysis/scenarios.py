"""Simulated studies in which it is known what is true. Pure: randomness is an argument."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from reports.analysis.distributions import DEVIATIONS, DISTRIBUTIONS, Array

CONTRASTS = 8
"""Of a simulated study of many contrasts, all with one reference."""
CORRELATION = 0.7


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """Scores of many studies."""

    treatments: Array
    """(draws, contrasts, seeds)"""
    reference: Array
    """(draws, reference seeds): the first of them are the treatments' seeds"""
    effects: Array
    """(contrasts,): the true differences of the means"""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A way to draw studies."""

    name: str
    words: str
    draw: Callable[[np.random.Generator, str, int, int], Drawn]
    """Of a distribution, draws and seeds."""


def paired_differences(random: np.random.Generator, shape: str, draws: int, seeds: int, contrasts: int = 1) -> Drawn:
    values = DISTRIBUTIONS[shape](random, (draws, contrasts, seeds))
    return Drawn(treatments=values, reference=np.zeros((draws, seeds)), effects=np.zeros(contrasts))


def quiet_reference(random: np.random.Generator, shape: str, draws: int, seeds: int) -> Drawn:
    return paired_differences(random, shape, draws, seeds, CONTRASTS)


def same_distribution(random: np.random.Generator, shape: str, draws: int, seeds: int) -> Drawn:
    noise = DISTRIBUTIONS[shape](random, (draws, CONTRASTS + 1, seeds))
    return Drawn(treatments=noise[:, 1:], reference=noise[:, 0], effects=np.zeros(CONTRASTS))


def opposite_tails(random: np.random.Generator, shape: str, draws: int, seeds: int) -> Drawn:
    drawn = same_distribution(random, shape, draws, seeds)
    return Drawn(treatments=drawn.treatments, reference=-drawn.reference, effects=drawn.effects)


def more_reference_seeds(random: np.random.Generator, shape: str, draws: int, seeds: int) -> Drawn:
    own = DISTRIBUTIONS[shape](random, (draws, CONTRASTS, seeds))
    reference = DEVIATIONS[shape] * random.standard_normal((draws, _more(seeds)))
    return Drawn(treatments=own, reference=reference, effects=np.zeros(CONTRASTS))


def correlated(random: np.random.Generator, shape: str, draws: int, seeds: int) -> Drawn:
    """What a seed gives to all variants and what it gives to one have the same shape."""
    draw, more = DISTRIBUTIONS[shape], _more(seeds)
    common = math.sqrt(CORRELATION) * draw(random, (draws, more))
    own = math.sqrt(1 - CORRELATION)
    reference = common + own * draw(random, (draws, more))
    treatments = common[:, None, :seeds] + own * draw(random, (draws, CONTRASTS, seeds))
    return Drawn(treatments=treatments, reference=reference, effects=np.zeros(CONTRASTS))


def at_the_margin(random: np.random.Generator, shape: str, draws: int, seeds: int) -> Drawn:
    """Half of the contrasts differ by just the margin, 10% of a reference's mean of 20 standard deviations."""
    drawn = same_distribution(random, shape, draws, seeds)
    level = 20 * DEVIATIONS[shape]
    effects = np.resize([0.0, 0.1 * level, 0.0, -0.1 * level], CONTRASTS)
    return Drawn(
        treatments=level + effects[:, None] + drawn.treatments, reference=level + drawn.reference, effects=effects
    )


def _more(seeds: int) -> int:
    return math.ceil(math.sqrt(CONTRASTS) * seeds)


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario(
            name="one contrast",
            words="One contrast whose paired differences have mean 0 and the named distribution.",
            draw=paired_differences,
        ),
        Scenario(
            name="quiet reference",
            words="Eight such contrasts, independent: the treatments' scores have the named distribution and the "
            "reference's mean, and the reference always scores the same. The hardest case.",
            draw=quiet_reference,
        ),
        Scenario(
            name="same distribution",
            words="Eight contrasts with one reference; all nine variants have the named distribution.",
            draw=same_distribution,
        ),
        Scenario(
            name="opposite tails",
            words="The same, but the reference's tail points the other way.",
            draw=opposite_tails,
        ),
        Scenario(
            name="more reference seeds",
            words="Eight treatments of the named distribution; a normal reference of the same mean and variance with "
            "2.8 times (the square root of eight) as many seeds.",
            draw=more_reference_seeds,
        ),
        Scenario(
            name="correlated",
            words="The same numbers of seeds; all variants have the named distribution and a correlation of 0.7 over "
            "the seeds.",
            draw=correlated,
        ),
        Scenario(
            name="at the margin",
            words="Eight contrasts, same distributions; four differ by just the margin of 10%. False are a difference "
            "where there is none, the wrong sign, and `equivalent` at the margin.",
            draw=at_the_margin,
        ),
    )
}
