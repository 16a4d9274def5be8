"""What a study needs: the runs it consists of, those that the store has, and the groups still to be trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ablations.config import Engine, Run, Study, Variant
from ablations.config.errors import ConfigError
from ablations.data import load_dataset
from ablations.execution.environment import source_digest
from ablations.execution.estimate import estimate_seconds
from ablations.execution.job import CHECKPOINT_SECONDS, GroupJob
from ablations.scoring.extractors.classifier import load_classifier
from ablations.store import Store
from ablations.training.engine import choose_engine, default_workers
from ablations.training.seed_group import check_fits

DECISIVE_MODULES = ("parts", "training", "scoring.extractors", "scoring.metrics", "scoring.suite", "scoring.table")
"""The modules that decide a run's weights, curves or scores: their source is part of its key. What the
configuration and the data are is in the key by their own digests."""

DEFAULT_WIDTH = 16
"""The most seeds in one stack, unless asked otherwise."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a study is to be run. None stands for the study's or the machine's own value."""

    seeds: int | None = None
    steps: int | None = None
    evaluations: int | None = None
    only: tuple[str, ...] = ()
    overrides: Mapping[str, str] = field(default_factory=dict)
    dataset: str = "mnist"
    data_folder: Path | None = None
    device: str = "auto"
    precision: Literal["float32", "bfloat16"] = "float32"
    workers: int | None = None
    width: int | None = None
    fresh: bool = False
    time_limit: float | None = None
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    work: Path | None = None
    """Spool and checkpoints; beside the store where that is a folder, else `results/work`."""


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What all runs of a plan have in common, beside their study."""

    dataset: str
    data_digest: str
    classifier_digest: str
    source_digest: str
    engine: Engine


@dataclass(frozen=True, kw_only=True)
class GroupPlan:
    """One stack of seeds to train."""

    name: str
    job: GroupJob
    estimate_seconds: float
    """On one core, roughly."""

    @property
    def variant(self) -> Variant:
        return self.job.variant

    @property
    def seeds(self) -> tuple[int, ...]:
        return self.job.seeds

    @property
    def wanted(self) -> tuple[int, ...]:
        """The seeds to be recorded."""
        return tuple(self.job.runs[slot].seed for slot in self.job.wanted)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done for a study, and what is done already."""

    study: Study
    """As it will be run: with the options applied."""
    recorded: Study
    """As the store will know it: `study`, but with all variants also where only some are run now."""
    options: Options
    conditions: Conditions
    groups: tuple[GroupPlan, ...]
    keys: Mapping[str, Variant]
    """Of all runs that the study consists of, stored or not, and their variants."""
    reused: Mapping[str, str]
    """Key to run id of the runs that the store already has."""
    workers: int
    work: Path

    @property
    def runs(self) -> int:
        """Runs to be trained."""
        return sum(len(group.wanted) for group in self.groups)

    @property
    def estimate_seconds(self) -> float:
        """Of the whole plan: the groups, longest first, on so many workers."""
        ends = [0.0] * self.workers
        for group in self.groups:
            ends[ends.index(min(ends))] += group.estimate_seconds
        return max(ends)

    def as_dict(self) -> dict[str, Any]:
        return {
            "study": self.study.name,
            "variants": [variant.name for variant in self.study.variants],
            "seeds": self.study.seeds,
            "workers": self.workers,
            "to_train": self.runs,
            "stored": len(self.reused),
            "estimate_seconds": round(self.estimate_seconds, 1),
            "groups": [
                {
                    "name": group.name,
                    "variant": group.variant.name,
                    "seeds": list(group.wanted),
                    "width": len(group.seeds),
                    "steps": group.variant.steps,
                    "keys": [group.job.runs[slot].key for slot in group.job.wanted],
                    "estimate_seconds": round(group.estimate_seconds, 1),
                }
                for group in self.groups
            ],
        }


