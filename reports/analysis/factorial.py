"""Studies that cross factors: main effects and two-way interactions, paired by seed. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from ablations.catalog import AXES
from ablations.config import Study
from reports.analysis.comparison import NO_INTERVAL, Interval
from reports.analysis.decision_rules import Rules
from reports.analysis.decisions import BETTER, WORSE, decide
from reports.analysis.distributions import Array
from reports.analysis.groups import enough, estimate
from reports.analysis.verdicts import Scores


@dataclass(frozen=True)
class Factor:
    """Settings that change together over the variants of a study."""

    name: str
    """The catalog's axis, where one has these levels; else the settings, those that G and D share named once."""
    settings: tuple[str, ...]
    """Dotted keys."""
    levels: tuple[str, ...]
    """In the order in which the study's variants first show them: the first is the base."""
    of: Mapping[str, int]
    """Variant to the index of its level."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What a level changes, averaged over the levels of all other factors, or how two changes depend on each other.

    An interaction is what a level changes with the other level, less what it changes without: 0 where the two add up.
    """

    factors: tuple[str, ...]
    levels: tuple[tuple[str, str], ...]
    """For each factor: its level, and the base it is compared with."""
    seeds: tuple[int, ...]
    """Those that have a score in every cell."""
    left_out: int
    """Seeds without a score in some cell."""
    mean: float
    interval: Interval
    """Simultaneous with those of all effects of the study."""
    p: float
    """Adjusted for all effects of the study."""
    shown: bool
    """The interval leaves out 0, by every kind of features there is."""

    @property
    def changes(self) -> tuple[str, ...]:
        """What is changed, one factor each."""
        return tuple(f"{level} instead of {base}" for level, base in self.levels)


def factors(study: Study) -> tuple[Factor, ...]:
    """The factors of a study whose variants are a complete crossing of at least two; else none."""
    flat = {variant.name: variant.flat() for variant in study.variants}
    keys = [key for key in next(iter(flat.values())) if key not in ("name", "recipe")]
    partitions: dict[tuple[int, ...], list[str]] = {}
    for key in keys:
        values = [str(settings[key]) for settings in flat.values()]
        pattern = _pattern(values)
        if any(pattern):
            partitions.setdefault(pattern, []).append(key)
    found = tuple(_factor(names, study) for names in partitions.values())
    cells = {tuple(factor.of[name] for factor in found) for name in flat}
    complete = len(cells) == len(flat) == math.prod(len(factor.levels) for factor in found)
    return found if len(found) > 1 and complete else ()


def effects(
    study: Study, scores: Scores, rules: Rules | None = None, second: Scores | None = None
) -> tuple[Effect, ...]:
    """All main effects and two-way interactions of a crossed study, which share the error equally.

    With the scores by a `second` kind of features an effect is shown where both show it, in the same direction.
    """
    rules = rules or Rules()
    found = _effects(study, scores, rules)
    if second is None:
        return found
    others = _effects(study, second, replace(rules, noise_floor=0.0))
    return tuple(
        replace(one, shown=one.shown and other.shown and one.mean * other.mean > 0)
        for one, other in zip(found, others, strict=True)
    )


def _effects(study: Study, scores: Scores, rules: Rules) -> tuple[Effect, ...]:
    crossed = factors(study)
    if not crossed:
        return ()
    shape = tuple(len(factor.levels) for factor in crossed)
    everyone = sorted(set().union(*(scores.get(variant.name, {}) for variant in study.variants)))
    cells = np.full((len(everyone), *shape), np.nan)
    for variant in study.variants:
        place = tuple(factor.of[variant.name] for factor in crossed)
        for index, seed in enumerate(everyone):
            cells[(index, *place)] = scores.get(variant.name, {}).get(seed, math.nan)
    usable = np.isfinite(cells).all(axis=tuple(range(1, cells.ndim)))
    seeds = tuple(seed for seed, ok in zip(everyone, usable, strict=True) if ok)
    asked = [
        (chosen, levels)
        for size in (1, 2)
        for chosen in itertools.combinations(range(len(crossed)), size)
        for levels in itertools.product(*(range(1, shape[axis]) for axis in chosen))
    ]
    level = rules.alpha / len(asked)
    drafts = (
        _effect(
            _changes(_averaged(cells[usable], chosen), levels), [crossed[axis] for axis in chosen], levels, rules, level
        )
        for chosen, levels in asked
    )
    return tuple(replace(draft, seeds=seeds, left_out=len(everyone) - len(seeds)) for draft in drafts)


