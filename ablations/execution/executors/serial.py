"""One job after another, in this process."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import Self

from ablations.execution.events import Event
from ablations.execution.executors.contract import Job, Settings, Stop
from ablations.execution.executors.waiting import POLL_SECONDS, Waiting


class SerialExecutor:
    """See `contract.Executor`."""

    capacity = 1

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Stop) -> None:
        with closing(Waiting(jobs, on_event)) as waiting:
            while waiting and not stop():
                job = waiting.take()
                if job is None:
                    time.sleep(POLL_SECONDS if waiting else 0.0)
                    continue
                job.run(on_event, stop)
                waiting.release(job)
