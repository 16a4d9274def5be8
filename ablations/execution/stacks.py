"""The stacks of seeds that a study consists of: what is in them, how wide they are, which are stored already."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ablations.config import Engine, Run, Study, Variant
from ablations.config.origin import OwnPart
from ablations.data import DataShape
from ablations.execution.costs import Costs, cost_key
from ablations.execution.estimate import StepCost
from ablations.execution.widths import WidthOption, possible_widths
from ablations.store.archive import Archive
from ablations.training.numerics import NUMERICS

Stack = tuple[Run, ...]
Wanted = Callable[[Stack], dict[str, tuple[int, ...]]]
"""The runs of a stack that a study asks for, by key, each with the steps at which it must be scored."""
_MEASURED = StepCost(0, 0, 0)
"""Of a step that need not be reckoned."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What all runs of a plan have in common, beside their study."""

    dataset: str
    split: str = "whole"
    data_digest: str
    engine: Engine
    numerics: int = NUMERICS
    own_data: OwnPart | None = None

    def run(self, **own: Any) -> Run:
        """The one place that makes a `Run`: `own` are its variant, seed, width and slot."""
        common = {item.name: getattr(self, item.name) for item in dataclasses.fields(self)}
        return Run(**common, **own)


def stacks_of(variant: Variant, seeds: int, width: int, conditions: Conditions) -> list[Stack]:
    """A variant's runs; the last stack may have seeds that are not asked for.

    Seed s stands in slot s mod `width` of stack s div `width`, however many seeds there are: more seeds later on leave
    the runs that are there what they are.
    """
    return [
        tuple(conditions.run(variant=variant, seed=first + slot, width=width, slot=slot) for slot in range(width))
        for first in range(0, seeds, width)
    ]


def stored_first(planned: list[Stack], others: list[Stack], wanted: Wanted, archive: Archive) -> list[Stack]:
    """The planned stacks; in the place of one that is not stored whole, those of `others` that hold just its seeds, one
    or several, where they are.
    """
    pairs = [(runs, [other for other in others if _within(other, runs)]) for runs in planned]
    done = archive.done({key: steps for runs in (*planned, *others) for key, steps in wanted(runs).items()})
    stacks: list[Stack] = []
    for runs, theirs in pairs:
        replaced = sum(map(len, theirs)) == len(runs) and all(wanted(other).keys() <= done for other in theirs)
        stacks += theirs if replaced and not wanted(runs).keys() <= done else [runs]
    return stacks


def _within(inner: Stack, outer: Stack) -> bool:
    """Of the same variant, and with no seed that the other stack has not."""
    same = inner[0].variant == outer[0].variant
    return same and outer[0].seed <= inner[0].seed and inner[-1].seed <= outer[-1].seed


def width_options(
    study: Study,
    seeds: Mapping[str, int],
    conditions: Conditions,
    shape: DataShape,
    costs: Costs,
    wanted: Wanted,
    archive: Archive,
) -> dict[str, Sequence[WidthOption]]:
    """By variant, the widths that were measured. Ask for the whole study, whatever part of it is run."""
    found: dict[str, Sequence[WidthOption]] = {}
    for variant in study.variants:
        key, count = cost_key(variant, shape, conditions.engine), seeds[variant.name]
        options = []
        for width in possible_widths(costs.steps.get(key, {}), costs.mebibytes.get(key, {}), count):
            stacks = [wanted(runs) for runs in stacks_of(variant, count, width, conditions)]
            done = archive.done({run: steps for runs in stacks for run, steps in runs.items()})
            seconds = tuple(
                costs.group(
                    variant, key, _MEASURED, conditions.dataset, width=width, scored=len(steps), wanted=len(runs)
                )
                for runs in stacks
                for steps in [next(iter(runs.values()))]
            )
            options.append(WidthOption(width=width, stacks=seconds, stored=len(done)))
        found[variant.name] = options
    return found
