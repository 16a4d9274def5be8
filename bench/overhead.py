"""What the harness costs beside training: the archive, the display, the processes."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from ablations.catalog import STUDIES
from ablations.config import Study
from ablations.data.splits import load_split
from ablations.execution import worker
from ablations.execution.events import Event, GroupEnded, GroupStarted
from ablations.execution.executors import Executor, ProcessExecutor, SerialExecutor
from ablations.execution.options import Options
from ablations.execution.plan import Plan, make_plan
from ablations.execution.progress import Display
from ablations.execution.recorder import Recorder
from ablations.execution.runner import execute
from ablations.scoring.scorer import load_scorer
from ablations.store import Archive
from bench.ratios import Interval, ratio_interval

GROUPS = 2
"""Stacks of seeds that one or two worker processes share."""
PARTS: Mapping[str, Sequence[tuple[object, str]]] = {
    "reading the data": ((worker, "load_split"),),
    "the scorer and its references": ((worker, "load_scorer"),),
    "setting up": ((worker, "set_up"), (worker, "SeedGroup"), (Recorder, "attach")),
    "checkpoints": ((Recorder, "checkpoint"), (Recorder, "resume"), (worker, "discard_checkpoints")),
    "archive": ((Archive, "put"),),
    "display": ((Display, "__call__"), (Display, "__enter__"), (Display, "__exit__")),
}
"""What a study does beside training and scoring, and the functions that do it."""
STORE_AND_DISPLAY = ("checkpoints", "archive", "display")


@dataclass(frozen=True, kw_only=True)
class Overhead:
    """Of one whole study, by its own clocks, in seconds."""

    training: float
    evaluation: float
    parts: Mapping[str, float]
    """What it spends beside both, by what it is spent on; the last is what none of the clocks saw."""

    @property
    def store_and_display(self) -> float:
        """Their share of the training."""
        return sum(self.parts[name] for name in STORE_AND_DISPLAY) / self.training

    def sentence(self, seeds: int, steps: int) -> str:
        return (
            f"store and display: {self.store_and_display:.2%} of the training of {seeds} seeds and {steps:,} steps, "
            f"{self.training:.1f} s; scoring has a clock of its own, {self.evaluation:.1f} s; beside both:"
        )

    def as_dict(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "store_and_display": self.store_and_display}


@dataclass(frozen=True, kw_only=True)
class Scaling:
    """The throughput of two worker processes over that of one."""

    ratio: Interval
    one_seconds: float
    two_seconds: float


def measure_overhead(scratch: Path, *, dataset: str, steps: int, seeds: int) -> Overhead:
    """Train the baseline through the runner, with archive and display, in this process, with a clock at each part.

    Nothing of the data or the scorer is in memory when it begins, as in a worker's first group.
    """
    study = small_study(seeds=seeds, steps=steps)
    archive = Archive.open(scratch / "overhead")
    plan = plan_of(study, dataset, archive, workers=1, width=seeds)
    load_split.cache_clear()
    load_scorer.cache_clear()
    with clocked(PARTS) as spent:
        started = time.perf_counter()
        run(plan, archive, SerialExecutor())
        whole = time.perf_counter() - started
    results = archive.read(study.name).results
    evaluation = sum(result.evaluation_seconds for result in results)
    training = sum(result.train_seconds for result in results)
    rest = whole - evaluation - training - sum(spent.values())
    return Overhead(training=training, evaluation=evaluation, parts={**spent, "rest": rest})


@contextlib.contextmanager
def clocked(parts: Mapping[str, Sequence[tuple[object, str]]]) -> Iterator[dict[str, float]]:
    """Wall seconds spent in the functions of each part while the block runs; one within another counts once."""
    spent, running = dict.fromkeys(parts, 0.0), [False]

    def watched(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if running[0]:
                return function(*arguments, **named)
            running[0], started = True, time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                running[0] = False
                spent[part] += time.perf_counter() - started

        return call

    with contextlib.ExitStack() as stack:
        for part, places in parts.items():
            for owner, name in places:
                stack.enter_context(mock.patch.object(owner, name, watched(part, getattr(owner, name))))
        yield spent


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
