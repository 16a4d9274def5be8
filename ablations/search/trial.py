"""One trial: a stack of seeds trained and scored on the validation part, until it ends or is pruned.

It leaves a file with its outcome, all or nothing. A worker or a whole search that is killed therefore loses at most the
training since the last checkpoint, and never a trial that had ended.

The rules: a trial's value is the mean score of its seeds at its end. A trial in which any seed diverges ends there and
failed, without a value; it counts as one of the trials and is charged all of its steps. A pruned trial is charged the
steps that it trained.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
import os
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from filelock import FileLock

from ablations.config.errors import DataError
from ablations.execution.checkpoint import discard_checkpoints
from ablations.execution.events import Evaluated, GroupEnded, GroupStarted, Progressed
from ablations.execution.executors import Stop
from ablations.execution.job import CHECKPOINT_SECONDS, GroupJob
from ablations.execution.recorder import Recorder
from ablations.execution.worker import Emit
from ablations.search.judge import Judge
from ablations.search.protocol import load_scorer, load_split
from ablations.store.result import Status
from ablations.training.engine import set_up
from ablations.training.loop import train
from ablations.training.seed_group import SeedGroup

State = Literal["finished", "pruned", "diverged", "failed"]


@dataclass(frozen=True, kw_only=True)
class Score:
    """Of one trial at one step."""

    step: int
    mean: float
    """Over the seeds; not finite where a seed has no score."""
    seeds: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one trial."""

    state: State
    reason: str = ""
    scores: tuple[Score, ...] = ()
    steps: int = 0
    """Trained, of each seed."""
    charged_steps: int = 0
    """Of each seed, by the rules of this module."""
    train_seconds: float = 0.0
    """Of the whole stack."""
    evaluation_seconds: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)
    """The pruner's."""

    @property
    def seconds(self) -> float:
        """Of training and evaluation: what a budget of seconds is charged."""
        return self.train_seconds + self.evaluation_seconds

    @property
    def value(self) -> float | None:
        """The objective; None unless the trial finished."""
        return self.scores[-1].mean if self.state == "finished" else None


@dataclass(frozen=True, kw_only=True)
class TrialJob:
    """One trial, as it is sent to a worker."""

    group: GroupJob
    """Its stack of seeds. Its runs name the whole dataset, and the digest of the split."""
    evaluation_steps: tuple[int, ...]
    metric: str
    judge: Judge | None
    """None: it is never pruned."""
    file: Path
    """Of the outcome."""

    @property
    def name(self) -> str:
        return self.group.name

    @functools.cached_property
    def identity(self) -> str:
        """Of everything that decides the outcome: an outcome of another identity is not used."""
        judge = self.judge
        past = sorted(judge.history.items()) if judge else []
        known = [[n, t.state.name, t.params, t.intermediate_values, t.values, t.system_attrs] for n, t in past]
        facts = [self.group.identity, self.evaluation_steps, self.metric, judge and [judge.pruner, judge.number], known]
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:20]

    @property
    def outcome(self) -> Outcome | None:
        """What it left, in this life or an earlier one; None if nothing yet."""
        try:
            tree = json.loads(self.file.read_text())
        except (OSError, ValueError):
            return None
        if tree.pop("identity", None) != self.identity:
            return None
        scores = tuple(Score(**{**item, "seeds": tuple(item["seeds"])}) for item in tree.pop("scores"))
        return Outcome(scores=scores, **tree)

    def leave(self, outcome: Outcome) -> None:
        """Write the outcome, all or nothing.

        Raises:
            DataError: the disk is full, or the folder cannot be written.
        """
        part = self.file.with_name(f".{self.file.name}.{uuid.uuid4().hex[:8]}")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with part.open("w") as file:
                json.dump({"identity": self.identity, **dataclasses.asdict(outcome)}, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, self.file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise DataError(f"cannot write {self.file}: {error.strerror}; make room or move --store") from error

    def run(self, emit: Emit, stop: Stop) -> None:
        """Train unless there is an outcome already."""
        started = time.perf_counter()
        status: Status = "interrupted"
        outcome = self.outcome
        if outcome is None:
            self.group.checkpoints.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.group.checkpoints.with_suffix(".lock")):
                outcome = self._attempt(emit, stop)
                if outcome is not None:
                    self.leave(outcome)
                    discard_checkpoints(self.group.checkpoints)
        if outcome is not None:
            status = "finished" if outcome.state == "pruned" else outcome.state
        emit(self._ended(status, outcome.reason if outcome else "", time.perf_counter() - started))

    def lost(self, status: Status, reason: str) -> GroupEnded:
        if status == "failed":
            self.leave(Outcome(state="failed", reason=reason, charged_steps=self.group.variant.steps))
        return self._ended(status, reason, 0.0)

    def _ended(self, status: Status, reason: str, seconds: float) -> GroupEnded:
        statuses = dict.fromkeys(self.group.seeds, status)
        reasons = dict.fromkeys(self.group.seeds, reason) if reason else {}
        return GroupEnded(group=self.name, variant=self.name, statuses=statuses, reasons=reasons, seconds=seconds)

    def _attempt(self, emit: Emit, stop: Stop) -> Outcome | None:
        """None where it was asked to stop: its checkpoint is kept."""
        try:
            return _Course(self, emit).run(stop)
        except (ConnectionError, KeyboardInterrupt):
            raise
        except DataError:  # of the machine, not of the trial: no other trial would fare better
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a recorded outcome and the others go on
            reason = f"{type(error).__name__}: {error}"[:500]
            return Outcome(state="failed", reason=reason, charged_steps=self.group.variant.steps)


