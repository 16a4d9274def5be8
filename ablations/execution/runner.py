"""Carry out a plan: train what the archive lacks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ablations.execution.events import Event, GroupEnded
from ablations.execution.executors import Executor, stopping
from ablations.execution.plan import Plan, executor_of, plan_again
from ablations.store.archive import Archive
from ablations.store.result import STATUSES, Status


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What became of a plan."""

    counts: Mapping[Status, int]
    reused: int
    seconds: float
    failures: tuple[tuple[str, str], ...]
    """Label and reason of each run that did not finish."""

    @property
    def failed(self) -> bool:
        return bool(self.failures)


def execute(
    plan: Plan,
    archive: Archive,
    on_event: Callable[[Event], None] = lambda event: None,
    executor: Executor | None = None,
) -> Summary:
    """Train what the plan lists; killed at any moment and begun again, it goes on.

    Raises:
        KeyboardInterrupt: stopped by SIGINT or SIGTERM, after everything so far was recorded.
        StoreError: the archive cannot be written.
    """
    started = time.perf_counter()
    statuses: Counter[Status] = Counter()
    failures: list[tuple[str, str]] = []
    elsewhere: list[int] = []

    def ended(event: Event) -> None:
        on_event(event)
        if isinstance(event, GroupEnded) and event.elsewhere:
            elsewhere.append(len(event.statuses))
        elif isinstance(event, GroupEnded):
            statuses.update(event.statuses.values())
            failures.extend(
                (f"{event.variant} seed {seed}", event.reasons.get(seed, status))
                for seed, status in event.statuses.items()
                if status != "finished"
            )

    archive.work.mkdir(parents=True, exist_ok=True)
    with stopping() as stop:
        archive.tidy()
        archive.write_study(plan.recorded, plan.members, scorer=plan.scorer)
        left = plan_again(plan, archive)
        chosen = executor or executor_of(plan)
        chosen.run(left.jobs, ended, stop)
        if reason := stop():
            raise KeyboardInterrupt(reason)
    return Summary(
        counts={status: statuses[status] for status in STATUSES},
        reused=len(left.reused) + sum(elsewhere),
        seconds=time.perf_counter() - started,
        failures=tuple(failures),
    )
