"""The trials of a search, in Optuna's storage: asked, told, found again.

A sqlite file is one search command's own while its lock is held: what runs in it was left by one that was killed, and
is gone on with. A database that many machines reach has heartbeats instead: a trial whose heartbeat stopped has failed
and waits to be run again, by whoever comes first.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy.exc
from filelock import FileLock, Timeout
from optuna.storages import RDBStorage, RetryHeartbeatStaleTrialCallback
from optuna.trial import FrozenTrial, TrialState

from ablations.catalog.domains import Value
from ablations.config.errors import ConfigError, StoreError
from ablations.config.secrets import without_secret
from ablations.search.judge import directions, quiet
from ablations.search.settings import Settings
from ablations.search.trial import Outcome, Score

HEARTBEAT_SECONDS = 30
"""Between heartbeats; a trial is lost after three times as long."""
RETRIES = 3
NOTHING: Mapping[str, str] = {}
_STATES = {"finished": TrialState.COMPLETE, "pruned": TrialState.PRUNED}
_SQLITE = "sqlite:///"
_LOST = (sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.StorageInternalError)
"""What a storage raises that cannot be reached."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One trial that has ended."""

    number: int
    values: dict[str, Value]
    """Of the hyperparameters."""
    outcome: Outcome

    @property
    def row(self) -> dict[str, Any]:
        """What does not depend on the machine's speed: equal in two searches that are the same."""
        return {
            "number": self.number,
            "state": self.outcome.state,
            "value": self.outcome.value,
            **self.values,
            "scores": {str(score.step): score.mean for score in self.outcome.scores},
            "steps": self.outcome.steps,
            "charged_steps": self.outcome.charged_steps,
            "reason": self.outcome.reason,
        }


class TrialStorage:
    """One search in a storage; open it with `open_storage`."""

    def __init__(self, storage: RDBStorage, study: optuna.Study, *, shared: bool) -> None:
        self._storage = storage
        self._number_of_study = storage.get_study_id_from_name(study.study_name)
        self.study = study
        self.shared = shared

    @property
    def begun(self) -> str:
        """When the search was first begun: it tells it from an earlier one with the same settings."""
        return str(self.study.user_attrs["begun"])

    def known(self) -> dict[int, FrozenTrial]:
        """All trials by number, but those that were lost and made again."""
        trials = {trial.number: trial for trial in self.study.get_trials(deepcopy=False)}
        again = {number for trial in trials.values() for number in trial.system_attrs.get("retry_history", ())}
        return {number: trial for number, trial in trials.items() if number not in again}

    def ended(self) -> tuple[Trial, ...]:
        """The trials that have ended, in their order."""
        known = self.known().values()
        return tuple(
            Trial(number=trial.number, values=dict(trial.params), outcome=_outcome(trial))
            for trial in known
            if trial.state.is_finished()
        )

    def add(self, template: FrozenTrial, generation: int) -> FrozenTrial:
        """Begin a trial: it and all that it tries are written at once."""
        template.user_attrs = {"generation": generation}
        return self._begun(self._storage.create_new_trial(self._number_of_study, template))

    def claim(self) -> list[FrozenTrial]:
        """Take over trials that were lost: their state becomes running, and no one else gets them."""
        with quiet():
            optuna.storages.fail_stale_trials(self.study)
        waiting = self.study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        taken = [
            trial
            for trial in waiting
            if self._storage.set_trial_state_values(trial._trial_id, state=TrialState.RUNNING)
        ]
        return [self._begun(trial._trial_id) for trial in taken]

    def _begun(self, key: int) -> FrozenTrial:
        """A trial that begins to run; without a first sign of life it could never be found lost."""
        if self.shared:
            self._storage.record_heartbeat(key)
        return self._storage.get_trial(key)

    @property
    def patience(self) -> float:
        """Seconds to wait before looking again at trials that run elsewhere."""
        return float(self._storage.get_heartbeat_interval() or 0)

    def tell(self, trial: FrozenTrial, outcome: Outcome) -> None:
        """End a trial. Its state comes last: killed before, it is told again."""
        key = trial._trial_id
        for score in outcome.scores:
            self._storage.set_trial_intermediate_value(key, score.step, score.mean)
        for name, value in outcome.notes.items():
            self._storage.set_trial_system_attr(key, name, value)
        told = {name: value for name, value in asdict(outcome).items() if name != "notes"}
        self._storage.set_trial_user_attr(key, "outcome", told)
        state = _STATES.get(outcome.state, TrialState.FAIL)
        self._storage.set_trial_state_values(key, state=state, values=self._values(outcome))

    def _values(self, outcome: Outcome) -> list[float] | None:
        if outcome.state == "pruned":  # as Optuna's own loop does: the last score
            return [outcome.scores[-1].mean]
        if outcome.value is None:
            return None
        return [outcome.value, outcome.train_seconds][: len(self.study.directions)]

    @contextmanager
    def beating(self, trials: Sequence[FrozenTrial]) -> Iterator[None]:
        """Give signs of life for trials while they run, where others may take them over."""
        if not self.shared:
            yield
            return
        done = threading.Event()

        def beat() -> None:
            while not done.wait(self.patience):
                for trial in trials:
                    with suppress(*_LOST):  # away for a while: the next time
                        self._storage.record_heartbeat(trial._trial_id)

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@contextmanager
def open_storage(
    settings: Settings,
    url: str,
    *,
    fresh: bool = False,
    heartbeat: int = HEARTBEAT_SECONDS,
    under: Mapping[str, str] = NOTHING,
) -> Iterator[TrialStorage]:
    """The archive of a search: the stored one where there is one and it is the same search, `under` the same
    conditions, such as the scorer.

    Raises:
        ConfigError: a search of that name is stored that differs in a setting or a condition.
        StoreError: the storage cannot be reached, or another command is at work on it.
    """
    name = without_secret(url)
    local = url.startswith(_SQLITE)
    with _lock(settings.name, url.removeprefix(_SQLITE), name) if local else nullcontext():
        with _explained(name), quiet():
            storage = _storage(with_driver(url), None if local else heartbeat)
            if fresh and settings.name in optuna.study.get_all_study_names(storage):
                optuna.delete_study(study_name=settings.name, storage=storage)
            study = optuna.create_study(
                study_name=settings.name,
                storage=storage,
                directions=directions(settings.objective),
                load_if_exists=True,
            )
        try:
            _check_same(settings, under, study, name)
            yield TrialStorage(storage, study, shared=not local)
        except _LOST as error:
            raise StoreError(f"the search storage {name} was lost: {_first_line(error)}; begin again") from error
        finally:
            storage.remove_session()
            storage.engine.dispose()


