"""What a group shows while it trains: scored, recorded seed by seed, checkpointed, and made into results."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablations.catalog.metric_facts import Tier
from ablations.catalog.quantities import CURVES, GRID_IMAGES
from ablations.data import Dataset
from ablations.execution.checkpoint import Checkpoint, load_checkpoint, pack, save_checkpoint
from ablations.execution.environment import environment
from ablations.execution.job import GroupJob
from ablations.scoring.scorer import Scorer, own_sources
from ablations.store.result import Array, Evaluation, Result, Status
from ablations.training.generator import StoredGenerator
from ablations.training.loop import Tick
from ablations.training.seed_group import SeedGroup
from ablations.training.step_inputs import asked_labels

GRADIENT_SAMPLES = 200
"""Over which the gradients of G's objectives are taken: about as many as the documents' batches have."""


class Recorder:
    """What a group has shown so far, seed by seed; it goes into checkpoints and becomes results."""

    def __init__(self, job: GroupJob) -> None:
        self._job = job
        self._group: SeedGroup | None = None
        self._dataset: Dataset | None = None
        self._scorer: Scorer | None = None
        self._snapshots: list[dict[int, dict[str, Array]]] = [{} for _ in job.runs]
        self._curves: list[NDArray[Any]] = []
        self._evaluations: list[list[Evaluation]] = [[] for _ in job.runs]
        self._samples: list[dict[int, NDArray[Any]]] = [{} for _ in job.runs]
        self._diverged: list[str] = ["" for _ in job.runs]
        self._last_step = [0 for _ in job.runs]
        self._step = 0
        self._evaluation_seconds = 0.0
        self.train_seconds = 0.0
        self.environment: dict[str, str] = {}
        self.notes: Mapping[str, Any] = {}

    def attach(self, group: SeedGroup, dataset: Dataset, scorer: Scorer) -> None:
        """What is trained from now on, on which data, and who scores it."""
        self._group, self._dataset, self._scorer = group, dataset, scorer
        self.environment = environment(self._job.runs[0].engine.device)
        self.environment["training_images"] = str(len(dataset.train_images))
        if own := own_sources():
            self.environment["scored_by_own"] = own

    @property
    def all_diverged(self) -> bool:
        return all(self._diverged)

    @property
    def any_diverged(self) -> bool:
        return any(self._diverged)

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

    def evaluate(self, tier: Tier = "quick") -> None:
        """Score every wanted seed at the present step, and keep what it is scored on: G's weights and a few images."""
        group, dataset, scorer = self._trained(), self._dataset, self._scorer
        assert dataset is not None
        assert scorer is not None
        group.synchronize()
        started = time.perf_counter()
        for slot, finite in enumerate(group.finite()):
            if not finite and not self._diverged[slot]:
                self._diverged[slot] = f"a parameter is not finite at step {self._step}"
        for slot in self._job.wanted:
            scores, images = measure(group, slot, dataset, scorer, tier)
            seconds = self.train_seconds / len(self._job.runs)
            self._evaluations[slot].append(Evaluation(step=self._step, train_seconds=seconds, metrics=scores))
            self._samples[slot][self._step] = images
            self._snapshots[slot][self._step] = group.generator_weights(slot)
            if self._step == self._job.steps[-1]:
                found = looked_back(group, slot, scorer.count, self._evaluations[slot], self._snapshots[slot])
                self._evaluations[slot] = found
        self._evaluation_seconds += time.perf_counter() - started

    def series(self, metric: str) -> list[tuple[int, float]]:
        """Step and mean over the wanted seeds of a metric, for each evaluation; NaN where a seed has none."""
        rows = zip(*(self._evaluations[slot] for slot in self._job.wanted), strict=True)
        return [
            (items[0].step, float(np.mean([item.metrics.get(metric, math.nan) for item in items]))) for items in rows
        ]

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
                scorer=self._scorer.identity if self._scorer else "",
                noise_floor=self._scorer.noise_floor if self._scorer else math.nan,
                samples=self._samples[slot],
                snapshots=self._kept(slot),
                weights=group.weights(slot) if group else {},
                train_seconds=self.train_seconds / len(self._job.runs),
                evaluation_seconds=self._evaluation_seconds / max(1, len(self._job.wanted)),
                environment=self.environment,
                notes=self.notes,
            )
            for slot in self._job.wanted
        ]

    def _kept(self, slot: int) -> Mapping[int, Mapping[str, Array]]:
        """Of G's weights at the scored steps. All are held until the end, when D looks back at them."""
        snapshots = self._snapshots[slot]
        return {step: snapshots[step] for step in sorted(snapshots)[-1:]} if self._job.keep == "last" else snapshots

    def checkpoint(self) -> None:
        arrays = {"record.curves": self._stacked()}
        for slot, samples in enumerate(self._samples):
            arrays |= {f"record.samples.{slot}.{step}": images for step, images in samples.items()}
        for slot, snapshots in enumerate(self._snapshots):
            for step, weights in snapshots.items():
                arrays |= {f"record.snapshots.{slot}.{step}.{name}": values for name, values in weights.items()}
        head = {
            "wanted": list(self._job.wanted),
            "steps": list(self._job.steps),
            "scorer": self._scorer.identity if self._scorer else "",
            "diverged": self._diverged,
            "last_step": self._last_step,
            "evaluations": [[asdict(item) for item in items] for items in self._evaluations],
            "train_seconds": self.train_seconds,
            "evaluation_seconds": self._evaluation_seconds,
        }
        tensors = self._trained().state() | pack(arrays)
        save_checkpoint(
            self._job.checkpoints, self._job.identity, Checkpoint(step=self._step, tensors=tensors, head=head)
        )

    def resume(self) -> None:
        """Go on from the newest good checkpoint that recorded every slot and step wanted now, with the same scorer."""
        refused: list[str] = []
        found = load_checkpoint(self._job.checkpoints, self._job.identity, refused.append)
        if refused:
            self.environment["refused_checkpoints"] = "; ".join(refused)
        if found is None or not self._records_what_is_wanted(found):
            return
        self._trained().load_state(found.tensors, found.step)
        self._curves = [found.tensors["record.curves"].numpy()]
        for name, images in found.tensors.items():
            if name.startswith("record.samples."):
                slot, step = name.removeprefix("record.samples.").split(".")
                self._samples[int(slot)][int(step)] = images.numpy()
            elif name.startswith("record.snapshots."):
                slot, step, key = name.removeprefix("record.snapshots.").split(".", 2)
                self._snapshots[int(slot)].setdefault(int(step), {})[key] = images.numpy()
        self._evaluations = [[Evaluation(**item) for item in items] for items in found.head["evaluations"]]
        self._diverged, self._last_step = found.head["diverged"], found.head["last_step"]
        self._step = found.step
        self.train_seconds, self._evaluation_seconds = found.head["train_seconds"], found.head["evaluation_seconds"]

    def _records_what_is_wanted(self, found: Checkpoint) -> bool:
        head = found.head
        passed = {step for step in self._job.steps if step <= found.step}
        scorer = self._scorer.identity if self._scorer else ""
        return (
            set(self._job.wanted) <= set(head["wanted"]) and passed <= set(head["steps"]) and scorer == head["scorer"]
        )

    def _stacked(self) -> NDArray[Any]:
        if not self._curves:
            return np.empty((0, len(CURVES), len(self._job.runs)), np.float32)
        self._curves = [np.concatenate(self._curves)]
        return self._curves[0]

    def _trained(self) -> SeedGroup:
        if self._group is None:
            raise RuntimeError("the recorder has no group yet")
        return self._group


