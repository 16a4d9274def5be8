"""A search from its settings to its trials, generation by generation.

A generation of `parallel` trials is asked for before any of them is known, trained by however many workers, and told in
the order of the trials. So the trials do not depend on how many workers there are, nor on which of them is faster.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from optuna.trial import FrozenTrial, TrialState

from ablations.config import Engine, Variant
from ablations.config.errors import ConfigError
from ablations.config.own_use import sources_for
from ablations.data.splits import load_split
from ablations.execution.events import Event
from ablations.execution.executors import Executor, Stop
from ablations.execution.job import GroupJob
from ablations.execution.stacks import Conditions
from ablations.scoring.suite import primary_metric
from ablations.search.charges import counted
from ablations.search.judge import Judge
from ablations.search.protocol import SPLIT, selection_seeds, tuning_seeds
from ablations.search.sampling import points_left, propose
from ablations.search.settings import Settings
from ablations.search.trial import Outcome, outcome_of, trial_folder
from ablations.search.trial_storage import Trial, TrialStorage
from ablations.training.seed_group import check_fits

Record = Callable[[Sequence[Trial]], None]


@dataclass(frozen=True, kw_only=True)
class Finalist:
    """One of the best trials, trained again on the selection seeds."""

    trial: Trial
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a search has come to."""

    settings: Settings
    metric: str
    trials: tuple[Trial, ...]
    """Those within the budget: the stored search may have more."""
    beyond: int = 0
    """How many more."""
    finalists: tuple[Finalist, ...] = ()
    """The winner first; those that have no score are left out."""
    seconds: float = 0.0
    """Of this command; a search taken up again had others before."""
    bookkeeping_seconds: float = 0.0
    """Of them, what asking, telling and recording took."""

    @property
    def best(self) -> Trial | None:
        """The winner on the selection seeds; where there was no selection, the best on the tuning seeds."""
        if self.finalists:
            return self.finalists[0].trial
        return min(finished(self.trials), key=_value, default=None)

    @property
    def counts(self) -> str:
        """How many trials ended how, such as "2 failed, 6 finished"."""
        states = [trial.outcome.state for trial in self.trials]
        return ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(sorted(states)))

    @property
    def tuned(self) -> Variant | None:
        best = self.best
        if best is None:
            return None
        return self.settings.space.settle(best.values, f"{self.settings.space.variant.name} tuned")

    @property
    def charged_steps(self) -> int:
        """Seed-steps of all trials, by the rules of `trial`."""
        return self.settings.seeds * sum(trial.outcome.charged_steps for trial in self.trials)

    @property
    def full_steps(self) -> int:
        """What they would have been without pruning."""
        return self.settings.seeds * self.settings.steps * len(self.trials)


def trials_folder(work: Path, name: str) -> Path:
    """Where the trials of a search have their archives."""
    return work / "searches" / name


def finished(trials: Sequence[Trial]) -> list[Trial]:
    return [trial for trial in trials if trial.outcome.value is not None]


def _value(trial: Trial) -> tuple[float, int]:
    value = trial.outcome.value
    return (math.inf if value is None else value, trial.number)