def effects_frame(found: Sequence[Effect]) -> pd.DataFrame:
    """One row a main effect or interaction; `with` is what an interaction's first change is joined by."""
    rows = []
    for item in found:
        change, *joined = item.changes
        row: dict[str, Any] = {"factors": " x ".join(item.factors), "change": change, "with": "".join(joined)}
        row |= {"mean": item.mean, "low": item.interval.low, "high": item.interval.high}
        row |= {"p": item.p, "shown": item.shown}
        rows.append(row | {"seeds": len(item.seeds), "left_out": item.left_out})
    return pd.DataFrame(rows)


def _factor(settings: Sequence[str], study: Study) -> Factor:
    flat = {variant.name: variant.flat() for variant in study.variants}
    first = next(iter(flat.values()))
    key = next((key for key in settings if not isinstance(first[key], list)), settings[0])
    level = {name: _level(found[key]) for name, found in flat.items()}
    named = _axis(study, settings, [*level.values()])
    title, level = named or (_words(settings), level)
    levels = list(dict.fromkeys(level.values()))
    return Factor(title, tuple(settings), tuple(levels), {name: levels.index(level[name]) for name in flat})


def _axis(study: Study, settings: Sequence[str], values: Sequence[str]) -> tuple[str, dict[str, str]] | None:
    """The catalog's axis that sets these settings, and tells the variants apart as the values do; each one's level."""
    for axis in AXES.values():
        if not {*settings} <= {key for level in axis.levels for key in level.overrides}:
            continue
        labels = [level.label for level in map(axis.level_of, study.variants) if level is not None]
        if len(labels) == len(values) and _pattern(labels) == _pattern(values):
            return axis.name, {variant.name: label for variant, label in zip(study.variants, labels, strict=True)}
    return None


def _pattern(values: Sequence[str]) -> tuple[int, ...]:
    """For each value where it stands first."""
    return tuple(values.index(value) for value in values)


def _words(settings: Sequence[str]) -> str:
    bare = [key.removeprefix("generator").removeprefix("discriminator") for key in settings]
    return ", ".join(dict.fromkeys(key.lstrip("._").replace(".", " ").replace("_", " ") for key in bare))


def _level(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _averaged(cells: Array, kept: Sequence[int]) -> Array:
    """Cells (seeds, levels of every factor) averaged over the factors that are not kept."""
    others = tuple(1 + axis for axis in range(cells.ndim - 1) if axis not in kept)
    means: Array = cells.mean(axis=others)
    return means


def _changes(table: Array, levels: Sequence[int]) -> Array:
    """For each seed: the change from base to level, or the difference of such changes for two factors."""
    if len(levels) == 1:
        change: Array = table[:, levels[0]] - table[:, 0]
        return change
    i, j = levels
    interaction: Array = (table[:, i, j] - table[:, 0, j]) - (table[:, i, 0] - table[:, 0, 0])
    return interaction


def _effect(changes: Array, chosen: Sequence[Factor], levels: Sequence[int], rules: Rules, level: float) -> Effect:
    """Of one change a seed, wrong with probability `level` at most."""
    draft = Effect(
        factors=tuple(factor.name for factor in chosen),
        levels=tuple((factor.levels[i], factor.levels[0]) for factor, i in zip(chosen, levels, strict=True)),
        seeds=(),
        left_out=0,
        mean=float(changes.mean()) if len(changes) else math.nan,
        interval=NO_INTERVAL,
        p=math.nan,
        shown=False,
    )
    if not enough(len(changes), 0, 0):
        return draft
    none = np.zeros(0)
    found = decide(estimate(changes, np.zeros(len(changes)), none, none), level, 0.0, rules.noise_floor)
    return replace(
        draft,
        interval=Interval(float(found.low), float(found.high)),
        p=min(1.0, float(found.p_difference) * rules.alpha / level),
        shown=int(found.verdict) in (BETTER, WORSE),
    )
