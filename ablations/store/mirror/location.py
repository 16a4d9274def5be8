"""Where a store lies: from what a user writes to a tracking URI, a root for artifacts and a lock."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import platformdirs

from ablations.config.errors import StoreError
from ablations.config.paths import with_home
from ablations.config.secrets import without_secret

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://")  # at least two letters: "C:\\" is a folder
_SERVERS = ("http", "https", "databricks")
_TABLES = {"alembic_version", "experiments", "runs", "metrics", "params", "tags"}


@dataclass(frozen=True, kw_only=True)
class Location:
    """A store's address, taken apart."""

    name: str
    """As the user wrote it, without a password: for messages."""
    uri: str
    """The tracking URI."""
    artifacts: str | None
    """A folder (absolute) or URI under which experiments keep their artifacts; None: the server decides."""
    database: Path | None
    """The sqlite file, where there is one."""
    lock: Path
    """The file that writers on this machine lock."""

    @property
    def is_server(self) -> bool:
        return self.uri.partition(":")[0] in _SERVERS


def locate(location: str | Path, artifacts: str | Path | None = None) -> Location:
    """Understand a folder (which then holds `mlflow.db` and `artifacts/`), `sqlite:///FILE`, or another tracking URI.

    Raises:
        StoreError: a URI of an unknown kind, or a database other than sqlite without a place for artifacts.
    """
    text = str(location)
    root = None if artifacts is None else _root(artifacts)
    if not _SCHEME.match(text):
        return _file(text, with_home(text).absolute() / "mlflow.db", root)
    scheme = text.partition(":")[0]
    if scheme == "sqlite":
        path = unquote(urlsplit(text).path)
        if path in ("", "/", "/:memory:"):
            raise StoreError(f"MLflow at {text} names no file; write sqlite:///FOLDER/mlflow.db or the folder itself")
        return _file(text, with_home(path.removeprefix("/")).absolute(), root)
    name = without_secret(text)
    if scheme == "file":
        raise StoreError(
            f"MLflow at {name}: MLflow no longer keeps runs in plain files; name the folder without file://"
        )
    if scheme not in _SERVERS and scheme.partition("+")[0] not in ("postgresql", "mysql", "mssql"):
        raise StoreError(
            f"MLflow at {name} is of an unknown kind; name a folder, http(s)://, postgresql:// or sqlite:///"
        )
    if scheme not in _SERVERS and root is None:
        raise StoreError(f"MLflow at {name} needs a place for artifacts beside the database: a folder or s3://...")
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    lock = Path(platformdirs.user_cache_dir("gan-ablations")) / "locks" / f"{digest}.lock"
    return Location(name=name, uri=text, artifacts=root, database=None, lock=lock)


def check_database(database: Path) -> bool:
    """Whether there is an MLflow database in the file; False where the file is missing or empty.

    MLflow itself would add its tables to whatever database it is given.

    Raises:
        StoreError: the file holds something else, or is corrupt.
    """
    way_out = "move it away to start a new store, or name another place for it"
    try:
        if not database.exists() or database.stat().st_size == 0:
            return False
        with database.open("rb") as file:
            header = file.read(16)
        if header != b"SQLite format 3\0":
            raise StoreError(f"{database} is not a sqlite database; {way_out}")
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"cannot read the database {database} ({error}); {way_out}") from error
    if not tables >= _TABLES:
        raise StoreError(f"{database} is a database of something else than MLflow; {way_out}")
    return True


def _file(name: str, database: Path, artifacts: str | None) -> Location:
    return Location(
        name=name,
        uri=f"sqlite:///{database.as_posix()}",
        artifacts=artifacts or str(database.parent / "artifacts"),
        database=database,
        lock=database.with_name(f".{database.name}.lock"),
    )


def _root(artifacts: str | Path) -> str:
    text = str(artifacts)
    return text.rstrip("/") if _SCHEME.match(text) else str(with_home(text).absolute())
