"""Verdicts over simulated studies whose runs do not all end with a usable score, by `verdicts.compare` itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ablations.config import Contrast
from ablations.store.outcomes import COLLAPSED
from reports.analysis.decision_rules import Rules
from reports.analysis.distributions import DISTRIBUTIONS, Array
from reports.analysis.simulated import Cell, share
from reports.analysis.verdicts import compare

CONTRASTS = 4
SHARE = 0.1
"""Of the runs that collapse."""
HEAP = 30.0
"""How far the score of a collapsed run lies from the others, in units of their noise."""


@dataclass(frozen=True, kw_only=True)
class Collapsing:
    """A study of which one run in ten collapses: of all variants, or of the treatments alone."""

    name: str
    words: str
    reference_too: bool


STUDIES = (
    Collapsing(
        name="one run in ten collapses",
        words="Four contrasts; of all five variants one run in ten collapses, the others have the named distribution.",
        reference_too=True,
    ),
    Collapsing(
        name="one run in ten collapses, treatments only",
        words="The same, but no run of the reference collapses. False are all verdicts on scores, and `better`.",
        reference_too=False,
    ),
)


def collapsing(
    study: Collapsing, shape: str, draws: int, seeds: int, rules: Rules, random: np.random.Generator
) -> Cell:
    """The error, and how often all intervals hold the truth, 0."""
    noise = DISTRIBUTIONS[shape](random, (draws, CONTRASTS + 1, seeds))
    heaps = random.random(noise.shape) < SHARE
    heaps[:, 0] &= study.reference_too
    outcomes = [_one(table, heap, rules, study) for table, heap in zip(noise, heaps, strict=True)]
    false, covered = (np.array(flags) for flags in zip(*outcomes, strict=True))
    return Cell(false=share(false), covered=share(covered))


def _one(noise: Array, heaps: Array, rules: Rules, study: Collapsing) -> tuple[bool, bool]:
    """One study: (variants, seeds). Is any verdict false, and do all intervals hold 0?"""
    names = [str(variant) for variant in range(len(noise))]
    contrasts = [Contrast(axis="", question="", treatment=name, reference="0") for name in names[1:]]
    scores = {name: dict(enumerate(row)) for name, row in zip(names, noise + HEAP * heaps, strict=True)}
    statuses = {
        name: {int(seed): COLLAPSED for seed in np.flatnonzero(row)} for name, row in zip(names, heaps, strict=True)
    }
    found = compare(scores, contrasts, rules, statuses)
    false = any(
        item.verdict == "better" or (item.verdict == "worse" and (study.reference_too or item.rests_on == "scores"))
        for item in found
    )
    return false, not any(item.interval.excludes(0.0) for item in found)