@contextmanager
def _lock(name: str, file: str, place: str) -> Iterator[None]:
    lock = FileLock(f"{file}.{name}.lock")
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StoreError(
            f"another command is at work on the search {name!r} in {place}; wait for it, or take another --name"
        ) from error
    except OSError as error:
        raise StoreError(f"cannot write beside {file}: {error.strerror}; name another --storage") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _explained(place: str) -> Iterator[None]:
    """Raise `StoreError` for whatever keeps a storage from being opened."""
    try:
        yield
    except ImportError as error:
        raise StoreError(
            f"the search storage {place} cannot be used: {error}; install its driver: of PostgreSQL with "
            "the extra, pip install 'gan-ablations[postgres]'"
        ) from error
    except (OSError, ValueError, sqlalchemy.exc.SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        raise StoreError(
            f"the search storage {place} cannot be used: {_first_line(error)}; name a database that can be reached, "
            "such as sqlite:///FILE or postgresql+psycopg2://USER@HOST/DATABASE"
        ) from error


def _first_line(error: BaseException) -> str:
    lines = str(error.__cause__ or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _storage(url: str, heartbeat: int | None) -> RDBStorage:
    arguments = {"connect_args": {"timeout": 60}} if heartbeat is None else {"pool_pre_ping": True}
    if heartbeat is None:
        return RDBStorage(url, engine_kwargs=arguments)
    return RDBStorage(
        url,
        engine_kwargs=arguments,
        heartbeat_interval=heartbeat,
        grace_period=3 * heartbeat,
        heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(max_retry=RETRIES),
    )


def with_driver(url: str) -> str:
    """PostgreSQL's with the driver that the extra installs, where it names none: SQLAlchemy 2.1 takes another."""
    return re.sub(r"^postgres(ql)?://", "postgresql+psycopg2://", url)


def _check_same(settings: Settings, under: Mapping[str, str], study: optuna.Study, place: str) -> None:
    """Raise `ConfigError` where the stored search is another one; record what this one is where it is new."""
    now = json.loads(json.dumps(settings.facts | dict(under)))
    stored = study.user_attrs.get("facts")
    if stored is None:
        if study.get_trials(deepcopy=False):
            raise ConfigError(f"{place} holds a study {settings.name!r} that is no search of this project; take --name")
        study.set_user_attr("begun", datetime.now(UTC).isoformat())
        study.set_user_attr("facts", now)
        return
    for key in {**stored, **now}:
        if stored.get(key) != now.get(key):
            raise ConfigError(
                f"the search {settings.name!r} in {place} was made with {key} = {stored.get(key, 'none')}, now it is "
                f"{now.get(key, 'none')}; take another --name, the same options, or --fresh to begin again"
            )


def _outcome(trial: FrozenTrial) -> Outcome:
    if "outcome" not in trial.user_attrs:
        return Outcome(state="failed", reason=f"the process that trained it was lost {RETRIES + 1} times")
    tree = dict(trial.user_attrs["outcome"])
    scores = tuple(Score(**{**item, "seeds": tuple(item["seeds"])}) for item in tree.pop("scores"))
    return Outcome(scores=scores, **tree)
