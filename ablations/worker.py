"""Trains, scores and records one group; what it finds goes to the spool. It never speaks to the store."""

from __future__ import annotations

import hashlib
import math
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray

from ablations.checkpoint import Checkpoint, discard_checkpoints, load_checkpoint, pack, save_checkpoint
from ablations.config import Run, Variant
from ablations.data import Dataset, load_dataset
from ablations.engine import set_up
from ablations.environment import environment
from ablations.errors import DataError, UserError
from ablations.events import Evaluated, Event, GroupEnded, GroupStarted, Progressed
from ablations.group import SeedGroup, asked_labels
from ablations.metrics.features import Classifier, load_classifier
from ablations.metrics.suite import evaluate, noise_floor, primary_metric, reference_of, sample_count
from ablations.results import CURVES, Evaluation, Result, Status
from ablations.spool import Spool
from ablations.trainer import Tick, evaluation_steps, train

GRID_IMAGES = 40
"""Samples kept of each evaluation; of a conditional G, four rows of the ten classes."""
CHECKPOINT_SECONDS = 30.0
"""How often a group in training is checkpointed, unless asked otherwise."""

Emit = Callable[[Event], None]


class Stopped(Exception):
    """The run was asked to stop; its message is the reason."""


@dataclass(frozen=True, kw_only=True)
class GroupJob:
    """One stack of seeds to train. It can be sent to another process or machine."""

    name: str
    study: str
    runs: tuple[Run, ...]
    """One for each slot, in order."""
    wanted: tuple[int, ...]
    """The slots whose results are to be recorded; the others are stored already, and train along as they did before."""
    data_folder: Path | None
    work: Path
    """Holds `spool` and `checkpoints`."""
    time_limit: float | None = None
    """Training seconds of the group after which it is given up."""
    fresh: bool = False
    """Start from step 0 although there is a checkpoint."""
    checkpoint_seconds: float = CHECKPOINT_SECONDS

    @property
    def variant(self) -> Variant:
        return self.runs[0].variant

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(run.seed for run in self.runs)

    @property
    def identity(self) -> str:
        """Of the whole stack: a checkpoint of another identity is not used."""
        return hashlib.sha256("/".join(run.key for run in self.runs).encode()).hexdigest()[:20]

    @property
    def checkpoints(self) -> Path:
        return self.work / "checkpoints" / self.identity


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
            recorder.evaluate(scorer)
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


class Scorer:
    """Scores one seed of a group: everything that is measured of it in eval mode."""

    def __init__(self, dataset: Dataset, classifier: Classifier) -> None:
        self._dataset = dataset
        self._classifier = classifier
        self._reference = reference_of(dataset, classifier)
        self._count = sample_count(dataset)
        self.noise_floor = noise_floor(dataset, classifier)[primary_metric(dataset)]
        """The primary metric of real training images against the test images."""

    def __call__(self, group: SeedGroup, slot: int) -> tuple[dict[str, float], NDArray[Any]]:
        """The metrics, and the first images as uint8 of shape (GRID_IMAGES, 28, 28)."""
        images = group.sample(slot, self._count)
        asked = asked_labels(self._count, images.device)
        conditional = group.variant.conditional
        scores = evaluate(images, self._classifier, self._reference, asked if conditional else None)
        test = self._dataset.test_images.to(images.device).float() / 255
        scores["d_real_test"] = float(group.discriminate(slot, test, self._dataset.test_labels).mean())
        scores["d_fake_eval"] = float(group.discriminate(slot, images, asked).mean())
        shown = torch.nan_to_num(images[:GRID_IMAGES]).clamp(0, 1).mul(255).round().to(torch.uint8)
        return scores, shown.cpu().numpy()


