"""A plan on machines that are not here: its groups at what they have cost so far, in the schedule of the executors."""

from __future__ import annotations

from collections.abc import Sequence

from ablations.catalog.quantities import CURVES, GRID_IMAGES
from ablations.config import Run
from ablations.execution.costs import known_costs
from ablations.execution.job import GroupJob
from ablations.execution.plan import Plan
from ablations.execution.plan_facts import stack_seconds
from ablations.execution.schedule import OVERHEAD_SECONDS, Group, Simulation, places_of, simulate
from ablations.store import Archive
from ablations.store.run_folder import read_head
from ablations.training.engine import default_workers

SAMPLE = 200
"""Stored runs that are looked at for what work really costs here."""
_BYTES_A_VALUE = 4
_ROWS_A_SCORE = 40


def simulated(plan: Plan, archive: Archive, where: str) -> Simulation:
    """The plan on `nodes=64` or `gpus=8`.

    Raises:
        ConfigError: `where` is neither.
    """
    options = plan.options
    places = places_of(where, default_workers(plan.conditions.engine), options.executor.gpus_per_group or 1.0)
    factor = measured_factor(plan, archive)
    groups = [group_of(job, plan, factor) for job in plan.jobs]
    return simulate(
        groups, places, overhead=OVERHEAD_SECONDS.get(options.executor.name or "ray", OVERHEAD_SECONDS["ray"])
    )


def group_of(job: GroupJob, plan: Plan, factor: float) -> Group:
    kept = len(job.steps) if job.keep == "all" else 1
    weights = plan.facts[job.variant.name].snapshot_bytes
    curves = _BYTES_A_VALUE * len(CURVES) * job.variant.steps
    samples = GRID_IMAGES * plan.shape.values
    return Group(
        seconds=job.estimate_seconds * factor,
        runs=len(job.wanted),
        bytes=len(job.wanted) * ((kept + 2) * weights + curves + len(job.steps) * samples),
        rows=len(job.wanted) * (len(CURVES) * min(job.variant.steps, 1_000) + len(job.steps) * _ROWS_A_SCORE),
    )


def measured_factor(plan: Plan, archive: Archive) -> float:
    """By how much stored runs of the plan's variants took longer than they were planned; 1 where there is none."""
    costs = known_costs(plan.conditions.engine)
    spent = planned = 0.0
    for member in [m for m in plan.members if m.key in plan.reused][:SAMPLE]:
        head = read_head(archive.folder(member.key))
        run = Run.from_dict(head["run"])
        facts = plan.facts[member.variant]
        stack = (run,) * run.width
        scored = len(head["evaluations"])
        spent += head["train_seconds"] + head["evaluation_seconds"]
        planned += stack_seconds(stack, scored, run.width, facts, plan.shape, costs) / run.width
    return spent / planned if planned else 1.0


def rows_of(found: Simulation) -> Sequence[tuple[str, str]]:
    """As the command line shows it."""
    from ablations.execution.progress import duration

    behind = max(0.0, found.mirror_seconds - found.seconds)
    return (
        ("places", f"{found.places:,}"),
        ("runs", f"{found.runs:,}"),
        ("wall time", duration(found.seconds)),
        ("utilisation", f"{found.utilisation:.0%}"),
        ("runs into the archive", f"{found.runs_a_second:.2f} a second, {found.peak:.2f} in the fullest minute"),
        ("bytes into the archive", f"{found.bytes / 1e9:,.2f} GB, {found.bytes_a_second / 1e6:,.2f} MB a second"),
        (
            "mirror",
            f"{duration(found.mirror_seconds)} of one writer" + (f", {duration(behind)} behind" if behind else ""),
        ),
    )
