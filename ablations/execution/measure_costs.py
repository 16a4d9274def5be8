"""Measures what the stacks of a plan cost on this machine, for `costs`."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ablations.data import Dataset
from ablations.data.splits import load_split
from ablations.execution.costs import Costs, cost_key, measured_here
from ablations.execution.estimate import analytic_step_seconds
from ablations.execution.job import GroupJob
from ablations.execution.plan import Plan
from ablations.execution.recorder import measure
from ablations.scoring.scorer import load_scorer, own_sources
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
    mebibytes: float | None
    """That the stack held at most; None where this system does not say."""


def measure_plans(plans: Sequence[Plan], seconds: float = 0.5) -> Iterator[Measured | Costs]:
    """Each kind of stack in turn, for about three times `seconds`; last, all that is known now, the scores with it.

    The plans differ in the width of their stacks alone.
    """
    common = plans[0].conditions
    dataset, _ = load_split(common.dataset, common.split, plans[0].options.data_folder)
    set_up(common.engine)
    steps: dict[str, dict[str, float]] = {}
    mebibytes: dict[str, dict[str, float]] = {}
    factors: dict[str, float] = {}
    for job in [job for plan in plans for job in plan.jobs]:
        key, width = cost_key(job.variant, plans[0].shape, common.engine), len(job.seeds)
        cost = plans[0].facts[job.variant.name].cost
        if cost is None or str(width) in steps.get(key, {}):
            continue
        before = start_of_peak()
        took = step_seconds(job, dataset, seconds) / width
        steps.setdefault(key, {})[str(width)] = took
        factors[key] = took / analytic_step_seconds(cost, width)
        held = None
        if before is not None:
            held = mebibytes.setdefault(key, {})[str(width)] = peak_mebibytes() - before
        yield Measured(variant=job.variant.name, width=width, seconds=took, mebibytes=held)
    evaluations = {common.dataset: evaluation_seconds(plans[0], dataset)} if plans[0].jobs else {}
    yield measured_here(common.engine).with_measured(steps, factors, evaluations, mebibytes)


def start_of_peak() -> float | None:
    """Have the kernel count this process' peak of memory anew; the MiB that it holds now, or None where it cannot."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
        return peak_mebibytes()
    return None


def peak_mebibytes() -> float:
    """That this process held at most since `start_of_peak`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024


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
    scorer = load_scorer(common.dataset, common.split, plan.options.data_folder, common.engine.device, own_sources())
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
