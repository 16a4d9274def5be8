"""What an executor does and what it is given. An executor knows nothing of training."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from ablations.execution.events import Event
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

    def run(self, emit: Emit, stop: Stop) -> None:
        """Do it and leave what comes of it, whatever happens; where `stop` gives a reason, soon and orderly."""
        ...

    def lost(self, status: Status, reason: str) -> Event:
        """Record that its process died; returns the event of its end."""
        ...


class Executor(Protocol):
    """Does jobs. A job whose process dies for good is recorded as failed; no other job suffers."""

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Stop) -> None:
        """Return when every job has ended.

        `stop` is asked now and then; where it gives a reason, jobs are checkpointed and end as interrupted, and none
        is begun.
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
