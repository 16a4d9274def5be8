"""What the harness costs beside training: the archive, the display, the processes."""

from __future__ import annotations

import dataclasses
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ablations.catalog import STUDIES
from ablations.config import Study
from ablations.data import load_dataset
from ablations.execution.events import Event, GroupEnded, GroupStarted
from ablations.execution.executors import Executor, ProcessExecutor, SerialExecutor
from ablations.execution.options import Options
from ablations.execution.plan import Plan, make_plan
from ablations.execution.progress import Display
from ablations.execution.runner import execute
from ablations.store import Archive
from ablations.training.engine import choose_engine, set_up
from ablations.training.seed_group import SeedGroup
from bench.ratios import Interval, ratio_interval

GROUPS = 4
"""Stacks of seeds that one or two worker processes share."""
WARM_UP_STEPS = 20


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """Of a whole study against the bare training of the same seeds and steps."""

    ratio: Interval
    """Wall time of the study without its evaluations, over that of bare training."""
    beside: Interval
    """The same over the seconds of the study's own clock of training, which a change of the machine's speed between
    the two does not disturb: what loading the data, the store and the display add to it."""
    bare_seconds: float
    study_seconds: float
    """Without the evaluations, whose clock is their own."""
    evaluation_seconds: float
    training_seconds: float
    """As the study's own clock has it."""


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The throughput of two worker processes over that of one."""

    ratio: Interval
    one_seconds: float
    two_seconds: float


def measure_overhead(scratch: Path, *, dataset: str, steps: int, seeds: int, pairs: int) -> Overhead:
    """Train the baseline through the runner, with archive and display, and bare, in turns, in this process."""
    engine = choose_engine("cpu")

    def measure(pair: int, steps: int) -> tuple[float, float, float, float]:
        study = small_study(seeds=seeds, steps=steps)
        archive = Archive.open(scratch / f"overhead-{pair}")
        plan = plan_of(study, dataset, archive, workers=1, width=seeds)

        def bare() -> None:
            set_up(engine)
            SeedGroup(study.variants[0], range(seeds), load_dataset(dataset), engine).advance(steps)

        works: dict[str, Callable[[], None]] = {"bare": bare, "study": partial(run, plan, archive, SerialExecutor())}
        took = {name: timed(works[name]) for name in (works if pair % 2 == 0 else reversed(works))}
        results = archive.read(study.name).results
        evaluation = sum(result.evaluation_seconds for result in results)
        training = sum(result.train_seconds for result in results)
        return took["bare"], took["study"] - evaluation, evaluation, training

    measure(-1, WARM_UP_STEPS)  # imports, the reference's features
    bares, studies, evaluations, trainings = np.array([measure(pair, steps) for pair in range(pairs)]).T
    return Overhead(
        ratio=ratio_interval(studies, bares),
        beside=ratio_interval(studies, trainings),
        bare_seconds=float(np.median(bares)),
        study_seconds=float(np.median(studies)),
        evaluation_seconds=float(np.median(evaluations)),
        training_seconds=float(np.median(trainings)),
    )


def timed(work: Callable[[], None]) -> float:
    """Wall seconds."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def measure_scaling(scratch: Path, *, dataset: str, steps: int, seeds: int, pairs: int) -> Scaling:
    """Train `GROUPS` equal groups in one worker process and in two, in turns.

    Timed from the first group's start to the last one's end: the second process starts while the first one trains.
    """
    study = small_study(seeds=GROUPS * seeds, steps=steps)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    for pair in range(pairs):
        for workers in (1, 2) if pair % 2 == 0 else (2, 1):
            archive = Archive.open(scratch / f"scaling-{pair}-{workers}")
            span = Span()
            run(plan_of(study, dataset, archive, workers=workers, width=seeds), archive, ProcessExecutor(workers), span)
            seconds[workers].append(span.seconds)
    return Scaling(
        ratio=ratio_interval(np.array(seconds[1]), np.array(seconds[2])),
        one_seconds=float(np.median(seconds[1])),
        two_seconds=float(np.median(seconds[2])),
    )


class Span:
    """The time from the first start of a group to the last end of one."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._last = 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, GroupStarted) and self._first is None:
            self._first = time.perf_counter()
        if isinstance(event, GroupEnded):
            self._last = time.perf_counter()

    @property
    def seconds(self) -> float:
        assert self._first is not None, "no group was trained"
        return self._last - self._first


def small_study(*, seeds: int, steps: int) -> Study:
    """The baseline alone, with one evaluation before training and one at its end."""
    quick = STUDIES["quick"]
    variant = quick.variants[0].override({"steps": steps})
    return dataclasses.replace(quick, variants=(variant,), contrasts=(), seeds=seeds, evaluations=1)


def plan_of(study: Study, dataset: str, archive: Archive, *, workers: int, width: int) -> Plan:
    return make_plan(study, Options(dataset=dataset, device="cpu", workers=workers, width=width), archive)


def run(plan: Plan, archive: Archive, executor: Executor, also: Callable[[Event], None] = lambda event: None) -> None:
    """Carry out a plan as the command line does, the display drawing as on a terminal."""
    with Display({job.name: job.estimate_seconds for job in plan.jobs}, stream=Terminal()) as display:

        def heard(event: Event) -> None:
            also(event)
            display(event)

        summary = execute(plan, archive, heard, executor)
    assert summary.counts["finished"] == plan.runs, summary.failures


class Terminal(io.StringIO):
    """A terminal that nobody looks at."""

    def isatty(self) -> bool:
        return True
