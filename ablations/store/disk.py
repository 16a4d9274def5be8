"""Files and folders that are either whole or absent. No torch."""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Fill the folder that this yields; at the end it takes the place of `target`, in one move, on the disk.

    Where anything goes wrong, `target` stays as it was and nothing else is left; a kill leaves a hidden folder.
    """
    part = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        part.mkdir(parents=True)
        yield part
        for path in (*part.iterdir(), part):
            flush(path)
        if target.exists():
            shutil.rmtree(target)
        os.replace(part, target)
        flush(target.parent)
    except Exception:
        shutil.rmtree(part, ignore_errors=True)
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
