"""`archive.json`: what makes a folder or a bucket an archive."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from filelock import FileLock

from ablations.config.errors import StoreError
from ablations.store.disk import write_whole

NAME = "archive.json"
FORM = 2


def new() -> bytes:
    """The form of the archive, and a name that no other archive has."""
    return json.dumps({"form": FORM, "id": uuid.uuid4().hex}).encode()


def check_path(folder: Path) -> None:
    """Raise `StoreError` for a path that a database's address would take for another one."""
    if strange := sorted({*"%?"} & {*str(folder)}):
        raise StoreError(
            f"--store {folder}: the databases below it (MLflow's, Optuna's) have addresses in which {strange[0]} means "
            "something else; name a folder without it"
        )


def found(folder: Path) -> None:
    """Make sure of a folder that it is an archive, and make it one where it is none yet.

    Raises:
        StoreError: it is an archive of another form, or its marker is damaged.
    """
    path = folder / NAME
    if not path.exists():
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        make(folder)
    try:
        identity(path.read_bytes(), folder)
    except ValueError as error:
        raise StoreError(
            f"{path} is damaged ({error}); it only says that {folder} is an archive, whose runs have digests of "
            "their own: remove that file, and the next command makes it anew"
        ) from error


def make(folder: Path) -> None:
    """Make an archive of a folder; of several who do so at once, one gives it its name."""
    (folder / "work").mkdir(exist_ok=True)
    with FileLock(folder / "work" / "archive.lock"):
        if not (folder / NAME).exists():
            write_whole(folder / NAME, new())


def identity(content: bytes, place: object) -> str:
    """The archive's name; empty where it was made without one.

    Raises:
        StoreError: it is an archive of another form.
        ValueError: it is none.
    """
    tree = json.loads(content)
    if not isinstance(tree, dict):
        raise ValueError(f"{NAME} is no mapping")
    if tree.get("form") != FORM:
        raise StoreError(
            f"{place} is an archive of form {tree.get('form')}, this version writes {FORM}; name another place with "
            "--store"
        )
    return str(tree.get("id", ""))
