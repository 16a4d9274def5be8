"""Scores of stored runs by today's scorer, from the weights of G that were kept: nothing is trained again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from ablations.catalog.metric_facts import Tier
from ablations.config import Run, own_parts, sha256_of
from ablations.config.errors import ConfigError, DataError, StoreError, UserError
from ablations.config.origin import Origin
from ablations.config.own_use import missing
from ablations.config.run import own_parts_to_draw
from ablations.data import DataShape
from ablations.data.splits import load_split
from ablations.execution.choice import (
    BY_THE_MACHINE,
    ExecutorOptions,
    NodeCheck,
    choose_executor,
    folder_in_reach,
    versions,
)
from ablations.execution.costs import known_costs
from ablations.execution.events import Event, GroupEnded, GroupStarted, Progressed
from ablations.execution.executors.contract import Emit, Stop, stopping
from ablations.scoring.identity import scorer_identity
from ablations.scoring.panel import panel_of
from ablations.scoring.scorer import Scorer, load_scorer, own_sources
from ablations.store import run_folder
from ablations.store.archive import Archive
from ablations.store.leases import Lease
from ablations.store.result import Result, Status
from ablations.training.engine import check_in_reach, choose_engine, default_workers, set_up
from ablations.training.generator import StoredGenerator
from ablations.training.step_inputs import asked_labels

RUNS_IN_A_JOB = 5


@dataclass(frozen=True, kw_only=True)
class RescoreJob:
    """Some runs of one variant, to be scored anew; it implements the executors' contract."""

    name: str
    variant: str
    archive: str | Path
    keys: tuple[str, ...]
    seeds: tuple[int, ...]
    scorer: str
    """Who is to score them."""
    estimate_seconds: float
    data_folder: Path | None = None
    parts: tuple[Origin, ...] = field(default_factory=own_parts.loaded)
    """See `job.GroupJob`."""
    target: Path | None = None
    """The archive whose runs get the scores, where it is another than that which has the weights."""

    @property
    def _identity(self) -> str:
        return sha256_of([self.scorer, *self.keys])[:20]

    def lease(self) -> Lease | None:
        return Archive.reopened(self.archive).lease(f"rescore-{self._identity}")

    def settled(self) -> GroupEnded | None:
        folders = [Archive.reopened(self.archive).folder(key) for key in self.keys]
        if not all(self.scorer in run_folder.scorers_of(folder) for folder in folders):
            return None
        return self._ended(dict.fromkeys(self.seeds, "finished"), {})

    def pack(self, outbound: Path) -> None:
        for key in self.keys:
            run_folder.copy(Archive.reopened(self.archive).folder(key), Archive(outbound).folder(key))

    def moved(self, outbound: Path, inbound: Path) -> RescoreJob:
        parts = own_parts.sent(self.parts)
        there = folder_in_reach(self.data_folder)
        return replace(self, archive=outbound, target=inbound, data_folder=there, parts=parts)

    def unpack(self, inbound: Path) -> None:
        for key in self.keys:
            if scores := run_folder.read_scores(Archive(inbound).folder(key), self.scorer):
                Archive.reopened(self.archive).add_scores(key, self.scorer, scores["steps"], scores["noise_floor"])

    def run(self, emit: Emit, stop: Stop) -> None:
        """Score each run that is not scored yet; each is left whole or not at all."""
        started = time.perf_counter()
        own_parts.ensure(self.parts)
        archive = Archive.reopened(self.archive)
        statuses: dict[int, Status] = dict.fromkeys(self.seeds, "interrupted")
        reasons: dict[int, str] = {}
        emit(GroupStarted(group=self.name, variant=self.variant, seeds=self.seeds, step=0, steps=len(self.keys)))
        for index, (key, seed) in enumerate(zip(self.keys, self.seeds, strict=True)):
            if stop():
                break
            try:
                rescore_run(archive, key, self.data_folder, Archive.reopened(self.target or self.archive))
                statuses[seed] = "finished"
            except UserError as error:
                statuses[seed], reasons[seed] = "failed", str(error)
            seconds = time.perf_counter() - started
            emit(Progressed(group=self.name, step=index + 1, train_seconds=seconds))
        emit(self._ended(statuses, reasons))

    def lost(self, status: Status, reason: str) -> GroupEnded:
        return self._ended(dict.fromkeys(self.seeds, status), dict.fromkeys(self.seeds, reason))

    def _ended(self, statuses: dict[int, Status], reasons: dict[int, str]) -> GroupEnded:
        return GroupEnded(group=self.name, variant=self.variant, statuses=statuses, reasons=reasons)


def scorer_of(archive: Archive, study: str, data_folder: Path | None = None) -> str:
    """Who would score the runs of a study today: that is told by the data of those that are stored."""
    stored = archive.done({member.key: () for member in archive.members(study)})
    if not stored:
        return scorer_identity()
    return scorer_identity(panel_of(archive.get(min(stored), weights=False).run.dataset, data_folder))


