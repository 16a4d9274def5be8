"""How variants are made of axes: one factor at a time, all combinations; and what is asked of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from ablations.catalog.axis import Axis, Level
from ablations.config import Contrast, Variant


def one_factor(base: Variant, levels: Iterable[tuple[Axis, str]]) -> tuple[Variant, ...]:
    """The base, and for each level the base with that one choice changed."""
    return (base, *(axis.level(level).apply(base, level) for axis, level in levels))


def crossed(base: Variant, levels: Sequence[tuple[Axis, Sequence[str]]]) -> tuple[Variant, ...]:
    """Every combination of the levels, named after them; the first level of each axis is the one compared with.

    Raises:
        ConfigError: a combination that cannot be trained.
    """
    variants = []
    for chosen in itertools.product(*(names for _, names in levels)):
        overrides: dict[str, Any] = {}
        for (axis, _), name in zip(levels, chosen, strict=True):
            overrides |= axis.level(name).overrides
        variants.append(base.override(overrides, name="+".join(chosen)))
    return tuple(variants)


def ask(axis: Axis, treatment: Level, reference: Level, names: tuple[str, str]) -> Contrast:
    """The question of one level against another; `names` are the variants that have them."""
    return Contrast(
        axis=axis.name,
        question=f"{treatment.label} instead of {reference.label}",
        treatment=names[0],
        reference=names[1],
        claims=axis.claims,
    )


def asked_of(base: Variant, pairs: Sequence[tuple[Axis, str, str]]) -> tuple[Contrast, ...]:
    """Contrasts between levels, by name; the level that the base has stands for the base itself."""
    contrasts = []
    for axis, treatment, reference in pairs:
        own = axis.level_of(base)
        names = tuple(base.name if own and own.name == level else level for level in (treatment, reference))
        contrasts.append(ask(axis, axis.level(treatment), axis.level(reference), (names[0], names[1])))
    return tuple(contrasts)
