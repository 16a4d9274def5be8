"""What a study needs: the runs it consists of, those that the archive has, and the groups still to be trained."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ablations.config import Run, Study
from ablations.config.own_parts import loaded, only_here
from ablations.config.own_use import own_dataset, sources_for
from ablations.config.study import evaluation_steps
from ablations.data import DataShape
from ablations.execution.choice import NodeCheck, capacity, choose_executor, versions
from ablations.execution.costs import known_costs
from ablations.execution.executors import Executor
from ablations.execution.job import GroupJob
from ablations.execution.options import Options, customized
from ablations.execution.plan_facts import VariantFacts, data_facts, scorer_of, stack_seconds, variants_facts
from ablations.execution.schedule import schedule
from ablations.execution.stacks import Conditions, Stack, stacks_of, stored_first, width_options
from ablations.execution.widths import default_width, fastest_widths
from ablations.store.archive import Archive
from ablations.store.stored_study import Member


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
    facts: Mapping[str, VariantFacts]
    """Of each variant of `study`, by name."""
    measured: bool
    """The estimates rest on measurements of this kind of machine."""
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
            self.facts[job.variant.name].snapshot_bytes * len(job.wanted) * (len(job.steps) if job.keep == "all" else 1)
            for job in self.jobs
        )

    @property
    def estimate_seconds(self) -> float:
        """Of the whole plan: the groups, longest first, on so many workers."""
        return max((span.end for span in schedule([j.estimate_seconds for j in self.jobs], self.workers)), default=0.0)

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
            "measured": self.measured,
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
    asked = recorded.restricted([variant.name for variant in chosen])
    dataset = options.dataset or recorded.dataset
    data = data_facts(dataset, options.data_folder)
    facts = variants_facts(asked.variants, data)
    engine = options.executor.engine(options.device, options.precision, options.isa)
    own_data = own_dataset(dataset)
    conditions = Conditions(dataset=dataset, data_digest=data.digest, engine=engine, own_data=own_data)
    seeds = {v.name: options.variant_seeds.get(v.name, recorded.seeds_of(v.name)) for v in recorded.variants}
    steps = {
        variant.name: evaluation_steps(variant.steps, recorded.evaluations, recorded.scored_steps)
        for variant in recorded.variants
    }
    costs = known_costs(engine)

    def wanted_of(runs: Stack) -> dict[str, tuple[int, ...]]:
        name = runs[0].variant.name
        return {run.key: steps[name] for run in runs if run.seed < seeds[name]}

    asked_for = options.width if isinstance(options.width, int) else default_width(recorded.seeds)
    widths = dict.fromkeys(seeds, asked_for)
    if options.width == "fastest":
        places = 1 if only_here() else capacity(options.executor, engine, options.workers)
        measured = width_options(recorded, seeds, conditions, data.shape, costs, wanted_of, archive)
        widths |= fastest_widths(measured, places)

    def stacks_under(common: Conditions, widths: Mapping[str, int]) -> list[Stack]:
        return [
            runs
            for variant in recorded.variants
            for runs in stacks_of(variant, seeds[variant.name], widths[variant.name], common)
        ]

    stacks = stacks_under(conditions, widths)
    for accepted, width in () if options.fresh else options.accepted:
        others = stacks_under(dataclasses.replace(conditions, engine=accepted), dict.fromkeys(seeds, width))
        stacks = stored_first(stacks, others, wanted_of, archive)
    names = {variant.name for variant in asked.variants}
    wanted = {key: found for runs in stacks if runs[0].variant.name in names for key, found in wanted_of(runs).items()}
    stored = set() if options.fresh else archive.done(wanted)
    jobs = []
    for runs in stacks:
        slots = tuple(run.slot for run in runs if run.key in wanted and run.key not in stored)
        if runs[0].variant.name in names and slots:
            scored = steps[runs[0].variant.name]
            seconds = stack_seconds(runs, len(scored), len(slots), facts[runs[0].variant.name], data.shape, costs)
            jobs.append(_job(runs, slots, scored, recorded.name, options, archive, seconds))
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
        shape=data.shape,
        facts=facts,
        measured=costs.here,
        scorer=scorer_of(dataset, options.data_folder),
        jobs=tuple(sorted(jobs, key=lambda job: -job.estimate_seconds)),
        reused=frozenset(stored),
        workers=1 if only_here() else max(1, min(capacity(options.executor, engine, options.workers), len(jobs) or 1)),
    )


def executor_of(plan: Plan) -> Executor:
    """The executor that the plan's options name, with what it must find on other machines."""
    options, common = plan.options, plan.conditions
    here = options.executor.chosen(options.workers) != "ray"
    requirement = NodeCheck(
        engine=common.engine,
        versions=versions(),
        dataset=common.dataset,
        split=common.split,
        data_digest=common.data_digest,
        data_folder=options.data_folder,
        parts=tuple(item for item in loaded() if common.own_data and item.sha256 == common.own_data.sha256),
    )
    workers = 1 if only_here() else options.workers if options.workers == 1 or not here else plan.workers
    return choose_executor(options.executor, common.engine, workers, requirement)


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


def _job(
    runs: tuple[Run, ...],
    wanted: tuple[int, ...],
    steps: tuple[int, ...],
    study: str,
    options: Options,
    archive: Archive,
    seconds: float,
) -> GroupJob:
    variant = runs[0].variant
    return GroupJob(
        name=f"{variant.name} {runs[0].seed}-{runs[-1].seed}",
        study=study,
        runs=runs,
        wanted=wanted,
        steps=steps,
        archive=archive.location,
        checkpoint_root=archive.work / "checkpoints",
        data_folder=options.data_folder,
        estimate_seconds=seconds,
        time_limit=options.time_limit,
        fresh=options.fresh,
        checkpoint_seconds=options.checkpoint_seconds,
        keep=options.keep,
        parts=sources_for(variant, runs[0].dataset),
    )