class _Course:
    """One trial in training."""

    def __init__(self, job: TrialJob, emit: Emit) -> None:
        run = job.group.runs[0]
        set_up(run.engine)
        dataset = load_split(run.dataset, job.group.data_folder)
        if dataset.digest != run.data_digest:
            raise DataError(f"the dataset {run.dataset!r} has changed since the search began; begin it again")
        self._job, self._emit = job, emit
        self._scorer = load_scorer(run.dataset, job.group.data_folder, run.engine.device)
        self._group = SeedGroup(job.group.variant, job.group.seeds, dataset, run.engine)
        self._recorder = Recorder(job.group)
        self._recorder.attach(self._group)
        self._recorder.resume()
        self._bench = job.judge.seat() if job.judge else None
        self._scores: list[Score] = []

    def run(self, stop: Stop) -> Outcome | None:
        group, recorder, job = self._group, self._recorder, self._job
        started = GroupStarted(
            group=job.name, variant=job.name, seeds=group.seeds, step=group.step, steps=group.variant.steps
        )
        self._emit(started)
        if self._take_scores():  # of a resumed trial
            return self._outcome("pruned")
        saved = time.perf_counter()
        for tick in train(group, job.evaluation_steps):
            recorder.add(tick)
            if not np.isfinite(tick.curves).all():
                return self._outcome("diverged")
            if tick.evaluation_due:
                recorder.evaluate(self._scorer)
                pruned = self._take_scores()
                self._emit(Evaluated(group=job.name, step=tick.step, scores=recorder.mean_scores()))
                if not math.isfinite(self._scores[-1].mean):
                    return self._outcome("diverged")
                if pruned:
                    return self._outcome("pruned")
            self._emit(
                Progressed(
                    group=job.name, step=tick.step, steps=group.variant.steps, train_seconds=recorder.train_seconds
                )
            )
            reason = stop()
            if reason or time.perf_counter() - saved > CHECKPOINT_SECONDS:
                recorder.checkpoint()
                saved = time.perf_counter()
            if reason:
                return None
        return self._outcome("finished")

    def _take_scores(self) -> bool:
        """Bring the evaluations that are new before the judge; true where the trial is to be pruned."""
        results = self._recorder.results("finished", "")
        pruned = False
        for items in list(zip(*(result.evaluations for result in results), strict=True))[len(self._scores) :]:
            seeds = tuple(item.metrics[self._job.metric] for item in items)
            mean = float(np.mean(seeds))
            self._scores.append(Score(step=items[0].step, mean=mean, seeds=seeds))
            if self._bench and math.isfinite(mean):
                pruned = self._bench.report(items[0].step, mean)
        return pruned and self._scores[-1].step < self._job.evaluation_steps[-1]

    def _outcome(self, state: State) -> Outcome:
        results = self._recorder.results("failed", "")
        steps, reason = self._group.step, ""
        if state == "diverged":  # the first seed that did: which others did by now depends on when a tick came
            lost = [(item.last_step, item.run.seed, item.reason) for item in results if item.status == "diverged"]
            steps, seed, cause = min(lost, default=(steps, self._group.seeds[0], "no finite score"))
            reason = f"seed {seed}: {cause}"
        return Outcome(
            state=state,
            reason=reason,
            scores=tuple(self._scores),
            steps=steps,
            charged_steps=self._group.variant.steps if state == "diverged" else steps,
            train_seconds=self._recorder.train_seconds,
            evaluation_seconds=sum(item.evaluation_seconds for item in results),
            notes=self._bench.notes if self._bench else {},
        )
