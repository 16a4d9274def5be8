"""The folder where finished results wait for the one writer. Killing either side loses nothing and doubles nothing.

An entry is a saved result in a folder of its own, named by its time of arrival. It leaves only when the store has it
whole, or, where it cannot be read, for `rejected/` with the reason beside it.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from filelock import FileLock

from ablations.config.errors import DataError, StoreError, UserError
from ablations.store.result import Result, load_result

_ENTRY = re.compile(r"\d{20}-[0-9a-f]{20}-[0-9a-f]{8}")
_LEFTOVER_SECONDS = 3600
"""A hidden folder this old belongs to a process that was killed while it wrote or removed an entry."""


class Writer(Protocol):
    """What the spool asks of a store: write a result once, however often it is given."""

    def write(self, result: Result) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """An entry that could not be read: where it lies now, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, kw_only=True)
class Drained:
    """What one pass over the spool did."""

    written: tuple[str, ...]
    """Run ids in the store, in the order of arrival."""
    rejected: tuple[Rejected, ...]


class Spool:
    """A spool folder; created where it does not exist. Any number of processes may put and drain at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.rejected = self.folder / "rejected"
        try:
            self.rejected.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"cannot create the spool {folder}: {error.strerror}; take another folder") from error
        self._lock = FileLock(self.folder / ".lock")

    def put(self, result: Result) -> Path:
        """Leave a result, all or nothing.

        Raises:
            DataError: it cannot be written, e.g. because the disk is full.
        """
        entry = self.folder / f"{time.time_ns():020d}-{result.key}-{uuid.uuid4().hex[:8]}"
        result.save(entry)
        return entry

    def pending(self) -> list[Path]:
        """Whole entries in the order of arrival. Half-written ones and foreign names are passed over."""
        try:
            return sorted(path for path in self.folder.iterdir() if _ENTRY.fullmatch(path.name) and path.is_dir())
        except OSError as error:
            raise StoreError(f"cannot read the spool {self.folder}: {error.strerror}") from error

    def take(self, entry: Path, store: Writer) -> str | Rejected | None:
        """Write an entry into the store, then remove it; returns its run id, or None where another process was faster.

        Raises:
            StoreError: the store did not take it; the entry stays.
        """
        with self._lock:
            if not entry.is_dir():
                return None
            try:
                run_id = store.write(load_result(entry))
            except StoreError:
                raise
            except UserError as error:
                return self._reject(entry, str(error))
            self._remove(entry)
            return run_id

    def drain(self, store: Writer) -> Drained:
        """Take every pending entry.

        Raises:
            StoreError: the store did not take an entry; it and the later ones stay for the next drain.
        """
        taken = [self.take(entry, store) for entry in self.pending()]
        self._sweep()
        return Drained(
            written=tuple(item for item in taken if isinstance(item, str)),
            rejected=tuple(item for item in taken if isinstance(item, Rejected)),
        )

    def _reject(self, entry: Path, reason: str) -> Rejected:
        target = self.rejected / entry.name
        try:
            os.replace(entry, target)
            (self.rejected / f"{entry.name}.reason.txt").write_text(reason + "\n", encoding="utf-8")
        except OSError as error:
            raise StoreError(f"cannot move the unreadable entry {entry} to {target}: {error.strerror}") from error
        return Rejected(path=target, reason=reason)

    def _remove(self, entry: Path) -> None:
        """In two moves, so that a kill between them cannot leave half an entry under an entry's name."""
        hidden = entry.with_name(f".taken-{entry.name}")
        try:
            os.replace(entry, hidden)
        except OSError as error:
            raise DataError(f"cannot remove {entry} from the spool: {error.strerror}") from error
        shutil.rmtree(hidden, ignore_errors=True)

    def _sweep(self) -> None:
        oldest = time.time() - _LEFTOVER_SECONDS
        for path in self.folder.glob(".*"):
            try:
                if path.is_dir() and path.stat().st_mtime < oldest:
                    shutil.rmtree(path, ignore_errors=True)
            except FileNotFoundError:
                continue  # another process swept it
