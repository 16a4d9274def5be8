"""Files that are either whole or absent."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ablations.config.errors import DataError

PART = ".part-"
"""How the name of everything unfinished begins."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write `path` so that a reader, or the next process after a kill or a power cut, sees all of it or nothing.

    Raises:
        DataError: no space, a read-only folder, ...
    """
    part = path.with_name(f"{PART}{path.name}-{uuid.uuid4().hex[:8]}")
    try:
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise unwritable(path, error) from error
        raise


@contextmanager
def exclusive(folder: Path, timeout: float = 900.0) -> Iterator[None]:
    """Make `folder` and hold it alone among processes, for as long as the block runs.

    Raises:
        DataError: the folder cannot be made or written, or another process holds it for more than `timeout` seconds.
    """
    path = folder / ".lock"
    lock = FileLock(path, timeout=timeout)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as error:
        raise DataError(
            f"another process has been fetching data into {folder} for {timeout:.0f} s; wait for it or end it"
        ) from error
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        yield
    finally:
        lock.release()


def unwritable(path: Path, error: OSError) -> DataError:
    """The `DataError` for a file or folder that cannot be written."""
    return DataError(
        f"cannot write {path}: {error.strerror or error}; free space or rights there, or choose another folder "
        "(for data: --data-folder, or the environment variable ABLATIONS_DATA)"
    )
