"""Trains, scores and archives one stack of seeds, for studies and searches alike. It never speaks to MLflow."""

from __future__ import annotations

import contextlib
import math
import time
import traceback
from collections.abc import Iterator, Sequence

from ablations.config import own_parts
from ablations.config.errors import DataError
from ablations.data import Dataset
from ablations.data.splits import load_split
from ablations.execution.checkpoint import discard_checkpoints
from ablations.execution.events import Evaluated, GroupEnded, GroupStarted, Progressed
from ablations.execution.executors.contract import Emit, Stop
from ablations.execution.job import GroupJob, PruningSession
from ablations.execution.recorder import Recorder
from ablations.scoring.scorer import load_scorer, own_sources
from ablations.scoring.suite import primary_metric
from ablations.store.archive import Archive
from ablations.store.result import Result, Status
from ablations.training.engine import set_up
from ablations.training.loop import train
from ablations.training.seed_group import SeedGroup


class Ended(Exception):
    """The group ends before its last step: with which status, why, and whether its checkpoint is kept."""

    def __init__(self, status: Status, reason: str, *, kept: bool = False) -> None:
        super().__init__(reason)
        self.status: Status = status
        self.kept = kept


def train_group(job: GroupJob, emit: Emit, stop: Stop = lambda: None) -> None:
    """Train the group and leave a result for each wanted slot in the archive, whatever happens.

    `stop` is asked at every tick; where it gives a reason, the group is checkpointed and recorded as interrupted.
    """
    archive = Archive.reopened(job.archive)
    job.checkpoint_root.mkdir(parents=True, exist_ok=True)
    results, kept = _attempt(job, emit, stop)
    for result in results:
        archive.put(result, again=job.fresh)
    if not kept:
        discard_checkpoints(job.checkpoints)
    emit(ended(job, results))


def record_lost(job: GroupJob, status: Status, reason: str) -> GroupEnded:
    """Archive results for a group whose process died."""
    results = Recorder(job).results(status, reason)
    for result in results:
        Archive.reopened(job.archive).put(result)
    return ended(job, results)


def _attempt(job: GroupJob, emit: Emit, stop: Stop) -> tuple[list[Result], bool]:
    """The results, and whether the checkpoint is to be kept."""
    recorder = Recorder(job)
    status: Status = "finished"
    reason, kept = "", False
    printed = own_parts.Printed()
    try:
        set_up(job.runs[0].engine)
        with _own_code(job, printed):
            _course(job, recorder, emit, stop)
    except Ended as early:
        status, reason, kept = early.status, str(early), early.kept
    except KeyboardInterrupt as stopped:
        status, reason, kept = "interrupted", str(stopped) or "interrupted", True
    except ConnectionError:  # whoever started this process is gone: keep what there is for the next run
        recorder.checkpoint()
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is recorded and the others go on
        # A full disk or too little memory is no fault of what was trained so far; own code would fail there again.
        status, reason, kept = "failed", own_parts.in_a_sentence(error)[:500], not own_parts.location(error)
        recorder.environment["traceback"] = traceback.format_exc()
    if str(printed):
        recorder.environment["printed"] = str(printed)
    return recorder.results(status, reason), kept


@contextlib.contextmanager
def _own_code(job: GroupJob, printed: own_parts.Printed) -> Iterator[None]:
    """Have the user's parts that the job needs; what they print does not disturb the display."""
    if not job.parts:
        yield
        return
    own_parts.ensure(job.parts)
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        yield


def _course(job: GroupJob, recorder: Recorder, emit: Emit, stop: Stop) -> None:
    """From where the group stands to its end. Raises `Ended` where that comes early."""
    run = job.runs[0]
    dataset, digest = load_split(run.dataset, run.split, job.data_folder)
    if digest != run.data_digest:
        raise DataError(f"the dataset {run.dataset!r} has changed since the plan was made; run the study again")
    scorer = load_scorer(run.dataset, run.split, job.data_folder, run.engine.device, own_sources())
    group = SeedGroup(job.variant, job.seeds, dataset, run.engine)
    recorder.attach(group, dataset, scorer)
    if not job.fresh:
        _resume(recorder)
    trial = _Trial(job, recorder, dataset) if job.judge else None
    end = job.steps[-1]
    name, variant = job.name, job.variant.name
    emit(GroupStarted(group=name, variant=variant, seeds=job.seeds, step=group.step, steps=end))
    saved = time.perf_counter()
    if trial:
        trial.judge_new_scores()  # of a resumed trial
    for tick in train(group, job.steps):
        recorder.add(tick)
        if tick.evaluation_due:
            recorder.evaluate("full" if tick.step == job.variant.steps else "quick")
            emit(Evaluated(group=name, step=tick.step, scores=recorder.mean_scores()))
        if trial:
            trial.judge_new_scores()
        emit(Progressed(group=name, step=tick.step, train_seconds=recorder.train_seconds))
        if recorder.all_diverged:
            if not tick.evaluation_due:
                recorder.evaluate("quick")
            return
        reason = stop()
        if reason or time.perf_counter() - saved > job.checkpoint_seconds:
            recorder.checkpoint()
            saved = time.perf_counter()
        if reason:
            raise Ended("interrupted", reason, kept=True)
        if job.time_limit is not None and recorder.train_seconds > job.time_limit and tick.step < end:
            spent = f"{recorder.train_seconds:.1f} s of training, limit {job.time_limit:g} s"
            raise Ended("timed_out", f"stopped at step {tick.step}: {spent}")


def _resume(recorder: Recorder) -> None:
    """Raises `Ended` where a checkpoint cannot be gone on with: it is dropped, or all attempts would fail there."""
    try:
        recorder.resume()
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = (
            f"its checkpoint cannot be gone on with ({type(error).__name__}: {error}); the next attempt begins anew"
        )
        raise Ended("failed", reason[:500]) from error


class _Trial:
    """A search's trial: its judge hears each new score, and it ends with the first seed that diverges."""

    def __init__(self, job: GroupJob, recorder: Recorder, dataset: Dataset) -> None:
        assert job.judge is not None
        self._pruning: PruningSession = job.judge.session()
        self._recorder = recorder
        self._metric = primary_metric(dataset)
        self._last = job.steps[-1]
        self._heard = 0

    def judge_new_scores(self) -> None:
        """Raises `Ended` where the trial is to go no further."""
        for step, value in self._recorder.series(self._metric)[self._heard :]:
            self._heard += 1
            if not math.isfinite(value):
                raise Ended("pruned", f"a seed has no finite score at step {step}")
            pruned = self._pruning.report(step, value)
            self._recorder.notes = self._pruning.notes
            if pruned and step < self._last:
                raise Ended("pruned", f"pruned at step {step}")
        if self._recorder.any_diverged:
            raise Ended("pruned", "another seed of the trial diverged")


def ended(job: GroupJob, results: Sequence[Result]) -> GroupEnded:
    """The event of a group's end, from what it left."""
    return GroupEnded(
        group=job.name,
        variant=job.variant.name,
        statuses={result.run.seed: result.status for result in results},
        reasons={result.run.seed: result.reason for result in results if result.reason},
    )
