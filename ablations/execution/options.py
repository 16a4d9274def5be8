"""How a study is to be run: the options of a command, and the study as they make it."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ablations.config import Engine, Study
from ablations.config.errors import ConfigError
from ablations.execution.choice import BY_THE_MACHINE, ExecutorOptions
from ablations.execution.job import CHECKPOINT_SECONDS, Keep


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a study is to be run. None stands for the study's or the machine's own value."""

    seeds: int | None = None
    reference_seeds: int | Literal["auto"] | None = None
    """Of the variant that most contrasts are held against; auto: the square root of their number times the others'
    seeds, the split of a given number of runs that makes the errors of the effects least."""
    variant_seeds: Mapping[str, int] = field(default_factory=dict)
    """Of single variants, in place of all the above."""
    looks: tuple[int, ...] = ()
    """See `Study.looks`."""
    steps: int | None = None
    evaluations: int | None = None
    only: tuple[str, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    dataset: str | None = None
    data_folder: Path | None = None
    device: str = "auto"
    precision: Literal["float32", "bfloat16"] = "float32"
    isa: str | None = None
    """The instruction set; None: the one that this process is held to."""
    accepted: tuple[tuple[Engine, int], ...] = ()
    """Engines and widths of which stored stacks count in the place of this machine's, the first of them first; a stack
    that none has is trained here. For a study that different machines add to: draws are the same on all, so seeds stay
    paired."""
    workers: int | None = None
    width: int | Literal["fastest"] | None = None
    """Of a stack; fastest: of each variant's, what was measured to end soonest here."""
    fresh: bool = False
    time_limit: float | None = None
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    keep: Keep = "all"
    executor: ExecutorOptions = BY_THE_MACHINE

    def __post_init__(self) -> None:
        """Raises `ConfigError` for a number below 1: elsewhere it would be taken for none."""
        for name, word in _NUMBERS.items():
            value = getattr(self, name)
            if value is not None and value != word:
                _check_number(name, value, f" or {word!r}" if word else "")
                if name in _KEPT_EACH and value > MOST:
                    raise ConfigError(
                        f"{name} is {value:,}; a plan keeps an entry for each, and takes {MOST:,} at most"
                    )
        for variant, seeds in self.variant_seeds.items():
            _check_number(f"variant_seeds of {variant!r}", seeds)
        if self.time_limit is not None and not self.time_limit > 0:
            raise ConfigError(f"time_limit must be more than 0 seconds, not {self.time_limit!r}")


_NUMBERS = {"seeds": "", "reference_seeds": "auto", "steps": "", "evaluations": "", "workers": "", "width": "fastest"}
"""Options that count something, with the word that may stand in the place of a number."""
_KEPT_EACH = ("seeds", "reference_seeds", "workers", "width")
MOST = 100_000
"""Seeds, or what else a plan keeps one by one: more would fill the memory before anything is said."""


def _check_number(name: str, value: object, also: str = "") -> None:
    if type(value) is bool or not isinstance(value, numbers.Integral) or int(value) < 1:
        raise ConfigError(f"{name} must be a whole number from 1 on{also}, not {value!r}")


def customized(study: Study, options: Options) -> Study:
    """The study with seeds, steps, evaluations and overrides applied."""
    overrides: dict[str, Any] = dict(options.overrides)
    if options.steps is not None:
        overrides["steps"] = options.steps
    if {"name", "recipe"} & set(overrides):
        raise ConfigError("name and recipe are labels, not settings: they cannot be overridden")
    seeds = options.seeds if options.seeds is not None else study.seeds
    return dataclasses.replace(
        study,
        variants=tuple(variant.override(overrides) for variant in study.variants) if overrides else study.variants,
        seeds=seeds,
        reference_seeds=_reference_seeds(study, seeds, options),
        looks=options.looks or study.looks,
        evaluations=options.evaluations if options.evaluations is not None else study.evaluations,
    )


def _reference_seeds(study: Study, seeds: int, options: Options) -> int | None:
    """Raises `ConfigError` for fewer than the other variants have."""
    asked = options.reference_seeds
    if asked is None:
        return None if study.reference_seeds is None else max(study.reference_seeds, seeds)
    reference = study.main_reference
    if reference is None:
        raise ConfigError(f"study {study.name!r} has no contrasts, so no reference that could have seeds of its own")
    if asked == "auto":
        treatments = sum(contrast.reference == reference for contrast in study.contrasts)
        return math.ceil(math.sqrt(treatments) * seeds - 1e-9)
    return asked
