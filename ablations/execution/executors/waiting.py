"""The jobs that are still to be done, and the leases of those that are being done."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable

from ablations.execution.events import Event
from ablations.execution.executors.contract import Job
from ablations.store.leases import Lease

POLL_SECONDS = 0.2
"""How often an executor looks again for a job that another command has."""
QUIET_SECONDS, SAID_EVERY_SECONDS = 5.0, 300.0
"""How long it looks before it says so, and how long before it says so again."""


class Waiting:
    """Hands out jobs in order, each leased: what another command is at waits, what it has done is told and left."""

    def __init__(self, jobs: Iterable[Job], on_event: Callable[[Event], None]) -> None:
        self._jobs = deque(jobs)
        self._on_event = on_event
        self._leases: dict[str, Lease] = {}
        self._idle_since: float | None = None
        self._said = 0.0

    def __len__(self) -> int:
        """Jobs that have not been handed out."""
        return len(self._jobs)

    def take(self) -> Job | None:
        """The next job, leased; None where there is none, or others have all that are left."""
        for _ in range(len(self._jobs)):
            job = self._jobs.popleft()
            lease = self._leases.pop(job.name, None) or job.lease()
            if lease is None:
                self._jobs.append(job)
                continue
            self._leases[job.name] = lease
            self._idle_since = None
            ended = job.settled()
            if ended is None:
                return job
            self._on_event(ended)
            self.release(job)
        if self._jobs and not self._leases:
            self._say_so()
        return None

    def _say_so(self) -> None:
        """That others have all that is left, once it has been so for a while, and then rarely."""
        now = time.monotonic()
        if self._idle_since is None:
            self._idle_since = self._said = now
        if now - self._idle_since >= QUIET_SECONDS and now - self._said >= QUIET_SECONDS:
            self._said = now + SAID_EVERY_SECONDS
            count = len(self._jobs)
            print(
                f"waiting for {count} group{'s' if count > 1 else ''} that another command is at (such as "
                f"{self._jobs[0].name}): it goes on when that one has ended",
                file=sys.stderr,
            )

    def put_back(self, job: Job) -> None:
        """A job that is to be begun again, next and by us."""
        self._jobs.appendleft(job)

    def release(self, job: Job) -> None:
        """A job that was handed out has ended."""
        if lease := self._leases.pop(job.name, None):
            lease.release()

    def clear(self) -> None:
        """Hand out no more."""
        for job in self._jobs:
            self.release(job)
        self._jobs.clear()

    def close(self) -> None:
        """Release whatever is leased."""
        self._jobs.clear()
        for lease in self._leases.values():
            lease.release()
        self._leases.clear()