def measure(
    group: SeedGroup, slot: int, dataset: Dataset, scorer: Scorer, tier: Tier
) -> tuple[dict[str, float], NDArray[Any]]:
    """The metrics of a seed as it stands, and its first images as uint8 (GRID_IMAGES, channels, height, width)."""
    images = group.sample(slot, scorer.count)
    asked = asked_labels(scorer.count, dataset.shape.classes, images.device)

    def draw(number: int) -> Tensor:
        return group.sample(slot, scorer.count, number) if number else images

    labels = asked.cpu().numpy() if asked is not None and group.variant.conditional else None
    scores = scorer(draw, labels, tier)
    test = dataset.test_images.to(images.device).float() / 255
    real, fake = group.discriminate(slot, test, dataset.test_labels), group.discriminate(slot, images, asked)
    scores["d_real_test"], scores["d_fake_eval"] = float(real.mean()), float(fake.mean())
    scores["d_accuracy"] = float((real > 0.5).float().mean() + (fake <= 0.5).float().mean()) / 2
    scores |= group.objective_gradients(slot, GRADIENT_SAMPLES)
    shown = torch.nan_to_num(images[:GRID_IMAGES]).clamp(0, 1).mul(255).round().to(torch.uint8)
    return scores, shown.cpu().numpy()


def looked_back(
    group: SeedGroup,
    slot: int,
    count: int,
    evaluations: Sequence[Evaluation],
    snapshots: Mapping[int, Mapping[str, Array]],
) -> list[Evaluation]:
    """The evaluations of a seed, with what its D as it is now says of G as it was at each of them: `d_last_fake`.

    Where D grew, it gives them less than it did then; where G grew, it gives the later ones more. An evaluation of
    which G's weights were not kept stays as it is. Of the present step it has said so already: `d_fake_eval`.
    """
    classes, found = group.shape.classes, []
    for item in evaluations:
        metrics = dict(item.metrics)
        if item.step == group.step:
            metrics["d_last_fake"] = metrics["d_fake_eval"]
        elif item.step in snapshots:
            drawn = StoredGenerator(
                group.variant, group.shape, group.seeds[slot], snapshots[item.step], str(group.device)
            ).sample(count)
            asked = asked_labels(count, classes, drawn.device)
            metrics["d_last_fake"] = float(group.discriminate(slot, drawn, asked).mean())
        found.append(replace(item, metrics=metrics))
    return found
