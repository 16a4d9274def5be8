"""One job after another, in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ablations.execution.events import Event
from ablations.execution.executors.contract import Job, Stop


class SerialExecutor:
    """See `contract.Executor`."""

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Stop) -> None:
        for job in jobs:
            if stop():
                return
            job.run(on_event, stop)