@dataclass
class Search:
    """One search at work. It may be stopped or killed at any moment and begun again."""

    settings: Settings
    storage: TrialStorage
    work: Path
    """Checkpoints and outcomes."""
    engine: Engine
    executor: Executor
    data_folder: Path | None = None
    on_event: Callable[[Event], None] = lambda event: None
    record: Record = lambda trials: None
    """Is given trials that have ended, once or more often."""
    stop: Stop = lambda: None
    metric: str = field(init=False)
    bookkeeping_seconds: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        dataset, digest = load_split(self.settings.dataset, SPLIT, self.data_folder)
        check_fits(self.settings.space.variant, dataset)
        self.metric = primary_metric(dataset)
        self._conditions = Conditions(
            dataset=self.settings.dataset, split=SPLIT, data_digest=digest, engine=self.engine
        )

    def run(self, *, finalists: int = 3) -> Found:
        """Make the trials that are missing, then train the best ones again on the selection seeds.

        Raises:
            KeyboardInterrupt: it was asked to stop; what has ended is kept.
        """
        started = time.perf_counter()
        with self._booked():
            self.record(self.storage.ended())
        while (generation := self._generation()) or self._others():
            self._train(generation)
        ended = self.storage.ended()
        trials = counted(ended, self.settings)
        return Found(
            settings=self.settings,
            metric=self.metric,
            trials=trials,
            beyond=len(ended) - len(trials),
            finalists=self._select(trials, finalists),
            seconds=time.perf_counter() - started,
            bookkeeping_seconds=self.bookkeeping_seconds,
        )

    def _generation(self) -> list[FrozenTrial]:
        """The trials to train now: those left running or lost, and new ones up to a whole generation."""
        with self._booked():
            settings, storage = self.settings, self.storage
            known = storage.known()
            mine = storage.claim() if storage.shared else self._left(known)
            first = min((trial.user_attrs["generation"] for trial in mine), default=max(known, default=-1) + 1)
            for point in points_left(settings, known.values()):
                if len(mine) >= settings.parallel or len(known) >= settings.trials or self._spent():
                    break
                if not storage.shared and max(known, default=-1) + 1 >= first + settings.parallel:
                    break  # this generation was asked for in full, and part of it told, before a kill
                number = max(known, default=-1) + 1
                before = {n: trial for n, trial in known.items() if n < first or trial.state == TrialState.RUNNING}
                trial = storage.add(propose(settings, before, number, point), first)
                known[trial.number] = trial
                mine.append(trial)
            self._known = {n: t for n, t in known.items() if n < first and t.state.is_finished()}
            return sorted(mine, key=lambda trial: trial.number)

    def _left(self, known: Mapping[int, FrozenTrial]) -> list[FrozenTrial]:
        """The trials that a killed command left running; those beyond the trials asked for now may wait."""
        running = (trial for trial in known.values() if trial.state == TrialState.RUNNING)
        return [trial for trial in running if trial.number < self.settings.trials]

    def _others(self) -> bool:
        """Are trials running elsewhere, which may yet be lost? If so, return after a while."""
        if not self.storage.shared or all(trial.state.is_finished() for trial in self.storage.known().values()):
            return False
        until = time.monotonic() + self.storage.patience
        while time.monotonic() < until:
            time.sleep(0.1)
            if reason := self.stop():
                raise KeyboardInterrupt(reason)
        return True

    def _spent(self) -> bool:
        """Has the search used up its seconds, in this life and earlier ones?"""
        limit = self.settings.seconds
        return limit is not None and sum(trial.outcome.seconds for trial in self.storage.ended()) >= limit

    def _train(self, generation: Sequence[FrozenTrial]) -> None:
        jobs = {trial.number: self._job(trial) for trial in generation}
        with self.storage.beating(generation):
            self._do([job for job in jobs.values() if isinstance(job, GroupJob)])
        with self._booked():
            for trial in generation:
                self.storage.tell(trial, self._outcome_of(jobs[trial.number]))
            numbers = {trial.number for trial in generation}
            self.record([trial for trial in self.storage.ended() if trial.number in numbers])

    def _do(self, jobs: Sequence[GroupJob]) -> None:
        self.executor.run([job for job in jobs if outcome_of(job, self.metric) is None], self.on_event, self.stop)
        if reason := self.stop():
            raise KeyboardInterrupt(reason)

    def _job(self, trial: FrozenTrial) -> GroupJob | Outcome:
        """The trial's job; its outcome where its settings are impossible together."""
        name = f"{self.settings.name} trial {trial.number}"
        try:
            variant = self.settings.space.settle(trial.params, name)
            check_fits(variant, load_split(self.settings.dataset, SPLIT, self.data_folder)[0])
        except ConfigError as error:
            return Outcome(state="failed", reason=str(error), charged_steps=self.settings.steps)
        judge = Judge(
            pruner=self.settings.pruner,
            steps=self.settings.evaluation_steps,
            number=trial.number,
            params=trial.params,
            distributions=trial.distributions,
            history={} if self.settings.pruner == "none" else self._known,
        )
        seeds = tuning_seeds(self.settings.seeds)
        return self._group(name, variant, seeds, self.settings.evaluation_steps, judge, f"trial-{trial.number:05d}")

    def _select(self, trials: Sequence[Trial], count: int) -> tuple[Finalist, ...]:
        """The best on the tuning seeds are partly the luckiest: let new seeds choose among them."""
        chosen = sorted(finished(trials), key=_value)[:count]
        jobs = []
        for place, trial in enumerate(chosen, start=1):
            name = f"{self.settings.name} finalist {place}"
            variant = self.settings.space.settle(trial.values, name)
            seeds = selection_seeds(self.settings.seeds)
            judge = Judge.lenient(self.settings.steps)
            jobs.append(
                self._group(name, variant, seeds, (self.settings.steps,), judge, f"finalist-{trial.number:05d}")
            )
        self._do(jobs)
        found = [Finalist(trial=t, outcome=self._outcome_of(job)) for t, job in zip(chosen, jobs, strict=True)]
        scored = [item for item in found if item.outcome.value is not None]
        return tuple(sorted(scored, key=lambda item: (item.outcome.value or 0.0, item.trial.number)))

    def _group(
        self, name: str, variant: Variant, seeds: Sequence[int], steps: tuple[int, ...], judge: Judge, place: str
    ) -> GroupJob:
        runs = tuple(
            self._conditions.run(variant=variant, seed=seed, width=len(seeds), slot=slot)
            for slot, seed in enumerate(seeds)
        )
        job = GroupJob(
            name=name,
            study=self.settings.name,
            runs=runs,
            wanted=tuple(range(len(runs))),
            steps=steps,
            archive=self.work,
            checkpoint_root=self.work / "checkpoints",
            data_folder=self.data_folder,
            keep="last",
            judge=judge,
            parts=sources_for(variant, self._conditions.dataset),
        )
        folder = trial_folder(trials_folder(self.work, self.settings.name), place, job.identity, judge)
        return replace(job, archive=folder)

    def _outcome_of(self, job: GroupJob | Outcome) -> Outcome:
        found = job if isinstance(job, Outcome) else outcome_of(job, self.metric)
        return found or Outcome(state="failed", reason="it left no outcome")

    @contextmanager
    def _booked(self) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            self.bookkeeping_seconds += time.perf_counter() - started
