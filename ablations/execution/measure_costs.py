"""Measures what the stacks of a plan cost on this machine, for `costs`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass

from ablations.data import Dataset
from ablations.data.splits import load_split
from ablations.execution.costs import Costs, cost_key, measured_here
from ablations.execution.estimate import analytic_step_seconds
from ablations.execution.job import GroupJob
from ablations.execution.plan import Plan
from ablations.execution.recorder import measure
from ablations.scoring.own_metrics import own_digests
from ablations.scoring.scorer import load_scorer
from ablations.training.engine import set_up
from ablations.training.seed_group import SeedGroup

WARM_STEPS = 5
BLOCKS = 3


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Of one kind of stack."""

    variant: str
    width: int
    seconds: float
    """Of CPU time for one step of one seed."""


def measure_plan(plan: Plan, seconds: float = 0.5) -> Iterator[Measured | Costs]:
    """Each kind of stack in turn, for about three times `seconds`; last, all that is known now, the scores with it."""
    common = plan.conditions
    dataset, _ = load_split(common.dataset, common.split, plan.options.data_folder)
    set_up(common.engine)
    steps: dict[str, dict[str, float]] = {}
    factors: dict[str, float] = {}
    for job in plan.jobs:
        key, width = cost_key(job.variant, plan.shape, common.engine), len(job.seeds)
        cost = plan.facts[job.variant.name].cost
        if cost is None or str(width) in steps.get(key, {}):
            continue
        took = step_seconds(job, dataset, seconds) / width
        steps.setdefault(key, {})[str(width)] = took
        factors[key] = took / analytic_step_seconds(cost, width)
        yield Measured(variant=job.variant.name, width=width, seconds=took)
    evaluations = {common.dataset: evaluation_seconds(plan, dataset)} if plan.jobs else {}
    yield measured_here(common.engine).with_measured(steps, factors, evaluations)


def step_seconds(job: GroupJob, dataset: Dataset, seconds: float) -> float:
    """CPU time of a step of the whole stack: the median of `BLOCKS` blocks of about so many seconds."""
    group = SeedGroup(job.variant, job.seeds, dataset, job.runs[0].engine)
    group.advance(WARM_STEPS)
    once = max(_timed(group, 1), 1e-6)
    count = max(1, round(seconds / once))
    return statistics.median(_timed(group, count) / count for _ in range(BLOCKS))


def evaluation_seconds(plan: Plan, dataset: Dataset) -> dict[str, float]:
    """CPU time of the scores of one seed, by tier; what a process computes once is there before."""
    job, common = plan.jobs[0], plan.conditions
    group = SeedGroup(job.variant, job.seeds[:1], dataset, common.engine)
    scorer = load_scorer(
        common.dataset, common.split, plan.options.data_folder, common.engine.device, str(own_digests())
    )
    found = {}
    for tier in ("full", "quick"):
        if tier == "full":
            measure(group, 0, dataset, scorer, tier)
        started = time.process_time()
        measure(group, 0, dataset, scorer, tier)
        found[tier] = time.process_time() - started
    return found


def _timed(group: SeedGroup, steps: int) -> float:
    started = time.process_time()
    group.advance(steps)
    group.synchronize()
    group.take_curves()
    return time.process_time() - started
