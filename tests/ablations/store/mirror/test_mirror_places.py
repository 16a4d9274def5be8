"""Places where a mirror cannot be, and what is said of them: always that no run is lost."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from ablations.config.errors import StoreError
from ablations.store import Archive
from ablations.store.mirror import Mirror
from ablations.store.mirror.guarded_calls import Gate
from ablations.store.mirror.location import locate
from tests.ablations.factories import assert_same_result, keep, make_result, make_study
from tests.ablations.stored import assert_whole, folder_of, seed_runs


@pytest.fixture
def filled(archive: Archive) -> Archive:
    keep(archive, make_study(), [make_result()])
    return archive


def test_a_study_in_the_trash_names_the_way_out(filled: Archive, mirror: Mirror) -> None:
    mirror.sync(filled)
    connection = sqlite3.connect(mirror.uri.removeprefix("sqlite:///"))
    with connection:
        connection.execute("UPDATE experiments SET lifecycle_stage = 'deleted'")
    connection.close()
    with pytest.raises(StoreError, match="mlflow experiments restore"):
        mirror.sync(filled)


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
        Mirror.open(tmp_path)
    assert (tmp_path / "mlflow.db").read_bytes() == before


def test_a_corrupt_database_is_named_and_the_mirror_made_again_elsewhere(
    filled: Archive, mirror: Mirror, open_mirror: Callable[..., Mirror]
) -> None:
    mirror.sync(filled)
    path = Path(mirror.uri.removeprefix("sqlite:///"))
    data = bytearray(path.read_bytes())
    data[8192:] = os.urandom(len(data) - 8192)
    path.write_bytes(bytes(data))
    with pytest.raises(StoreError, match=r"mlflow\.db"):
        Mirror.open(path.parent).sync(filled)
    assert open_mirror("another").sync(filled) == 1


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file/mirror"):
        Mirror.open(tmp_path / "file" / "mirror")


@pytest.mark.parametrize(
    ("location", "match"),
    [
        ("ftp://somewhere", "unknown kind"),
        ("file:///somewhere", "without file"),
        ("sqlite://", "names no file"),
        ("postgresql://me:secret@db/runs", r"me:\*\*\*@db/runs needs a place for artifacts"),
    ],
)
def test_a_location_that_cannot_be_a_mirror_is_refused(location: str, match: str) -> None:
    with pytest.raises(StoreError, match=match):
        Mirror.open(location)


def test_a_server_that_is_away_is_said_soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:9 .*no run is lost.*ablations mirror"):
        Mirror.open("http://127.0.0.1:9")


def test_a_locked_database_is_waited_for(mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[float] = []
    monkeypatch.setattr("ablations.store.mirror.guarded_calls.time.sleep", tries.append)
    gate = mirror._gate

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
def test_a_failing_disk_is_said_and_the_next_pass_completes_the_mirror(
    filled: Archive, mirror: Mirror, monkeypatch: pytest.MonkeyPatch, error: Exception, match: str
) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    def fail(*_: object, **__: object) -> None:
        raise error if isinstance(error, OSError) else MlflowException(f"(sqlite3.OperationalError) {error}")

    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_batch", fail)
        with pytest.raises(StoreError, match=match):
            mirror.sync(filled)
    result = make_result()
    assert_same_result(filled.get(result.key), result)
    assert mirror.sync(filled) == 1
    assert_whole(mirror, seed_runs(mirror)[result.key], result)


def test_a_full_disk_under_the_report_is_said(filled: Archive, mirror: Mirror, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    filled.attach("demo", "report.html", b"page")
    with monkeypatch.context() as patch:
        patch.setattr("ablations.store.disk.os.fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            mirror.sync(filled)
    mirror.sync(filled)
    (page,) = (folder_of(mirror) / "artifacts").rglob("report.html")
    assert page.read_bytes() == b"page"


def test_a_mirror_removed_underneath_is_said(filled: Archive, mirror: Mirror) -> None:
    mirror.sync(filled)
    Path(mirror.uri.removeprefix("sqlite:///")).unlink()
    keep(filled, make_study(), [make_result(seed=1)])
    with pytest.raises(StoreError, match=r"removed while in use.*ablations mirror"):
        mirror.sync(filled)


def test_a_database_that_cannot_be_made_is_let_go_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []

    def refuse(text: str) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(Gate, "__call__", lambda self, call: None)
    connection = SimpleNamespace(execute=refuse, close=lambda: closed.append("yes"))
    monkeypatch.setattr(sqlite3, "connect", lambda path: connection)
    with pytest.raises(StoreError, match="no run is lost"):
        Gate(locate(tmp_path))._create()
    assert closed == ["yes"]
