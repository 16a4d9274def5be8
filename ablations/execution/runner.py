"""Carry out a plan: train what the store lacks, with one writer into the store."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from filelock import FileLock, Timeout

from ablations.execution.events import Event, GroupEnded
from ablations.execution.executors import Executor, ProcessExecutor, SerialExecutor, Training, stopping
from ablations.execution.plan import Plan, plan_again
from ablations.store import Store
from ablations.store.result import STATUSES, Status
from ablations.store.spool import Spool
from ablations.training.engine import default_workers


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


def choose_executor(plan: Plan) -> Executor:
    """Processes; in this process where one worker is asked for and one job is to be done."""
    if plan.options.workers == 1:
        return SerialExecutor()
    gpus: Sequence[int] = ()
    if plan.groups and plan.groups[0].job.runs[0].engine.device == "cuda":
        gpus = range(default_workers(plan.groups[0].job.runs[0].engine))
    return ProcessExecutor(plan.workers, gpus)


def execute(
    plan: Plan, store: Store, on_event: Callable[[Event], None] = lambda event: None, executor: Executor | None = None
) -> Summary:
    """Train what the plan lists, with one writer into the store; killed at any moment and begun again, it goes on.

    Raises:
        KeyboardInterrupt: stopped by SIGINT or SIGTERM, after everything so far was recorded.
        StoreError: the store cannot be written; results stay in the spool and the next run takes them in.
    """
    started = time.perf_counter()
    statuses: Counter[Status] = Counter()
    failures: list[tuple[str, str]] = []
    plan.work.mkdir(parents=True, exist_ok=True)
    spool = Spool(plan.work / "spool")

    def ended(event: Event) -> None:
        on_event(event)
        if isinstance(event, GroupEnded):
            spool.drain(store)
            statuses.update(event.statuses.values())
            failures.extend(
                (f"{event.variant} seed {seed}", event.reasons.get(seed, status))
                for seed, status in event.statuses.items()
                if status != "finished"
            )

    with _only_one(plan), stopping() as stop:
        spool.drain(store)
        store.write_study(plan.recorded, tuple(plan.keys))
        store.reconcile(plan.study.name)
        fresh = plan_again(plan, store)
        _adopt(fresh, store)
        jobs = [Training(group.job) for group in fresh.groups]
        (executor or choose_executor(plan)).run(jobs, ended, stop)
        spool.drain(store)
        store.summarize(plan.study.name)
        if reason := stop():
            raise KeyboardInterrupt(reason)
    return Summary(
        counts={status: statuses[status] for status in STATUSES},
        reused=len(fresh.reused),
        seconds=time.perf_counter() - started,
        failures=tuple(failures),
    )


def _adopt(plan: Plan, store: Store) -> None:
    """Bring runs that another study has trained under this one."""
    here = store.keys(plan.study.name)
    for key, run_id in plan.reused.items():
        if key not in here:
            store.copy(run_id, plan.study.name, plan.keys[key])


@contextmanager
def _only_one(plan: Plan) -> Iterator[None]:
    """Two commands on one study and store: the second waits, then finds what the first has stored."""
    lock = FileLock(plan.work / f"{plan.study.name}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting = f"another run of the study {plan.study.name!r} is at work on this store; waiting for it"
        print(waiting, file=sys.stderr, flush=True)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
