"""The levels of an axis, each tuned alike: what is searched, what is compared then, and what the comparison shows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablations.catalog import Axis, Level
from ablations.catalog.hyperparameters import held
from ablations.catalog.own_hyperparameters import SETTINGS, hyperparameters_of
from ablations.catalog.spaces import make_space
from ablations.config import Contrast, Study, Variant
from ablations.config.errors import ConfigError
from ablations.search.generations import Found
from ablations.search.settings import Settings
from reports.analysis.comparison import Comparison

DEFAULT, TUNED = "default settings", "tuned settings"


@dataclass(frozen=True, kw_only=True)
class Side:
    """One level of an axis."""

    level: Level
    variant: Variant
    """With the level's own settings."""
    held: Mapping[str, Any]
    """Those of them that tuning leaves alone."""


def sides(axis: Axis, base: Variant) -> tuple[Side, ...]:
    """The levels to compare, the base's own first.

    Levels that differ only in what tuning is free to choose (two learning rates of Adam) are one level once tuned: of
    those the base's own stands for all, or else the first.

    Raises:
        ConfigError: fewer than two are left.
    """
    own = axis.level_of(base)
    ordered = sorted(axis.levels, key=lambda level: level is not own)
    found: list[Side] = []
    for level in ordered:
        kept = held(level.overrides)
        if all(side.held != kept for side in found):
            found.append(Side(level=level, variant=level.apply(base, level.name), held=kept))
    if len(found) < 2:
        raise ConfigError(f"the levels of the axis {axis.name!r} differ in nothing that tuning leaves alone")
    return tuple(found)


def tuning_searches(
    axis: Axis, base: Variant, *, narrowed: Mapping[str, Any], fixed: Mapping[str, Any], **settings: Any
) -> tuple[Settings, ...]:
    """A search for each level, all with the same budget; `settings` are those of `Settings`.

    What a level is made of is held. A hyperparameter that only some levels have (a slope) is searched where it exists.
    """
    levels = sides(axis, base)
    keys = {item.key for side in levels for item in hyperparameters_of(side.variant)}
    found = []
    for side in levels:
        own = {key: value for key, value in side.held.items() if key in keys}
        for key in own:
            if key in narrowed or key in fixed:
                raise ConfigError(
                    f"{key} is what the axis {axis.name!r} compares: it can be neither searched nor fixed"
                )
        present = {*make_space(side.variant, fixed={**fixed, **own}).keys}
        present |= {item.key for item in hyperparameters_of(side.variant) if SETTINGS in item.key}
        space = make_space(
            side.variant,
            narrowed={key: value for key, value in narrowed.items() if key in present or key not in keys},
            fixed={**fixed, **own},
        )
        found.append(Settings(name=f"{axis.name}-{side.level.name}", space=space, **settings))
    return tuple(found)


def tuned_study(axis: Axis, base: Variant, founds: Sequence[Found], *, seeds: int, with_defaults: bool = True) -> Study:
    """Every level with its own settings and with those found for it; default against default, tuned against tuned.

    Without the defaults only what was found is compared, at half the cost.
    """
    levels = sides(axis, base)
    variants: list[Variant] = []
    pairs: dict[str, list[tuple[Level, str]]] = {DEFAULT: [], TUNED: []}
    for side, found in zip(levels, founds, strict=True):
        default = found.settings.space.variant
        if with_defaults:
            variants.append(default)
            pairs[DEFAULT].append((side.level, default.name))
        if found.tuned is not None:
            variants.append(found.tuned)
            pairs[TUNED].append((side.level, found.tuned.name))
    contrasts = [
        Contrast(
            axis=f"{axis.name}, {kind}",
            question=f"{level.label} instead of {named[0][0].label}, {kind}",
            treatment=name,
            reference=named[0][1],
            claims=axis.claims,
        )
        for kind, named in pairs.items()
        for level, name in named[1:]
        if named[0][0] is levels[0].level
    ]
    return Study(
        name=study_name(axis.name),
        title=f"{axis.question} Tuned against tuned",
        description=(
            f"The levels of the axis {axis.name}, {'with their default settings and ' if with_defaults else ''}with "
            "settings tuned by the same number of trials and steps, on seeds that had no part in tuning, scored on the "
            "test images."
        ),
        variants=tuple(variants),
        contrasts=tuple(contrasts),
        seeds=seeds,
        evaluations=5,
    )


def study_name(axis: str) -> str:
    """Of the study that compares an axis' levels with default and with tuned settings."""
    return f"tuned-{axis}"


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Two levels, compared twice."""

    level: str
    reference: str
    default: Comparison
    tuned: Comparison | None
    """None where a level has no tuned settings."""

    @property
    def flips(self) -> str:
        """Where both comparisons have a verdict and they disagree "yes", where only the means do "perhaps"."""
        if self.tuned is None or not (math.isfinite(self.default.effect) and math.isfinite(self.tuned.effect)):
            return "unknown"
        if self.default.effect * self.tuned.effect >= 0:
            return "no"
        sure = {"better", "worse"}
        return "yes" if {self.default.verdict, self.tuned.verdict} == sure else "perhaps"


def rankings(comparisons: Sequence[Comparison]) -> tuple[Ranking, ...]:
    """Default against default beside tuned against tuned, for each level but the reference."""
    by_kind: dict[str, list[Comparison]] = {DEFAULT: [], TUNED: []}
    for item in comparisons:
        by_kind[item.contrast.axis.partition(", ")[2]].append(item)
    found = []
    for default in by_kind[DEFAULT]:
        name = default.contrast.treatment
        tuned = next((item for item in by_kind[TUNED] if item.contrast.treatment == f"{name} tuned"), None)
        found.append(Ranking(level=name, reference=default.contrast.reference, default=default, tuned=tuned))
    return tuple(found)