def make_plan(study: Study, options: Options, store: Store) -> Plan:
    """Apply the options to a study, and find out what the store lacks.

    Raises:
        ConfigError: an option or a variant that fits nothing, with the way out.
        DataError: the dataset cannot be had.
    """
    recorded = customized(study, dataclasses.replace(options, only=()))
    study = customized(study, options)
    dataset = load_dataset(options.dataset, folder=options.data_folder)
    for variant in study.variants:
        check_fits(variant, dataset)
    conditions = Conditions(
        dataset=dataset.name,
        data_digest=dataset.digest,
        classifier_digest=load_classifier().digest,
        source_digest=source_digest(DECISIVE_MODULES),
        engine=choose_engine(options.device, options.precision),
    )
    return _arrange(study, recorded, options, conditions, store)


def plan_again(plan: Plan, store: Store) -> Plan:
    """The same plan, after what the store has by now."""
    return _arrange(plan.study, plan.recorded, plan.options, plan.conditions, store)


def _arrange(study: Study, recorded: Study, options: Options, conditions: Conditions, store: Store) -> Plan:
    width = options.width or default_width(study.seeds)
    work = options.work or (store.folder / "work" if store.folder else Path("results/work"))
    stacks = [
        tuple(
            Run(
                variant=variant,
                seed=first + slot,
                width=width,
                slot=slot,
                dataset=conditions.dataset,
                data_digest=conditions.data_digest,
                classifier_digest=conditions.classifier_digest,
                source_digest=conditions.source_digest,
                evaluations=study.evaluations,
                engine=conditions.engine,
            )
            for slot in range(width)
        )
        for variant in study.variants
        for first in range(0, study.seeds, width)
    ]
    keys = {run.key: run.variant for runs in stacks for run in runs if run.seed < study.seeds}
    stored = {} if options.fresh else _stored(store, study.name, keys)
    groups: list[GroupPlan] = []
    for runs in stacks:
        wanted = tuple(run.slot for run in runs if run.key in keys and run.key not in stored)
        if wanted:
            job = GroupJob(
                name=f"{runs[0].variant.name} {runs[0].seed}-{runs[-1].seed}",
                study=study.name,
                runs=runs,
                wanted=wanted,
                data_folder=options.data_folder,
                work=work,
                time_limit=options.time_limit,
                fresh=options.fresh,
                checkpoint_seconds=options.checkpoint_seconds,
            )
            estimate = estimate_seconds(job.variant, width, study.evaluations, len(wanted))
            groups.append(GroupPlan(name=job.name, job=job, estimate_seconds=estimate))
    groups.sort(key=lambda group: -group.estimate_seconds)
    return Plan(
        study=study,
        recorded=recorded,
        options=options,
        conditions=conditions,
        groups=tuple(groups),
        keys=keys,
        reused={key: stored[key] for key in keys if key in stored},
        workers=max(1, min(options.workers or default_workers(conditions.engine), len(groups) or 1)),
        work=work,
    )


def _stored(store: Store, study: str, keys: Collection[str]) -> dict[str, str]:
    """Key to run id of what the store has, of this study first; the others are searched only if that lacks a key."""
    here = store.keys(study)
    return here if here.keys() >= set(keys) else store.keys() | here


def customized(study: Study, options: Options) -> Study:
    """The study with seeds, steps, evaluations, overrides and the choice of variants applied."""
    chosen = [study.variant(name) for name in options.only] if options.only else list(study.variants)
    overrides: dict[str, Any] = dict(options.overrides)
    if options.steps is not None:
        overrides["steps"] = options.steps
    if {"name", "recipe"} & set(overrides):
        raise ConfigError("name and recipe are labels, not settings: they cannot be overridden")
    variants = tuple(variant.override(overrides) for variant in chosen) if overrides else tuple(chosen)
    names = {variant.name for variant in variants}
    return dataclasses.replace(
        study,
        variants=variants,
        contrasts=tuple(c for c in study.contrasts if {c.treatment, c.reference} <= names),
        seeds=options.seeds if options.seeds is not None else study.seeds,
        evaluations=options.evaluations if options.evaluations is not None else study.evaluations,
    )


def default_width(seeds: int) -> int:
    """All seeds in one stack, or the largest even share of at most `DEFAULT_WIDTH`."""
    divisors = [width for width in range(DEFAULT_WIDTH, 0, -1) if seeds % width == 0]
    return divisors[0] if divisors[0] > 1 or seeds == 1 else min(seeds, DEFAULT_WIDTH)
