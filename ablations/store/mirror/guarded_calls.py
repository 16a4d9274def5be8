"""Every call of MLflow goes through a gate: what passes by itself is tried again, the rest is said in plain words."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from filelock import FileLock, Timeout

from ablations.config.errors import StoreError
from ablations.config.secrets import without_secret
from ablations.store.mirror.location import Location, check_database

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

T = TypeVar("T")

ATTEMPTS = 5
LOCK_SECONDS = 120.0
"""Longer than any write takes: a longer wait means a writer that hangs."""
_BUSY = ("database is locked", "database table is locked", "database is busy")
_SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_LOGGING_LEVEL": "WARNING",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""By default MLflow reports its use to its makers, and asks a server that is away for minutes."""


class Gate:
    """The way to one store's MLflow client. A gate is not shared between threads or processes."""

    def __init__(self, location: Location) -> None:
        self.location = location
        self._lock = FileLock(location.lock)

    def open(self) -> MlflowClient:
        """Connect; a sqlite database that does not exist is created, by one process however many ask.

        Raises:
            StoreError: it cannot be reached, created or read, or it is no MLflow database.
        """
        prepare()
        from mlflow.tracking import MlflowClient

        database = self.location.database
        if database is not None and not check_database(database):
            with self.writing():
                if not check_database(database):
                    self._create()
        return self(lambda: _connected(MlflowClient(tracking_uri=self.location.uri)))

    def __call__(self, call: Callable[[], T]) -> T:
        """The call's value.

        Raises:
            StoreError: the store refused, after `ATTEMPTS` tries where it was only busy.
        """
        import requests
        import sqlalchemy.exc
        from mlflow.exceptions import MlflowException

        for attempt in range(ATTEMPTS):
            try:
                return call()
            except (MlflowException, sqlalchemy.exc.SQLAlchemyError, requests.RequestException, OSError) as error:
                if attempt + 1 == ATTEMPTS or not any(text in str(error) for text in _BUSY):
                    raise StoreError(self._explain(error)) from error
            time.sleep(0.1 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Alone among this machine's writers; may be nested.

        Raises:
            StoreError: the folder cannot be written, or another writer holds the lock for `LOCK_SECONDS`.
        """
        try:
            self.location.lock.parent.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=LOCK_SECONDS)
        except Timeout as error:
            raise StoreError(
                f"another process has been writing to MLflow at {self.location.name} for {LOCK_SECONDS:.0f} s; "
                f"end it, or see who holds {self.location.lock}"
            ) from error
        except OSError as error:
            raise StoreError(self._explain(error)) from error
        try:
            yield
        finally:
            self._lock.release()

    def _create(self) -> None:
        """Create the database beside its place and move it there whole: a kill half way leaves no half database."""
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        untyped: Any = SqlAlchemyStore
        final = self.location.database
        assert final is not None
        part = final.with_name(f".{final.name}.{uuid.uuid4().hex[:8]}")

        def create() -> None:
            store = untyped(f"sqlite:///{part.as_posix()}", str(self.location.artifacts))
            store.delete_experiment("0")  # "Default", which nothing here uses
            store.engine.dispose()

        try:
            self(create)
            with closing(sqlite3.connect(part)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            os.replace(part, final)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(self._explain(error)) from error
        finally:
            part.unlink(missing_ok=True)

    def _explain(self, error: Exception) -> str:
        name, text = self.location.name, str(error)
        short = without_secret(next((line for line in text.splitlines() if line.strip()), type(error).__name__))[:300]
        place = self.location.database or name
        if any(busy in text for busy in _BUSY):
            return f"the database {place} stays locked by another program; end that program and run again"
        if "out-of-date database schema" in text or "Can't locate revision" in text:
            return (
                f"the database {place} was written by another version of MLflow; make a copy of it, then run "
                f"`mlflow db upgrade {self.location.uri if self.location.database else name}`"
            )
        if "malformed" in text or "not a database" in text:
            return f"the database {place} is corrupt ({short}); restore a copy of it, or name another place for it"
        if self.location.database is not None and not self.location.database.exists():
            return f"the database {place} was removed while in use; no run is lost: `ablations mirror` makes it again"
        if "readonly" in text or isinstance(error, PermissionError):
            return f"MLflow at {name} cannot be written ({short}); make it writable or name another place with --mirror"
        if "is full" in text or "No space left" in text:
            return (
                f"no space left for MLflow at {name} ({short}); free some, then run `ablations mirror`: no run is lost"
            )
        if self.location.is_server or self.location.database is None:
            return (
                f"MLflow at {name} does not answer as it should ({short}); no run is lost: run `ablations mirror` "
                "once it can be reached, or name another place with --mirror"
            )
        return f"MLflow at {name} failed ({short}); no run is lost: run `ablations mirror`"


def prepare() -> None:
    """Settings that MLflow reads when it is imported; what a user has set stays."""
    for key, value in _SETTINGS.items():
        os.environ.setdefault(key, value)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _connected(client: MlflowClient) -> MlflowClient:
    client.search_experiments(max_results=1)
    return client
