"""Searches carried out: workers, storage and MLflow brought together, for one search or for several."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from markupsafe import Markup

from ablations.config import Engine
from ablations.config.errors import StoreError
from ablations.config.secrets import without_secret
from ablations.execution.choice import BY_THE_MACHINE, ExecutorOptions, NodeCheck, choose_executor, versions
from ablations.execution.events import Event
from ablations.execution.executors import Executor, Stop
from ablations.execution.plan_facts import data_facts, scorer_of
from ablations.search.generations import Found, Search, trials_folder
from ablations.search.optuna_figures import optuna_figures
from ablations.search.settings import Settings
from ablations.search.trial_storage import HEARTBEAT_SECONDS, Trial, TrialStorage, open_storage
from ablations.store.archive import Archive
from ablations.store.search_record import SearchRecord, TrialRecord
from ablations.training.engine import default_workers


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where searches are carried out and kept. Nothing of it changes a trial but the device."""

    archive: Archive
    storage: str | None = None
    """A database URL for Optuna; None: a sqlite file in the store's work folder."""
    experiment: str = "search"
    data_folder: Path | None = None
    device: str = "auto"
    isa: str | None = None
    workers: int | None = None
    executor: ExecutorOptions = BY_THE_MACHINE
    finalists: int = 3
    fresh: bool = False
    drawn: bool = True
    """Draw Optuna's figures of each search."""
    heartbeat: int = HEARTBEAT_SECONDS
    on_event: Callable[[Event], None] = field(default=lambda event: None)
    stop: Stop = field(default=lambda: None)

    @property
    def work(self) -> Path:
        return self.archive.work

    @property
    def shown(self) -> str:
        """The storage as a command line takes it: from the current folder where it lies below, without a password."""
        return without_secret(self.url.replace(f"{Path.cwd()}/", "", 1) if self.storage is None else self.url)

    @property
    def url(self) -> str:
        return self.storage or f"sqlite:///{(self.work / 'optuna.db').absolute()}"


@dataclass(frozen=True, kw_only=True)
class Result:
    """A search that has been carried out, with Optuna's figures of it where they are drawn."""

    found: Found
    trials: tuple[Trial, ...]
    """All that are stored, also beyond the budget."""
    figures: dict[str, Markup]
    record: SearchRecord


def carry_out(searches: Sequence[Settings], place: Place) -> list[Result]:
    """One search after the other, with the same workers.

    Raises:
        KeyboardInterrupt: it was asked to stop; the same call goes on.
    """
    engine = place.executor.engine(place.device, isa=place.isa)
    most = max(settings.parallel for settings in searches)
    name = place.executor.chosen(place.workers)
    own = 1 if name == "serial" else place.workers or default_workers(engine)
    workers = place.workers if name == "ray" else min(own, most)
    place.work.mkdir(parents=True, exist_ok=True)
    with choose_executor(place.executor, engine, workers, NodeCheck(engine=engine, versions=versions())) as executor:
        return [_carry_out(settings, place, engine, executor) for settings in searches]


def missing(settings: Settings, place: Place) -> list[str]:
    """The names of the trials and finalists that are still to be trained, as their events will name them."""
    ended: set[int] = set()
    if not place.fresh:
        with open_storage(settings, place.url, under=conditions(settings, place)) as storage:
            ended = {trial.number for trial in storage.ended()}
        _check_not_emptied(settings, place, bool(ended))
    trials = [f"{settings.name} trial {number}" for number in range(settings.trials) if number not in ended]
    return trials + [f"{settings.name} finalist {rank + 1}" for rank in range(place.finalists)]


def conditions(settings: Settings, place: Place) -> dict[str, str]:
    """By what trials are scored, and on what: those of others cannot be held against each other."""
    return {
        "scorer": scorer_of(settings.dataset, place.data_folder),
        "data": data_facts(settings.dataset, place.data_folder).digest,
    }


def _check_not_emptied(settings: Settings, place: Place, there: bool) -> None:
    """Raise `StoreError` where the database beside the archive has no trial of a search that the archive knows."""
    if there or place.storage is not None:
        return
    kept = next((tree for tree in place.archive.searches() if tree["search"]["name"] == settings.name), None)
    if kept is not None and kept["trials"]:
        raise StoreError(
            f"{without_secret(place.url)} has no trial of the search {settings.name!r}, of which the archive keeps "
            f"{len(kept['trials'])}: the database was emptied or moved; put it back, or begin again with --fresh"
        )


def _carry_out(settings: Settings, place: Place, engine: Engine, executor: Executor) -> Result:
    if place.fresh:
        shutil.rmtree(trials_folder(place.work, settings.name), ignore_errors=True)
    under = conditions(settings, place)
    with open_storage(settings, place.url, fresh=place.fresh, heartbeat=place.heartbeat, under=under) as storage:
        record = search_record(settings, storage, place.experiment)
        search = Search(
            settings=settings,
            storage=storage,
            work=place.work,
            engine=engine,
            executor=executor,
            data_folder=place.data_folder,
            on_event=place.on_event,
            record=lambda trials: write_search(place.archive, record, storage.ended()),
            stop=place.stop,
        )
        found = search.run(finalists=place.finalists)
        figures = optuna_figures(storage.study, found.metric) if place.drawn else {}
        return Result(found=found, trials=storage.ended(), figures=figures, record=record)


def write_search(
    archive: Archive,
    search: SearchRecord,
    trials: Sequence[Trial],
    *,
    best: Trial | None = None,
    page: str | None = None,
) -> None:
    """Keep a search as it stands; `page` is its report, where it has ended."""
    tree = {
        "search": asdict(search),
        "trials": [asdict(trial_record(trial)) for trial in trials],
        "best": None if best is None else best.number,
        "report": page,
    }
    archive.write_search(search.name, json.loads(json.dumps(tree, default=str)))


def search_record(settings: Settings, storage: TrialStorage, experiment: str) -> SearchRecord:
    return SearchRecord(
        experiment=experiment,
        name=settings.name,
        metric="validation_score",
        settings=settings.facts,
        hyperparameters=settings.space.common_keys,
        begun=storage.begun,
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