class Recorder:
    """What a group has shown so far, seed by seed; it goes into checkpoints and becomes results."""

    def __init__(self, job: GroupJob) -> None:
        self._job = job
        self._group: SeedGroup | None = None
        self._curves: list[NDArray[Any]] = []
        self._evaluations: list[list[Evaluation]] = [[] for _ in job.runs]
        self._samples: list[dict[int, NDArray[Any]]] = [{} for _ in job.runs]
        self._diverged: list[str] = ["" for _ in job.runs]
        self._last_step = [0 for _ in job.runs]
        self._step = 0
        self._evaluation_seconds = 0.0
        self.train_seconds = 0.0
        self.environment: dict[str, str] = {}

    def attach(self, group: SeedGroup) -> None:
        self._group = group
        self.environment = environment(self._job.runs[0].engine.device)

    @property
    def all_diverged(self) -> bool:
        return all(self._diverged)

    def add(self, tick: Tick) -> None:
        """Take in the curves of a tick; a seed with a non-finite value diverged at that step."""
        self._curves.append(tick.curves)
        self.train_seconds += tick.train_seconds
        bad = ~np.isfinite(tick.curves).all(1)
        for slot in range(len(self._job.runs)):
            if self._diverged[slot]:
                continue
            self._last_step[slot] = tick.step
            if bad[:, slot].any():
                first = int(bad[:, slot].argmax())
                self._last_step[slot] = self._step + first + 1
                name = CURVES[int(np.argmin(np.isfinite(tick.curves[first, :, slot])))]
                self._diverged[slot] = (
                    f"{name} is {tick.curves[first, CURVES.index(name), slot]} at step {self._last_step[slot]}"
                )
        self._step = tick.step

    def evaluate(self, scorer: Scorer) -> None:
        """Score every wanted seed at the present step."""
        group = self._trained()
        group.synchronize()
        started = time.perf_counter()
        for slot, finite in enumerate(group.finite()):
            if not finite and not self._diverged[slot]:
                self._diverged[slot] = f"a parameter is not finite at step {self._step}"
        for slot in self._job.wanted:
            scores, images = scorer(group, slot)
            seconds = self.train_seconds / len(self._job.runs)
            self._evaluations[slot].append(Evaluation(step=self._step, train_seconds=seconds, metrics=scores))
            self._samples[slot][self._step] = images
        self._evaluation_seconds += time.perf_counter() - started

    def mean_scores(self) -> dict[str, float]:
        """Means over the wanted seeds of their newest scores, finite ones only."""
        newest = [self._evaluations[slot][-1].metrics for slot in self._job.wanted]
        names = newest[0] if newest else {}
        finite = {name: [m[name] for m in newest if math.isfinite(m[name])] for name in names}
        return {name: float(np.mean(values)) for name, values in finite.items() if values}

    def results(self, outcome: Status, reason: str) -> list[Result]:
        """A result for each wanted slot. A seed that diverged says so, whatever became of its group."""
        curves = self._stacked()
        group = self._group
        return [
            Result(
                study=self._job.study,
                run=self._job.runs[slot],
                status="diverged" if self._diverged[slot] else outcome,
                reason=self._diverged[slot] or reason,
                last_step=self._last_step[slot],
                curves={n: curves[: self._last_step[slot], i, slot].copy() for i, n in enumerate(CURVES)},
                evaluations=tuple(self._evaluations[slot]),
                samples=self._samples[slot],
                weights=group.weights(slot) if group else {},
                train_seconds=self.train_seconds / len(self._job.runs),
                evaluation_seconds=self._evaluation_seconds / max(1, len(self._job.wanted)),
                environment=self.environment,
            )
            for slot in self._job.wanted
        ]

    def checkpoint(self) -> None:
        arrays = {"record.curves": self._stacked()}
        for slot, samples in enumerate(self._samples):
            arrays |= {f"record.samples.{slot}.{step}": images for step, images in samples.items()}
        head = {
            "wanted": list(self._job.wanted),
            "diverged": self._diverged,
            "last_step": self._last_step,
            "evaluations": [[_plain(item) for item in items] for items in self._evaluations],
            "train_seconds": self.train_seconds,
            "evaluation_seconds": self._evaluation_seconds,
        }
        tensors = self._trained().state() | pack(arrays)
        save_checkpoint(
            self._job.checkpoints, self._job.identity, Checkpoint(step=self._step, tensors=tensors, head=head)
        )

    def resume(self) -> None:
        """Go on from the newest good checkpoint that recorded every slot wanted now."""
        refused: list[str] = []
        found = load_checkpoint(self._job.checkpoints, self._job.identity, refused.append)
        if refused:
            self.environment["refused_checkpoints"] = "; ".join(refused)
        if found is None or not set(self._job.wanted) <= set(found.head["wanted"]):
            return
        self._trained().load_state(found.tensors, found.step)
        self._curves = [found.tensors["record.curves"].numpy()]
        for name, images in found.tensors.items():
            if name.startswith("record.samples."):
                slot, step = name.removeprefix("record.samples.").split(".")
                self._samples[int(slot)][int(step)] = images.numpy()
        self._evaluations = [[Evaluation(**item) for item in items] for items in found.head["evaluations"]]
        self._diverged, self._last_step = found.head["diverged"], found.head["last_step"]
        self._step = found.step
        self.train_seconds, self._evaluation_seconds = found.head["train_seconds"], found.head["evaluation_seconds"]

    def _stacked(self) -> NDArray[Any]:
        if not self._curves:
            return np.empty((0, len(CURVES), len(self._job.runs)), np.float32)
        self._curves = [np.concatenate(self._curves)]
        return self._curves[0]

    def _trained(self) -> SeedGroup:
        if self._group is None:
            raise RuntimeError("the recorder has no group yet")
        return self._group


def _plain(item: Evaluation) -> Mapping[str, Any]:
    return {"step": item.step, "train_seconds": item.train_seconds, "metrics": dict(item.metrics)}


def _reason(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    kind = "" if isinstance(error, UserError) else f"{type(error).__name__}: "
    return (kind + (text[0] if text else "no message"))[:500]
