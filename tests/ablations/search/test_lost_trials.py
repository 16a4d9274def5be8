"""A trial that was lost in a shared database is made again under another number: of a grid no point is left out."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import optuna
import pytest
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import TrialState

from ablations.catalog.domains import Value
from ablations.catalog.spaces import make_space
from ablations.config import Engine
from ablations.execution.executors import SerialExecutor
from ablations.search.generations import Search
from ablations.search.judge import quiet
from ablations.search.settings import Settings
from ablations.search.trial import Outcome
from ablations.search.trial_storage import RETRIES, TrialStorage
from tests.ablations.search.factories import SETTINGS, SPACE

RATE = "generator_optimizer.learning_rate"
SEARCHED = {"latent.size": "8,16", RATE: "1e-4:1e-2"}


def grid(trials: int) -> Settings:
    """Of 2 x 3 points."""
    settings = SPACE.variant.flat()
    fixed = {key: settings[key] for key in SPACE.keys if key not in SEARCHED}
    space = make_space(SPACE.variant, fixed=fixed, narrowed=SEARCHED)
    return dataclasses.replace(SETTINGS, space=space, sampler="grid", pruner="none", trials=trials)


@contextmanager
def shared(folder: Path) -> Iterator[TrialStorage]:
    """A search in a database as many machines reach it."""
    with quiet():
        storage = RDBStorage(f"sqlite:///{folder}/optuna.db", heartbeat_interval=60)
        study = optuna.create_study(study_name="small", storage=storage)
    yield TrialStorage(storage, study, shared=True)
    storage.remove_session()
    storage.engine.dispose()


def lose(storage: TrialStorage, number: int) -> None:
    """As Optuna does it where a trial's signs of life have stopped."""
    trial = storage.study.trials[number]
    storage._storage.set_trial_state_values(trial._trial_id, state=TrialState.FAIL)
    with quiet():
        RetryHeartbeatStaleTrialCallback(max_retry=RETRIES)(storage.study, storage.study.trials[number])


def walked(storage: TrialStorage, settings: Settings, folder: Path, lost: tuple[int, ...]) -> list[dict[str, Value]]:
    """What is tried by a search whose trials of these numbers are lost once they run; nothing is trained."""
    search = Search(settings=settings, storage=storage, work=folder, engine=Engine(), executor=SerialExecutor())
    while generation := search._generation():
        for trial in generation:
            if trial.number in lost:
                lose(storage, trial.number)
            else:
                storage.tell(trial, Outcome(state="failed"))
    return [trial.values for trial in storage.ended()]


@pytest.mark.parametrize("lost", [(), (0,), (3,), (2, 3), (1, 6)])
def test_every_point_of_a_grid_is_tried_once(lost: tuple[int, ...], tmp_path: Path) -> None:
    settings = grid(trials=50)
    points = settings.space.grid(settings.grid_points)
    assert len(points) == 6
    with shared(tmp_path) as storage:
        found = walked(storage, settings, tmp_path, lost)
    assert sorted(map(str, found)) == sorted(map(str, points))
    assert lost or found == list(points), "in their order"


def test_a_smaller_number_of_trials_tries_the_first_points(tmp_path: Path) -> None:
    settings = grid(trials=4)
    with shared(tmp_path) as storage:
        found = walked(storage, settings, tmp_path, (1,))
    assert sorted(map(str, found)) == sorted(map(str, settings.space.grid(settings.grid_points)[:4]))
