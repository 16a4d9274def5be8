"""What an executor does and what it is given. An executor knows nothing of training."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from ablations.execution.events import Event
from ablations.store.leases import Lease
from ablations.store.result import Status

Stop = Callable[[], str | None]
"""Gives a reason where the work is to end soon and orderly."""
Emit = Callable[[Event], None]


class Job(Protocol):
    """Something to do here, in another process or on another machine: it can be pickled."""

    @property
    def name(self) -> str:
        """Tells it from the other jobs."""
        ...

    @property
    def estimate_seconds(self) -> float:
        """Roughly, on one core: the longest begin first."""
        ...

    def lease(self) -> Lease | None:
        """Reserve it among all commands that work on the same archive; None while another has it."""
        ...

    def settled(self) -> Event | None:
        """The event of its end where another command has done it in the meantime. Asked by the holder of its lease."""
        ...

    def run(self, emit: Emit, stop: Stop) -> None:
        """Do it and leave what comes of it, whatever happens; where `stop` gives a reason, soon and orderly."""
        ...

    def lost(self, status: Status, reason: str) -> Event:
        """Record that its process died; returns the event of its end."""
        ...

    def pack(self, outbound: Path) -> None:
        """Copy into an empty folder what `run` reads of this machine's folders, for a machine that has none of them."""
        ...

    def moved(self, outbound: Path, inbound: Path) -> Job:
        """The same job on another machine: it reads what `pack` left in `outbound`, and leaves its results in the empty
        folder `inbound`.
        """
        ...

    def unpack(self, inbound: Path) -> None:
        """Take in what it left on another machine: keep it once, whole."""
        ...


class Requirement(Hashable, Protocol):
    """What must hold on every machine that does the jobs; it can be pickled."""

    def problem(self) -> str | None:
        """Why the jobs cannot be done on the machine, and the process, that asks; None where they can."""
        ...


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an executor is made with. Each takes of it what it can use."""

    workers: int | None = None
    """Jobs at once; None: as many as there is room for."""
    gpus: tuple[int, ...] = ()
    """This machine's GPUs that the jobs are to use; empty: none."""
    gpus_per_group: float = 0.0
    """Of a GPU, for each job."""
    address: str = "auto"
    """Of a cluster."""
    retries: int = 1
    """How often a job is begun again whose process dies."""
    variables: Mapping[str, str | None] = field(default_factory=dict)
    """What the jobs' processes must find in their environment; None: not set."""
    requirement: Requirement | None = None


class Executor(Protocol):
    """Does jobs. A job whose process dies for good is recorded as failed; no other job suffers.

    What it holds (processes, a connection) lives as long as `run` does; inside a `with` block, as long as the block.
    """

    @classmethod
    def of(cls, settings: Settings) -> Self: ...

    @property
    def capacity(self) -> int:
        """How many jobs it does at once. Raises `ConfigError` where it could do none."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Stop) -> None:
        """Return when every job has ended.

        `stop` is asked now and then; where it gives a reason, jobs are checkpointed and end as interrupted, and none
        is begun.

        Raises:
            ConfigError: the jobs could never be done here.
            UserError: a job raised it.
        """
        ...


@contextlib.contextmanager
def stopping() -> Iterator[Stop]:
    """SIGINT and SIGTERM ask for an orderly stop; a second SIGINT ends at once."""
    reasons: list[str] = []
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return

    def note(number: int, frame: Any) -> None:
        if reasons and number == signal.SIGINT:
            raise KeyboardInterrupt
        reasons.append(f"stopped by {signal.Signals(number).name}")

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: reasons[0] if reasons else None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
