"""The tables of a study file that stand for many variants: axes, one factor at a time, a ladder, all combinations.

axes        choices of one's own, used like those of the catalog: {"width": {"question": ..., "levels": {...}}}
one_factor  the base, and the base with each of these levels, each asked against the base
ladder      from the base, one level after the other, each rung asked against the one before
cross       all combinations of levels
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ablations.catalog import AXES
from ablations.catalog.axis import Axis, Level
from ablations.catalog.combine import ask, crossed, one_factor
from ablations.config import Contrast, Variant
from ablations.config.errors import ConfigError, unknown
from ablations.config.overrides import flatten

AXES_TABLE, ONE_FACTOR, LADDER, CROSS = "axes", "one_factor", "ladder", "cross"
TABLES = (AXES_TABLE, ONE_FACTOR, LADDER, CROSS)

Base = Callable[[Any], Variant]
"""From what a file says of a base, a recipe's name or a variant of one, to that variant."""
Made = tuple[list[Variant], list[Contrast]]


def expanded(tree: Mapping[str, Any], base: Base) -> Made:
    """The variants and contrasts that the tables of a study file stand for.

    Raises:
        ConfigError: an axis or a level that is not there, with the nearest one, or a combination that is impossible.
    """
    axes = axes_of(tree)
    variants: list[Variant] = []
    contrasts: list[Contrast] = []
    for key, make in ((ONE_FACTOR, _one_factor), (LADDER, _ladder), (CROSS, _crossed)):
        if key in tree:
            made, asked = make(_table(key, tree[key]), axes, base)
            variants += made
            contrasts += asked
    return variants, contrasts


def axes_of(tree: Mapping[str, Any]) -> dict[str, Axis]:
    """The catalog's axes, and those that a study file states."""
    return {**AXES, **_own_axes(tree.get(AXES_TABLE, {}))}


def _own_axes(table: Any) -> dict[str, Axis]:
    found = {}
    for name, said in _table(AXES_TABLE, table).items():
        if name in AXES:
            raise ConfigError(f"{AXES_TABLE}.{name}: the catalog has an axis of that name; take another")
        row = _table(f"{AXES_TABLE}.{name}", said)
        for key in row:
            if key not in ("question", "levels"):
                raise unknown(f"key of {AXES_TABLE}.{name}:", key, ("question", "levels"))
        levels = _table(f"{AXES_TABLE}.{name}.levels", row.get("levels"))
        if not levels:
            raise ConfigError(f"{AXES_TABLE}.{name}.levels must have a level, beside which the base stands, or more")
        found[name] = Axis(
            name=name,
            question=str(row.get("question", name)),
            levels=tuple(_own_level(name, level, settings) for level, settings in levels.items()),
            sources=(),
        )
    return found


def _own_level(axis: str, name: str, settings: Any) -> Level:
    return Level(name=name, label=name, overrides=dict(flatten(_table(f"{AXES_TABLE}.{axis}.levels.{name}", settings))))


def _one_factor(table: Mapping[str, Any], axes: Mapping[str, Axis], base: Base) -> Made:
    start = base(table.get("base", "baseline"))
    chosen = [(axis, level) for axis, levels in _chosen(ONE_FACTOR, table, axes, least=1) for level in levels]
    others = [(axis, level) for axis, level in chosen if not axis.level(level).is_of(start)]
    contrasts = []
    for axis, level in others:
        reference = axis.level_of(start) or Level(name=start.name, label=start.name, overrides={})
        contrasts.append(ask(axis, axis.level(level), reference, (level, start.name)))
    return list(one_factor(start, others)), contrasts


def _ladder(table: Mapping[str, Any], axes: Mapping[str, Axis], base: Base) -> Made:
    for key in table:
        if key not in ("base", "rungs"):
            raise unknown(f"key of {LADDER!r}:", key, ("base", "rungs"))
    rungs = table.get("rungs")
    if not isinstance(rungs, list) or not rungs or not all(isinstance(r, list) and len(r) == 2 for r in rungs):
        raise ConfigError(f'{LADDER}.rungs must list pairs such as ["loss", "bce"], not {rungs!r}')
    start = base(table.get("base", "baseline"))
    made, contrasts = [replace(start, name=f"0-{start.name}")], []
    for number, (name, level) in enumerate(rungs, start=1):
        axis = _axis(LADDER, name, axes)
        step = _level(f"{LADDER}.rungs", axis, level)
        made.append(step.apply(made[-1], f"{number}-{level}"))
        question = f"{step.label} added"
        contrasts.append(Contrast(axis=axis.name, question=question, treatment=made[-1].name, reference=made[-2].name))
    return made, contrasts


def _crossed(table: Mapping[str, Any], axes: Mapping[str, Axis], base: Base) -> Made:
    chosen = _chosen(CROSS, table, axes, least=2)
    if len(chosen) < 2:
        raise ConfigError(f"{CROSS!r} must name two or more axes, not {len(chosen)}")
    return list(crossed(base(table.get("base", "baseline")), chosen)), []


def _chosen(
    where: str, table: Mapping[str, Any], axes: Mapping[str, Axis], *, least: int
) -> list[tuple[Axis, Sequence[str]]]:
    chosen: list[tuple[Axis, Sequence[str]]] = []
    for name, levels in table.items():
        if name == "base":
            continue
        axis = _axis(where, name, axes)
        if not isinstance(levels, list) or len(levels) < least or len({*map(str, levels)}) < len(levels):
            many = "two or more different levels" if least > 1 else "different levels"
            raise ConfigError(f"{where}.{name} must list {many} of that axis, not {levels!r}")
        chosen.append((axis, [_level(f"{where}.{name}", axis, level).name for level in levels]))
    return chosen


def _axis(where: str, name: Any, axes: Mapping[str, Axis]) -> Axis:
    if name not in axes:
        raise unknown(f"axis in {where!r}:", name, axes)
    return axes[name]


def _level(where: str, axis: Axis, name: Any) -> Level:
    known = [level.name for level in axis.levels]
    if name not in known:
        raise unknown(f"level in {where}:", name, known)
    return axis.level(name)


def _table(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where!r} must be a table, such as of axes and their levels, not {value!r}")
    return value
