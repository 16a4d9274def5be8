"""How each run of an archive ended: what a plan and a listing ask of thousands of runs at once. No torch.

The answer stands in each run's `run.json`. Of many runs it is remembered in one file beside them, `work/heads.sqlite`,
with the state of the `run.json` that it was read from: what has changed since is read anew. The file may be removed at
any time; it is made again.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ablations.store import run_folder
from ablations.store.result import DONE

MANY = 256
"""From so many runs on, a file is worth it."""
_BUSY_SECONDS = 2.0
_TABLE = "CREATE TABLE IF NOT EXISTS heads (key TEXT PRIMARY KEY, state TEXT, head TEXT) WITHOUT ROWID"


@dataclass(frozen=True, kw_only=True)
class Head:
    """Of one run."""

    status: str
    last_step: int
    scored: tuple[int, ...]
    """The steps at which it was scored."""

    def is_done(self, steps: Collection[int]) -> bool:
        """Whether the run is done and has scores at those of the steps that it reached."""
        return self.status in DONE and {step for step in steps if step <= self.last_step} <= set(self.scored)


class RunHeads:
    """Of the runs in a folder. Any number of processes may ask at once."""

    def __init__(self, runs: Path, file: Path) -> None:
        self._runs, self._file = runs, file

    def read(self, keys: Collection[str]) -> dict[str, Head]:
        """By key, of those that are there and readable."""
        if len(keys) < MANY:
            return {key: head for key in keys if (head := self._of_folder(key)) is not None}
        states = {key: state for key in keys if (state := self._state(key)) is not None}
        kept = self._remembered()
        found, new = {}, {}
        for key, state in states.items():
            before = kept.get(key)
            if before is not None and before[0] == state:
                found[key] = _unpacked(before[1])
            elif (head := self._of_folder(key)) is not None:
                found[key] = new[key] = head
        if new:
            self._remember({key: (states[key], head) for key, head in new.items()})
        return found

    def _of_folder(self, key: str) -> Head | None:
        try:
            tree = run_folder.read_head(self._runs / key)
            return Head(
                status=str(tree["status"]),
                last_step=int(tree["last_step"]),
                scored=tuple(int(item["step"]) for item in tree["evaluations"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _state(self, key: str) -> str | None:
        """Changes with every writing of the file: its time of change cannot be set by hand."""
        try:
            found = os.stat(f"{self._runs}/{key}/{run_folder.HEAD}")
        except OSError:
            return None
        return f"{found.st_ctime_ns}.{found.st_ino}.{found.st_size}"

    def _remembered(self) -> dict[str, tuple[str, str]]:
        if not self._file.exists():
            return {}
        with contextlib.suppress(sqlite3.Error), self._opened() as database:
            return {key: (state, head) for key, state, head in database.execute("SELECT key, state, head FROM heads")}
        return {}

    def _remember(self, heads: Mapping[str, tuple[str, Head]]) -> None:
        """Where the file cannot be written, nothing is remembered; where it is damaged, it is begun again."""
        rows = [(key, state, _packed(head)) for key, (state, head) in heads.items()]
        for _ in range(2):
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with self._opened() as database, database:
                    database.execute(_TABLE)
                    database.executemany("INSERT OR REPLACE INTO heads VALUES (?, ?, ?)", rows)
                return
            except sqlite3.OperationalError:
                return  # busy, or no room
            except sqlite3.DatabaseError:
                self._file.unlink(missing_ok=True)
            except OSError:
                return

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self._file, timeout=_BUSY_SECONDS)) as database:
            yield database


def _packed(head: Head) -> str:
    return json.dumps([head.status, head.last_step, *head.scored])


def _unpacked(text: str) -> Head:
    status, last_step, *scored = json.loads(text)
    return Head(status=status, last_step=last_step, scored=tuple(scored))
