"""Jobs that do next to nothing: executors know nothing of training, and neither do these."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ablations.config.errors import DataError
from ablations.execution.events import Event, GroupEnded, GroupStarted, Progressed
from ablations.execution.executors import Emit, Executor, Lease, Stop
from ablations.store.leases import lease_file
from ablations.store.result import Status


@dataclass(frozen=True)
class NoteJob:
    """Leaves a note in `folder`; what it reads there is `input.txt`."""

    name: str
    folder: Path
    common: Path
    """Reached from everywhere: it counts how often the job was begun."""
    deaths: int = 0
    """How often its process dies before it is done."""
    endless: bool = False
    """Until it is stopped."""
    waits_for: str = ""
    """A file in `common` that must appear first."""
    prints: str = ""
    raises: str = ""
    refuses: str = ""
    """What a user must change."""
    variable: str = "PATH"
    """Of its process's environment; it is noted."""
    estimate_seconds: float = 1.0
    own: dict[str, Any] = field(default_factory=dict)

    def lease(self) -> Lease | None:
        return lease_file(self.folder / f"{self.name}.lock")

    def settled(self) -> GroupEnded | None:
        return self._ended("finished") if (self.folder / f"{self.name}.txt").exists() else None

    def run(self, emit: Emit, stop: Stop) -> None:
        with (self.common / f"{self.name}.begun").open("a") as file:
            file.write("x")
        emit(GroupStarted(group=self.name, variant=self.name, seeds=(0,), step=0, steps=2))
        if self.begun <= self.deaths:
            os.kill(os.getpid(), signal.SIGKILL)
        if self.prints:
            print(self.prints, flush=True)
        while self.waits_for and not (self.common / self.waits_for).exists():
            time.sleep(0.01)
        if self.raises:
            raise ValueError(self.raises)
        if self.refuses:
            raise DataError(self.refuses)
        reason = None
        while self.endless and not (reason := stop()):
            emit(Progressed(group=self.name, step=1, train_seconds=0.0))
            time.sleep(0.01)
        given = (self.folder / "input.txt").read_text()
        (self.folder / f"{self.name}.txt").write_text(f"{given} {os.environ.get(self.variable)}")
        emit(self._ended("interrupted" if reason else "finished", reason or ""))

    def lost(self, status: Status, reason: str) -> GroupEnded:
        return self._ended(status, reason)

    def pack(self, outbound: Path) -> None:
        (outbound / "input.txt").write_bytes((self.folder / "input.txt").read_bytes())

    def moved(self, outbound: Path, inbound: Path) -> NoteJob:
        (inbound / "input.txt").write_bytes((outbound / "input.txt").read_bytes())
        return replace(self, folder=inbound)

    def unpack(self, inbound: Path) -> None:
        (self.folder / f"{self.name}.txt").write_bytes((inbound / f"{self.name}.txt").read_bytes())

    @property
    def begun(self) -> int:
        path = self.common / f"{self.name}.begun"
        return len(path.read_text()) if path.exists() else 0

    @property
    def note(self) -> str | None:
        path = self.folder / f"{self.name}.txt"
        return path.read_text() if path.exists() else None

    def _ended(self, status: Status, reason: str = "") -> GroupEnded:
        reasons = {0: reason} if reason else {}
        return GroupEnded(group=self.name, variant=self.name, statuses={0: status}, reasons=reasons)


Make = Callable[..., NoteJob]


def do(executor: Executor, *jobs: NoteJob, stop: Stop = lambda: None) -> list[Event]:
    """What is told while these jobs are done."""
    events: list[Event] = []
    executor.run(jobs, events.append, stop)
    return events


@dataclass(frozen=True)
class Only:
    """A requirement that holds, or not."""

    reason: str | None = None

    def problem(self) -> str | None:
        return self.reason
