"""What a group shows while it trains: scored, recorded seed by seed, checkpointed, and made into results."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ablations.catalog.metric_facts import Tier
from ablations.catalog.quantities import CURVES
from ablations.data import Dataset
from ablations.execution.checkpoint import Checkpoint, load_checkpoint, pack, save_checkpoint
from ablations.execution.environment import environment
from ablations.execution.job import GroupJob
from ablations.scoring.extractors.classifier import Classifier
from ablations.scoring.metrics.repeats import SETS, parts_of, repeats
from ablations.scoring.metrics.values import Samples
from ablations.scoring.suite import noise_floor, primary_metric, reference_of, sample_count, score
from ablations.store.result import Evaluation, Result, Status
from ablations.training.loop import Tick
from ablations.training.seed_group import SeedGroup, asked_labels

GRID_IMAGES = 40
"""Samples kept of each evaluation; of a conditional G, four rows of the ten classes."""


class Scorer:
    """Scores one seed of a group: everything that is measured of it in eval mode."""

    def __init__(self, dataset: Dataset, classifier: Classifier) -> None:
        self._dataset = dataset
        self._classifier = classifier
        self._reference = reference_of(dataset, classifier)
        self._parts = parts_of(self._reference.test)
        self._count = sample_count(dataset)
        self.noise_floor = noise_floor(dataset, classifier)[primary_metric(dataset)]
        """The primary metric of real training images against the test images."""

    def __call__(self, group: SeedGroup, slot: int, tier: Tier = "quick") -> tuple[dict[str, float], NDArray[Any]]:
        """The metrics of a tier, and the first images as uint8 of shape (GRID_IMAGES, 28, 28)."""
        images = group.sample(slot, self._count)
        asked = asked_labels(self._count, images.device)
        seen = self._classifier.features(images)
        labels = asked.cpu().numpy() if group.variant.conditional else None
        scores = score(Samples(seen=seen, asked=labels), self._reference, tier=tier)
        if tier == "full" and self._parts:
            more = (group.sample(slot, self._count, number) for number in range(1, SETS))
            scores |= repeats([seen, *map(self._classifier.features, more)], self._parts)
        test = self._dataset.test_images.to(images.device).float() / 255
        real, fake = group.discriminate(slot, test, self._dataset.test_labels), group.discriminate(slot, images, asked)
        scores["d_real_test"], scores["d_fake_eval"] = float(real.mean()), float(fake.mean())
        scores["d_accuracy"] = float((real > 0.5).float().mean() + (fake <= 0.5).float().mean()) / 2
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

    def evaluate(self, scorer: Scorer, tier: Tier = "quick") -> None:
        """Score every wanted seed at the present step."""
        group = self._trained()
        group.synchronize()
        started = time.perf_counter()
        for slot, finite in enumerate(group.finite()):
            if not finite and not self._diverged[slot]:
                self._diverged[slot] = f"a parameter is not finite at step {self._step}"
        for slot in self._job.wanted:
            scores, images = scorer(group, slot, tier)
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