def rescore_jobs(archive: Archive, study: str, scorer: str, data_folder: Path | None = None) -> list[RescoreJob]:
    """The runs of a study that `scorer` has not scored, a few of one variant a job, the longest first.

    Raises:
        ConfigError: a run cannot be drawn again without a part of the user's own.
        StoreError: a run of which not all the weights were kept cannot be scored anew.
    """
    unscored: dict[str, list[tuple[str, int, float]]] = {}
    members = archive.members(study)
    stored = archive.done({member.key: () for member in members})
    for member in members:
        if member.key not in stored:
            continue
        folder = archive.folder(member.key)
        if scorer in run_folder.scorers_of(folder):
            continue
        head = run_folder.read_head(folder)
        if reason := missing(own_parts_to_draw(head["run"])):
            raise ConfigError(f"the run {member.key} cannot be scored anew: {reason}")
        if not head["snapshots"]:
            raise StoreError(f"the run {member.key} kept no weights of G, so it cannot be scored anew; train it again")
        unscored.setdefault(member.variant, []).append((member.key, member.seed, _seconds(head)))
    jobs = []
    for variant, runs in unscored.items():
        for first in range(0, len(runs), RUNS_IN_A_JOB):
            part = runs[first : first + RUNS_IN_A_JOB]
            jobs.append(
                RescoreJob(
                    name=f"{variant} {part[0][1]}-{part[-1][1]}",
                    variant=variant,
                    archive=archive.location,
                    keys=tuple(key for key, _, _ in part),
                    seeds=tuple(seed for _, seed, _ in part),
                    scorer=scorer,
                    estimate_seconds=sum(seconds for _, _, seconds in part),
                    data_folder=data_folder,
                )
            )
    return sorted(jobs, key=lambda job: -job.estimate_seconds)


def _seconds(head: Mapping[str, Any]) -> float:
    """About how long it takes to score all kept steps of a run, the last one in full."""
    run = Run.from_dict(head["run"])
    costs = known_costs(run.engine)
    before = (len(head["snapshots"]) - 1) * costs.evaluation(run.dataset, "quick")
    return before + costs.evaluation(run.dataset, "full")


def carry_out_rescoring(
    archive: Archive,
    study: str,
    jobs: Sequence[RescoreJob],
    on_event: Callable[[Event], None],
    workers: int | None = None,
    isa: str | None = None,
    options: ExecutorOptions = BY_THE_MACHINE,
    data_folder: Path | None = None,
) -> dict[str, str]:
    """Do the jobs; where all runs could be scored, the study's record then names the scorer of today.

    Returns what could not be scored, and why.

    Raises:
        KeyboardInterrupt: stopped by SIGINT or SIGTERM; what has been scored is kept.
    """
    failures: dict[str, str] = {}

    def heard(event: Event) -> None:
        on_event(event)
        if isinstance(event, GroupEnded):
            failures.update({f"{event.variant} seed {seed}": reason for seed, reason in event.reasons.items()})

    engine = choose_engine("cpu", isa=isa)
    name = options.chosen(workers)
    most = 1 if name == "serial" or own_parts.only_here() else workers or default_workers(engine)
    count = max(1, min(most, len(jobs))) if name != "ray" else workers
    with stopping() as stop:
        requirement = NodeCheck(engine=engine, versions=versions())
        choose_executor(options, engine, count, requirement).run(jobs, heard, stop)
        if reason := stop():
            raise KeyboardInterrupt(reason)
    if not failures:
        archive.write_study(archive.study(study), archive.members(study), scorer=scorer_of(archive, study, data_folder))
    return failures


def rescore_run(archive: Archive, key: str, data_folder: Path | None = None, target: Archive | None = None) -> None:
    """Score a stored run at every step of which G's weights were kept; the last with all metrics.

    Raises:
        DataError: its files or the dataset are not what they must be.
    """
    result = archive.get(key)
    run = result.run
    dataset, digest = load_split(run.dataset, run.split, data_folder)
    if digest != run.data_digest:
        raise DataError(f"the run {key} was trained on other data than {dataset.name!r} here; get the same data")
    check_in_reach(run.engine)
    set_up(run.engine)
    scorer = load_scorer(run.dataset, run.split, data_folder, run.engine.device, own_sources())
    steps = {step: score_snapshot(result, step, dataset.shape, scorer) for step in sorted(result.snapshots)}
    (target or archive).add_scores(key, scorer.identity, steps, scorer.noise_floor)


def score_snapshot(result: Result, step: int, shape: DataShape, scorer: Scorer) -> dict[str, float]:
    """What the scorer says of a run's G as it was at a step: the same numbers as when it was trained."""
    run = result.run
    generator = StoredGenerator(run.variant, shape, run.seed, result.snapshots[step], run.engine.device)
    labels = asked_labels(scorer.count, shape.classes, torch.device("cpu"))
    asked = labels.numpy() if labels is not None and run.variant.conditional else None
    tier: Tier = "full" if step == run.variant.steps else "quick"
    return scorer(lambda number: generator.sample(scorer.count, number), asked, tier)
