"""Searches carried out: workers, storage and MLflow brought together, for one search or for several."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from markupsafe import Markup

from ablations.config import Engine
from ablations.execution.events import Event
from ablations.execution.executors import Executor, ProcessExecutor, SerialExecutor, Stop
from ablations.search.generations import Found, Search, outcomes
from ablations.search.optuna_figures import optuna_figures
from ablations.search.settings import Settings
from ablations.search.trial_storage import HEARTBEAT_SECONDS, Archive, Trial, open_archive, shown
from ablations.store import SearchRecord, Store, TrialRecord
from ablations.training.engine import choose_engine, default_workers


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where searches are carried out and kept. Nothing of it changes a trial but the device."""

    store: Store
    storage: str | None = None
    """A database URL for Optuna; None: a sqlite file in the store's work folder."""
    experiment: str = "search"
    data_folder: Path | None = None
    device: str = "auto"
    workers: int | None = None
    finalists: int = 3
    fresh: bool = False
    drawn: bool = True
    """Draw Optuna's figures of each search."""
    heartbeat: int = HEARTBEAT_SECONDS
    on_event: Callable[[Event], None] = field(default=lambda event: None)
    stop: Stop = field(default=lambda: None)

    @property
    def work(self) -> Path:
        return self.store.folder / "work" if self.store.folder else Path("results/work")

    @property
    def shown(self) -> str:
        """The storage as a command line takes it: from the current folder where it lies below, without a password."""
        return shown(self.url.replace(f"{Path.cwd()}/", "", 1) if self.storage is None else self.url)

    @property
    def url(self) -> str:
        return self.storage or f"sqlite:///{(self.work / 'optuna.db').absolute()}"


@dataclass(frozen=True, kw_only=True)
class Result:
    """A search that has been carried out, with Optuna's figures of it where they are drawn."""

    found: Found
    figures: dict[str, Markup]
    record: SearchRecord


def carry_out(searches: Sequence[Settings], place: Place) -> list[Result]:
    """One search after the other, with the same workers.

    Raises:
        KeyboardInterrupt: it was asked to stop; the same call goes on.
    """
    engine = choose_engine(place.device)
    most = max(settings.parallel for settings in searches)
    with _executor(min(place.workers or default_workers(engine), most), engine) as executor:
        return [_carry_out(settings, place, engine, executor) for settings in searches]


def missing(settings: Settings, place: Place) -> list[str]:
    """The names of the trials and finalists that are still to be trained, as their events will name them."""
    ended: set[int] = set()
    if not place.fresh:
        with open_archive(settings, place.url) as archive:
            ended = {trial.number for trial in archive.ended()}
    trials = [f"{settings.name} trial {number}" for number in range(settings.trials) if number not in ended]
    return trials + [f"{settings.name} finalist {rank + 1}" for rank in range(place.finalists)]


def _carry_out(settings: Settings, place: Place, engine: Engine, executor: Executor) -> Result:
    if place.fresh:
        shutil.rmtree(outcomes(place.work, settings.name), ignore_errors=True)
    with open_archive(settings, place.url, fresh=place.fresh, heartbeat=place.heartbeat) as archive:
        record = search_record(settings, archive, place.experiment)
        search = Search(
            settings=settings,
            archive=archive,
            work=place.work,
            engine=engine,
            executor=executor,
            data_folder=place.data_folder,
            on_event=place.on_event,
            record=lambda trials: _record(place.store, record, trials),
            stop=place.stop,
        )
        found = search.run(finalists=place.finalists)
        figures = optuna_figures(archive.study, found.metric) if place.drawn else {}
        return Result(found=found, figures=figures, record=record)


def _record(store: Store, search: SearchRecord, trials: Sequence[Trial]) -> None:
    store.write_trials(search, [trial_record(trial) for trial in trials])


def search_record(settings: Settings, archive: Archive, experiment: str) -> SearchRecord:
    return SearchRecord(
        experiment=experiment,
        name=settings.name,
        metric="validation_score",
        settings=settings.facts,
        hyperparameters=settings.space.common_keys,
        begun=archive.begun,
    )


def trial_record(trial: Trial) -> TrialRecord:
    outcome = trial.outcome
    return TrialRecord(
        number=trial.number,
        params=trial.values,
        state=outcome.state,
        reason=outcome.reason,
        value=outcome.value,
        curve=[(score.step, score.mean) for score in outcome.scores],
        facts={
            "steps": outcome.steps,
            "charged_steps": outcome.charged_steps,
            "train_seconds": outcome.train_seconds,
            "evaluation_seconds": outcome.evaluation_seconds,
        },
    )


@contextmanager
def _executor(workers: int, engine: Engine) -> Iterator[Executor]:
    if workers == 1:
        yield SerialExecutor()
        return
    gpus = range(default_workers(engine)) if engine.device == "cuda" else ()
    with ProcessExecutor(workers, gpus) as executor:
        yield executor
