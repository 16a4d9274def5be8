"""Files and folders that are either whole or absent. No torch."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OLD = ".old-"
"""In the hidden name of a folder that is making way for its successor."""
ATTEMPTS = 10
"""How often a folder tries to take its place while other processes take it too."""


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Fill the folder that this yields; at the end it takes the place of `target`, in one move, on the disk.

    Where anything goes wrong, `target` stays as it was and nothing else is left. A kill leaves a hidden folder; where
    it came between the moving away of an earlier `target` and the move, `restore` brings that one back.
    """
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        part.mkdir(parents=True)
        yield part
        for path in (*part.rglob("*"), part):
            flush(path)
        _take_the_place(part, target)
        flush(target.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _take_the_place(part: Path, target: Path) -> None:
    """Move `part` to `target`; where other processes put theirs there meanwhile, once more."""
    for _ in range(ATTEMPTS):
        away = target.with_name(f".{target.name}{OLD}{uuid.uuid4().hex[:8]}")
        with contextlib.suppress(FileNotFoundError):
            os.replace(target, away)
        try:
            os.replace(part, target)
            return
        except BaseException as error:
            if away.exists() and not target.exists():
                os.replace(away, target)
            if not isinstance(error, OSError) or error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
        finally:
            shutil.rmtree(away, ignore_errors=True)
    raise FileExistsError(errno.EEXIST, "other processes keep writing the same folder", str(target))


def restore(folder: Path, patience: float = 600.0) -> None:
    """Bring back what a kill left between two moves of `whole_folder`, and remove what was only half written.

    What is younger than `patience` seconds may be another process's work and is left alone.
    """
    oldest = time.time() - patience
    for path in folder.glob(".*"):
        try:
            if not path.is_dir() or path.stat().st_ctime > oldest:
                continue
            name, old, _ = path.name[1:].partition(OLD)
            if old and not (folder / name).exists():
                os.replace(path, folder / name)
            else:
                shutil.rmtree(path, ignore_errors=True)
        except FileNotFoundError:
            continue  # another process was faster


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or the next process after a kill, sees all of it or what was there before."""
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def file_digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Force a file, or the entries of a folder, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
