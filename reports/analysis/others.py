"""Methods that were measured and not taken, over simulated studies. Pure."""

from __future__ import annotations

import itertools
import math

import numpy as np
from scipy import stats

from reports.analysis.distributions import Array
from reports.analysis.scenarios import Drawn
from reports.analysis.simulated import Share, measured, share


def student(drawn: Drawn, alpha: float) -> Share:
    """Studies without an effect in which any paired t test rejects at `alpha` over the contrasts (Bonferroni)."""
    found = measured(drawn)
    contrasts = drawn.treatments.shape[1]
    limit = stats.t.ppf(1 - alpha / (2 * contrasts), found.freedom)
    return share((np.abs(found.effect) > limit * found.error).any(axis=1))


def sign_flips(drawn: Drawn, alpha: float, random: np.random.Generator, flips: int = 999) -> Share:
    """The same for the largest t value against its distribution under flips of signs, those of a seed all at once.

    All flips, the first of them none, where there are no more than `flips` beside that; else random ones.

    This is the max-t of Westfall and Young (1993) for paired differences; where all contrasts are null its step-down
    form rejects something in the same studies.
    """
    seeds = drawn.treatments.shape[-1]
    differences = drawn.treatments - drawn.reference[:, None, :seeds]
    if 2**seeds <= flips + 1:
        signs = np.array([*itertools.product((1.0, -1.0), repeat=seeds)])
    else:
        signs = np.concatenate([np.ones((1, seeds)), random.choice([-1.0, 1.0], size=(flips, seeds))])
    squares = (differences**2).sum(axis=-1)
    return share(np.array([_largest(d, s, signs, alpha) for d, s in zip(differences, squares, strict=True)]))


def _largest(differences: Array, squares: Array, signs: Array, alpha: float) -> bool:
    """Is the unflipped largest t among the share `alpha` of the largest? Flips leave the squares as they are."""
    seeds = differences.shape[-1]
    means = signs @ differences.T / seeds
    with np.errstate(divide="ignore"):
        t = np.abs(means) / np.sqrt(np.maximum(squares / seeds - means**2, 0.0) / (seeds - 1))
    largest = t.max(axis=1)
    return bool((largest >= largest[0] * (1 - 1e-9)).mean() <= alpha)


def max_t_gain(contrasts: int, correlation: float, alpha: float, draws: int, random: np.random.Generator) -> float:
    """By what share the max-t distribution would shorten intervals, for normal scores of known variance.

    `correlation` is that of the effects, from the reference they have in common: 0.5 where it has as many seeds as each
    treatment, 1 / (1 + f) where it has f times as many.
    """
    common = math.sqrt(correlation) * random.standard_normal((draws, 1))
    z = common + math.sqrt(1 - correlation) * random.standard_normal((draws, contrasts))
    return 1 - float(np.quantile(np.abs(z).max(axis=1), 1 - alpha) / stats.norm.ppf(1 - alpha / (2 * contrasts)))
