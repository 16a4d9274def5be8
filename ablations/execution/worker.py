"""Trains, scores and records one group; what it finds goes to the spool. It never speaks to the store."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable

from filelock import FileLock

from ablations.config.errors import DataError, UserError
from ablations.data import load_dataset
from ablations.execution.checkpoint import discard_checkpoints
from ablations.execution.events import Evaluated, Event, GroupEnded, GroupStarted, Progressed
from ablations.execution.job import GroupJob
from ablations.execution.recorder import Recorder, Scorer
from ablations.scoring.extractors.classifier import load_classifier
from ablations.store.result import Status
from ablations.store.spool import Spool
from ablations.training.engine import set_up
from ablations.training.loop import evaluation_steps, train
from ablations.training.seed_group import SeedGroup

Emit = Callable[[Event], None]


class Stopped(Exception):
    """The run was asked to stop; its message is the reason."""


def train_group(job: GroupJob, emit: Emit, stop: Callable[[], str | None] = lambda: None) -> None:
    """Train the group and leave a result for each wanted slot in the spool, whatever happens.

    `stop` is asked at every tick; where it gives a reason, the group is checkpointed and recorded as interrupted.
    """
    started = time.perf_counter()
    job.checkpoints.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(job.checkpoints.with_suffix(".lock")):
        recorder = Recorder(job)
        outcome: Status = "finished"
        reason, kept = "", False
        try:
            set_up(job.runs[0].engine)
            _run(job, recorder, emit, stop)
        except TimeLimit as limit:
            outcome, reason = "timed_out", str(limit)
        except (Stopped, KeyboardInterrupt) as stopped:
            outcome, reason, kept = "interrupted", str(stopped) or "interrupted", True
        except ConnectionError:  # whoever started this process is gone: keep what there is for the next run
            recorder.checkpoint()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a recorded outcome and the others go on
            outcome, reason = "failed", _reason(error)
            recorder.environment["traceback"] = traceback.format_exc()
        results = recorder.results(outcome, reason)
        spool = Spool(job.work / "spool")
        for result in results:
            spool.put(result)
        if not kept:
            discard_checkpoints(job.checkpoints)
    emit(
        GroupEnded(
            group=job.name,
            variant=job.variant.name,
            statuses={result.run.seed: result.status for result in results},
            reasons={result.run.seed: result.reason for result in results if result.reason},
            seconds=time.perf_counter() - started,
        )
    )


class TimeLimit(Exception):
    """The group trained for longer than it may."""


def _run(job: GroupJob, recorder: Recorder, emit: Emit, stop: Callable[[], str | None]) -> None:
    dataset = load_dataset(job.runs[0].dataset, folder=job.data_folder)
    if dataset.digest != job.runs[0].data_digest:
        raise DataError(f"the dataset {dataset.name!r} has changed since the plan was made; run the study again")
    scorer = Scorer(dataset, load_classifier(device=job.runs[0].engine.device))
    group = SeedGroup(job.variant, job.seeds, dataset, job.runs[0].engine)
    recorder.attach(group)
    recorder.environment["noise_floor"] = f"{scorer.noise_floor:.6g}"
    if not job.fresh:
        recorder.resume()
    steps = evaluation_steps(job.variant.steps, job.runs[0].evaluations)
    emit(
        GroupStarted(
            group=job.name, variant=job.variant.name, seeds=job.seeds, step=group.step, steps=job.variant.steps
        )
    )
    saved = time.perf_counter()
    for tick in train(group, steps):
        recorder.add(tick)
        if tick.evaluation_due:
            recorder.evaluate(scorer, "full" if tick.step == job.variant.steps else "quick")
            emit(Evaluated(group=job.name, step=tick.step, scores=recorder.mean_scores()))
        emit(Progressed(group=job.name, step=tick.step, steps=job.variant.steps, train_seconds=recorder.train_seconds))
        if recorder.all_diverged:
            if not tick.evaluation_due:
                recorder.evaluate(scorer)
            return
        reason = stop()
        if reason or time.perf_counter() - saved > job.checkpoint_seconds:
            recorder.checkpoint()
            saved = time.perf_counter()
        if reason:
            raise Stopped(reason)
        if job.time_limit is not None and recorder.train_seconds > job.time_limit and tick.step < job.variant.steps:
            raise TimeLimit(
                f"stopped at step {tick.step}: {recorder.train_seconds:.1f} s of training, limit {job.time_limit:g} s"
            )


def _reason(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
    return (kind + (text[0] if text else "no message"))[:500]
