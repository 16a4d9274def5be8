"""What a study needs: the runs it consists of, those that the archive has, and the groups still to be trained."""

from __future__ import annotations

import contextlib
import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ablations.config import Engine, Run, Study
from ablations.config.errors import ConfigError
from ablations.config.origin import OwnPart
from ablations.config.own_parts import PartError, only_here, silenced
from ablations.config.own_use import own_dataset
from ablations.data import DataShape
from ablations.data.splits import load_split
from ablations.execution.estimate import estimate_seconds, snapshot_bytes
from ablations.execution.job import CHECKPOINT_SECONDS, GroupJob, Keep
from ablations.scoring.panel import panel_of
from ablations.scoring.scorer import scorer_identity
from ablations.store.archive import Archive, Member
from ablations.training.engine import choose_engine, default_workers
from ablations.training.loop import evaluation_steps
from ablations.training.numerics import NUMERICS
from ablations.training.seed_group import check_fits

DEFAULT_WIDTH = 16
"""The most seeds in one stack, unless asked otherwise."""


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
    workers: int | None = None
    width: int | None = None
    fresh: bool = False
    time_limit: float | None = None
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    keep: Keep = "all"


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


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done for a study, and what is done already."""

    study: Study
    """As it will be run: with the options applied."""
    recorded: Study
    """As the archive will know it: `study`, but with all variants also where only some are run now."""
    seeds: Mapping[str, int]
    """Of each variant of `recorded`."""
    members: tuple[Member, ...]
    """The runs of `recorded`, whether they are trained now or not."""
    options: Options
    conditions: Conditions
    shape: DataShape
    """Of the data."""
    scorer: str
    jobs: tuple[GroupJob, ...]
    """The longest first."""
    reused: frozenset[str]
    """Keys of the runs of `study` that the archive already has."""
    workers: int

    @property
    def runs(self) -> int:
        """Runs to be trained."""
        return sum(len(job.wanted) for job in self.jobs)

    @property
    def kept_bytes(self) -> int:
        """Of the weights of G that the runs to be trained will keep."""
        return sum(
            snapshot_bytes(job.variant, self.shape) * len(job.wanted) * (len(job.steps) if job.keep == "all" else 1)
            for job in self.jobs
        )

    @property
    def estimate_seconds(self) -> float:
        """Of the whole plan: the groups, longest first, on so many workers."""
        ends = [0.0] * self.workers
        for job in self.jobs:
            ends[ends.index(min(ends))] += job.estimate_seconds
        return max(ends)

    def as_dict(self) -> dict[str, Any]:
        return {
            "study": self.study.name,
            "variants": [variant.name for variant in self.study.variants],
            "seeds": self.study.seeds,
            "variant_seeds": {variant.name: self.seeds[variant.name] for variant in self.study.variants},
            "workers": self.workers,
            "to_train": self.runs,
            "stored": len(self.reused),
            "estimate_seconds": round(self.estimate_seconds, 1),
            "kept_bytes": self.kept_bytes,
            "groups": [
                {
                    "name": job.name,
                    "variant": job.variant.name,
                    "seeds": list(job.wanted_seeds),
                    "width": len(job.seeds),
                    "steps": job.variant.steps,
                    "keys": list(job.wanted_steps),
                    "estimate_seconds": round(job.estimate_seconds, 1),
                }
                for job in self.jobs
            ],
        }


def make_plan(study: Study, options: Options, archive: Archive) -> Plan:
    """Apply the options to a study, and find out what the archive lacks.

    Raises:
        ConfigError: an option or a variant that fits nothing, with the way out.
        DataError: the dataset cannot be had.
    """
    recorded = customized(study, options)
    chosen = [recorded.variant(name) for name in options.only] or list(recorded.variants)
    asked = _only(recorded, {variant.name for variant in chosen})
    name = options.dataset or recorded.dataset
    dataset, digest = load_split(name, "whole", options.data_folder)
    for variant in asked.variants:
        with contextlib.suppress(PartError), silenced():  # own code that fails is the outcome of its own runs alone
            check_fits(variant, dataset)
    engine = choose_engine(options.device, options.precision, options.isa)
    own_data = own_dataset(name)
    conditions = Conditions(dataset=name, data_digest=digest, engine=engine, own_data=own_data)
    seeds = {v.name: options.variant_seeds.get(v.name, recorded.seeds_of(v.name)) for v in recorded.variants}
    stacks = _stacks(recorded, seeds, options.width or default_width(recorded.seeds), conditions)
    names = {variant.name for variant in asked.variants}
    steps = {
        runs[0].key: evaluation_steps(runs[0].variant.steps, recorded.evaluations, recorded.scored_steps)
        for runs in stacks
    }
    wanted = {
        run.key: steps[runs[0].key]
        for runs in stacks
        for run in runs
        if run.seed < seeds[run.variant.name] and run.variant.name in names
    }
    stored = set() if options.fresh else archive.done(wanted)
    jobs = [
        _job(runs, slots, steps[runs[0].key], recorded.name, options, archive, dataset.shape)
        for runs in stacks
        if runs[0].variant.name in names
        and (slots := tuple(run.slot for run in runs if run.key in wanted and run.key not in stored))
    ]
    return Plan(
        study=asked,
        recorded=recorded,
        seeds=seeds,
        members=tuple(
            Member(variant=run.variant.name, seed=run.seed, key=run.key)
            for runs in stacks
            for run in runs
            if run.seed < seeds[run.variant.name]
        ),
        options=options,
        conditions=conditions,
        shape=dataset.shape,
        scorer=scorer_identity(panel_of(name, options.data_folder)),
        jobs=tuple(sorted(jobs, key=lambda job: -job.estimate_seconds)),
        reused=frozenset(stored),
        workers=1 if only_here() else max(1, min(options.workers or default_workers(engine), len(jobs) or 1)),
    )


def plan_again(plan: Plan, archive: Archive) -> Plan:
    """The same plan, after what the archive has by now."""
    wanted = {key: steps for job in plan.jobs for key, steps in job.wanted_steps.items()}
    stored = set() if plan.options.fresh else archive.done(wanted)
    left = [
        dataclasses.replace(job, wanted=slots)
        for job in plan.jobs
        if (slots := tuple(slot for slot in job.wanted if job.runs[slot].key not in stored))
    ]
    return dataclasses.replace(plan, jobs=tuple(left), reused=plan.reused | stored)


def _stacks(study: Study, seeds: Mapping[str, int], width: int, conditions: Conditions) -> list[tuple[Run, ...]]:
    """The runs of a study, stack by stack; a variant's last stack may have seeds that the study does not ask for.

    Seed s stands in slot s mod `width` of stack s div `width`, however many seeds its variant has: more seeds later on
    leave the runs that are there what they are.
    """
    return [
        tuple(conditions.run(variant=variant, seed=first + slot, width=width, slot=slot) for slot in range(width))
        for variant in study.variants
        for first in range(0, seeds[variant.name], width)
    ]


def _job(
    runs: tuple[Run, ...],
    wanted: tuple[int, ...],
    steps: tuple[int, ...],
    study: str,
    options: Options,
    archive: Archive,
    shape: DataShape,
) -> GroupJob:
    variant = runs[0].variant
    return GroupJob(
        name=f"{variant.name} {runs[0].seed}-{runs[-1].seed}",
        study=study,
        runs=runs,
        wanted=wanted,
        steps=steps,
        archive=archive.root,
        checkpoint_root=archive.work / "checkpoints",
        data_folder=options.data_folder,
        estimate_seconds=estimate_seconds(variant, len(runs), len(steps), len(wanted), shape),
        time_limit=options.time_limit,
        fresh=options.fresh,
        checkpoint_seconds=options.checkpoint_seconds,
        keep=options.keep,
    )


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


def _only(study: Study, names: set[str]) -> Study:
    """The study with these of its variants, and the contrasts between them."""
    return dataclasses.replace(
        study,
        variants=tuple(variant for variant in study.variants if variant.name in names),
        contrasts=tuple(c for c in study.contrasts if {c.treatment, c.reference} <= names),
    )


def default_width(seeds: int) -> int:
    """All seeds in one stack, or the largest even share of at most `DEFAULT_WIDTH`."""
    divisors = [width for width in range(DEFAULT_WIDTH, 0, -1) if seeds % width == 0]
    return divisors[0] if divisors[0] > 1 or seeds == 1 else min(seeds, DEFAULT_WIDTH)
