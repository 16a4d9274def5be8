"""Places where a store cannot be, and what is said of them."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ablations.config.errors import ConfigError, StoreError
from ablations.store import Store
from ablations.store.spool import Spool
from tests.ablations.factories import make_result, make_study, make_variant

Opener = Callable[..., Store]


def test_an_unknown_study_or_run_is_named(store: Store) -> None:
    store.write_study(make_study("recipes"))
    with pytest.raises(StoreError, match="did you mean 'recipes'"):
        store.read("recipe")
    with pytest.raises(StoreError, match="0123"):
        store.read_result("0123" * 8)
    assert store.keys("recipe") == {}
    # A filter of the store could not hold such a name; a variant cannot have it.
    with pytest.raises(ConfigError, match="it's"):
        make_variant("it's")


def test_a_study_in_the_trash_names_the_way_out(store: Store) -> None:
    store.write_study(make_study())
    connection = sqlite3.connect(store.uri.removeprefix("sqlite:///"))
    with connection:
        connection.execute("UPDATE experiments SET lifecycle_stage = 'deleted'")
    connection.close()
    with pytest.raises(StoreError, match="mlflow experiments restore"):
        store.write(make_result())


def foreign_text(path: Path) -> None:
    path.write_text("my diary, which is long enough to have a header")


def foreign_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()


def truncated_database(path: Path) -> None:
    foreign_database(path)
    path.write_bytes(path.read_bytes()[:600])


@pytest.mark.parametrize("spoil", [foreign_text, foreign_database, truncated_database])
def test_a_foreign_database_is_refused_and_left_as_it_is(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(tmp_path / "mlflow.db")
    before = (tmp_path / "mlflow.db").read_bytes()
    with pytest.raises(StoreError, match=r"mlflow\.db.*move it away"):
        Store.open(tmp_path)
    assert (tmp_path / "mlflow.db").read_bytes() == before


def test_a_corrupt_database_is_named(store: Store) -> None:
    store.write(make_result())
    path = Path(store.uri.removeprefix("sqlite:///"))
    data = bytearray(path.read_bytes())
    data[8192:] = os.urandom(len(data) - 8192)
    path.write_bytes(bytes(data))
    with pytest.raises(StoreError, match=r"mlflow\.db"):
        Store.open(path.parent).write(make_result(seed=1))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file/store"):
        Store.open(tmp_path / "file" / "store")


@pytest.mark.parametrize(
    ("location", "match"),
    [
        ("ftp://somewhere", "unknown kind"),
        ("file:///somewhere", "without file"),
        ("sqlite://", "names no file"),
        ("postgresql://me:secret@db/runs", r"me:\*\*\*@db/runs needs a place for artifacts"),
    ],
)
def test_a_location_that_cannot_be_a_store_is_refused(location: str, match: str) -> None:
    with pytest.raises(StoreError, match=match):
        Store.open(location)


def test_a_server_that_is_away_is_said_soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:9 .*spool"):
        Store.open("http://127.0.0.1:9")


def test_a_locked_database_is_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[float] = []
    monkeypatch.setattr("ablations.store.mirror.guarded_calls.time.sleep", tries.append)
    gate = store._gate

    def busy(failures: int) -> Callable[[], str]:
        def call() -> str:
            if len(tries) < failures:
                raise OSError("database is locked")
            return "done"

        return call

    assert gate(busy(3)) == "done"
    assert tries == sorted(tries)
    tries.clear()
    with pytest.raises(StoreError, match="stays locked"):
        gate(busy(100))
    assert len(tries) < 10


@pytest.mark.parametrize(
    ("error", "match"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space left"),
        (PermissionError(errno.EACCES, "Permission denied"), "make it writable"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "make it writable"),
        (sqlite3.OperationalError("database or disk is full"), "no space left"),
    ],
)
def test_a_failing_disk_is_said_and_the_result_stays_in_the_spool(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, match: str
) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    def fail(*_: object, **__: object) -> None:
        raise error if isinstance(error, OSError) else MlflowException(f"(sqlite3.OperationalError) {error}")

    spool = Spool(tmp_path / "spool")
    spool.put(make_result())
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_batch", fail)
        with pytest.raises(StoreError, match=match):
            spool.drain(store)
    assert len(spool.pending()) == 1
    assert spool.drain(store).rejected == ()
    assert len(store.keys("demo")) == 1


def test_a_full_disk_under_the_artifacts_is_not_taken_for_a_corrupt_result(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    spool = Spool(tmp_path / "spool")
    spool.put(make_result())
    with monkeypatch.context() as patch:
        patch.setattr("ablations.store.result.save_file", full)
        with pytest.raises(StoreError, match="No space left"):
            spool.drain(store)
    assert len(spool.pending()) == 1
    assert len(spool.drain(store).written) == 1


def test_a_store_removed_underneath_is_said(store: Store) -> None:
    store.write(make_result())
    Path(store.uri.removeprefix("sqlite:///")).unlink()
    with pytest.raises(StoreError, match="removed while in use"):
        store.write(make_result(seed=1))
