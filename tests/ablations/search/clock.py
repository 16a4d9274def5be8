"""Trials that take as long as a test says, and are worth what their identity says."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from ablations.config import Run
from ablations.data.splits import load_split
from ablations.execution.events import Event
from ablations.execution.executors import Job, SerialExecutor
from ablations.execution.job import GroupJob
from ablations.scoring.suite import primary_metric
from ablations.search.protocol import SPLIT
from ablations.store import Archive, Result
from tests.ablations.factories import make_result

METRIC = primary_metric(load_split("digits", SPLIT, None)[0])


@dataclasses.dataclass
class Clock(SerialExecutor):
    """An executor whose trials take as long as it says; it dies after so many."""

    seconds: float
    life: int = 10**9

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Callable[[], str | None]) -> None:
        for job in jobs:
            if self.life == 0:
                raise SystemExit
            self.life -= 1
            assert isinstance(job, GroupJob)
            for run in job.runs:
                Archive.reopened(job.archive).put(self.result(run, job))

    def result(self, run: Run, job: GroupJob) -> Result:
        """Of a stack whose training takes three quarters of the seconds."""
        made = make_result(run.variant, run.seed, metrics={METRIC: float(int(job.identity, 16) % 1000)})
        share = self.seconds / len(job.runs)
        kept = tuple(item for item in made.evaluations if item.step == job.steps[-1])
        return dataclasses.replace(
            made, run=run, evaluations=kept, train_seconds=0.75 * share, evaluation_seconds=0.25 * share
        )
