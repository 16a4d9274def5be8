"""Jobs in spawned processes of this machine, each with one thread."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, Self

from ablations.config.errors import UserError
from ablations.config.machine import cores
from ablations.execution.events import Event
from ablations.execution.executors.contract import Job, Settings, Stop
from ablations.execution.executors.waiting import POLL_SECONDS, Waiting

WORKER_VARIABLES: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    # A step allocates and frees the same large tensors again and again. glibc would give each back to the system and
    # fetch it anew, page by page: about a tenth of the time of a step of S2.
    "MALLOC_MMAP_THRESHOLD_": str(1 << 33),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 33),
    "THP_MEM_ALLOC_ENABLE": "1",
}
"""What a worker must find before its first import."""
PATIENCE_SECONDS = 5.0
"""For workers that are done to end by themselves."""


@dataclass
class _Worker:
    """A spawned process, the pipe to it, and the job it has."""

    process: SpawnProcess
    pipe: Connection
    job: Job | None = None


class ProcessExecutor:
    """Spawned processes, each with one thread; with `gpus`, each sees one of them in turn."""

    def __init__(
        self,
        workers: int,
        gpus: Sequence[int] = (),
        *,
        retries: int = 1,
        variables: Mapping[str, str | None] | None = None,
    ) -> None:
        """`retries`: how often a job is begun again whose process dies; it goes on from its checkpoint."""
        self.capacity = workers
        self._gpus = tuple(gpus)
        self._retries = retries
        self._variables = dict(variables or {})
        self._context = multiprocessing.get_context("spawn")
        self._stopping = self._context.Event()
        self._workers: list[_Worker] = []
        self._kept = False

    @classmethod
    def of(cls, settings: Settings) -> Self:
        count = settings.workers or len(settings.gpus) or cores()
        return cls(count, settings.gpus, retries=settings.retries, variables=settings.variables)

    def __enter__(self) -> Self:
        self._kept = True
        return self

    def __exit__(self, *_: object) -> None:
        self._kept = False
        self._release()

    def pids(self) -> list[int]:
        """The worker processes that are alive now."""
        return [worker.process.pid for worker in self._workers if worker.process.is_alive() and worker.process.pid]

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Stop) -> None:
        attempts: dict[str, int] = {}
        with contextlib.closing(Waiting(jobs, on_event)) as waiting:
            try:
                for index in range(len(self._workers), min(self.capacity, len(waiting))):
                    self._workers.append(self._start(index))
                while waiting or any(worker.job for worker in self._workers):
                    if stop():
                        self._stopping.set()
                        waiting.clear()
                    self._occupy(waiting)
                    self._attend(waiting, attempts, on_event)
            except BaseException:
                self._release()  # their jobs, and what they say of them, are nobody's any more
                raise
            finally:
                if not self._kept:
                    self._release()

    def _occupy(self, waiting: Waiting) -> None:
        """Give a job to each process that has none; one that died while it had none is replaced."""
        for index in range(len(self._workers)):
            if self._workers[index].job is None and waiting:
                if not self._workers[index].process.is_alive():
                    self._workers[index] = self._start(index)
                _give(self._workers[index], waiting)

    def _attend(self, waiting: Waiting, attempts: dict[str, int], on_event: Callable[[Event], None]) -> None:
        """Wait a little for what the processes have to say, and for their deaths."""
        busy = [worker for worker in self._workers if worker.job]
        ready = wait([end for worker in busy for end in (worker.pipe, worker.process.sentinel)], timeout=POLL_SECONDS)
        for worker in busy:
            if worker.pipe in ready and self._listen(worker, waiting, on_event):
                continue  # a dead process is replaced once its last words are read
            if worker.process.sentinel in ready:
                self._bury(worker, waiting, attempts, on_event)

    def _release(self) -> None:
        _end(self._workers)
        self._workers = []

    def _start(self, index: int) -> _Worker:
        here, there = self._context.Pipe()
        with _worker_environment(self._variables, self._gpus[index % len(self._gpus)] if self._gpus else None):
            process = self._context.Process(target=_serve, args=(there, self._stopping), daemon=True)
            process.start()
        there.close()
        return _Worker(process, here)

    def _listen(self, worker: _Worker, waiting: Waiting, on_event: Callable[[Event], None]) -> bool:
        """Take in what a process says; False if it has said all it ever will. Raises the `UserError` that ended it."""
        try:
            event = worker.pipe.recv()
        except (EOFError, OSError):
            return False
        if isinstance(event, UserError):
            raise event
        if event is None:
            assert worker.job is not None
            waiting.release(worker.job)
            worker.job = None
            _give(worker, waiting)
        else:
            on_event(event)
        return True

    def _bury(
        self, dead: _Worker, waiting: Waiting, attempts: dict[str, int], on_event: Callable[[Event], None]
    ) -> None:
        """A process died: its job is to be begun again, or is recorded as failed."""
        job = dead.job
        assert job is not None
        dead.process.join()
        attempts[job.name] = attempts.get(job.name, 0) + 1
        if attempts[job.name] <= self._retries and not self._stopping.is_set():
            waiting.put_back(job)
        else:
            on_event(job.lost("interrupted" if self._stopping.is_set() else "failed", _death(dead.process)))
            waiting.release(job)
        dead.job = None


def _give(worker: _Worker, waiting: Waiting) -> None:
    worker.job = waiting.take()
    if worker.job:
        with contextlib.suppress(OSError):  # a dead process: its sentinel tells
            worker.pipe.send(worker.job)


def _serve(pipe: Connection, stopping: Any) -> None:
    """A worker process: take jobs until the pipe closes. It dies with its parent, at the next thing it has to say."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        while True:
            job: Job = pipe.recv()
            job.run(pipe.send, lambda: "stopped by the user" if stopping.is_set() else None)
            pipe.send(None)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except UserError as error:
        with contextlib.suppress(OSError):
            pipe.send(error)


def _end(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.pipe.close()
    given_up = time.monotonic() + PATIENCE_SECONDS
    for worker in workers:
        worker.process.join(timeout=max(0.0, given_up - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _death(process: SpawnProcess) -> str:
    code = process.exitcode or 0
    if code < 0:
        hint = " (out of memory?)" if -code == signal.SIGKILL else ""
        return f"the worker process was killed by signal {signal.Signals(-code).name}{hint}"
    return f"the worker process ended with exit code {code}"


@contextlib.contextmanager
def _worker_environment(variables: Mapping[str, str | None], gpu: int | None) -> Iterator[None]:
    """The environment a process is started in: one thread, memory that is kept, its GPU, and `variables`."""
    settings = {**WORKER_VARIABLES, **variables}
    if gpu is not None:
        given = os.environ.get("CUDA_VISIBLE_DEVICES", "")  # a scheduler's: the GPUs of this process are its
        settings["CUDA_VISIBLE_DEVICES"] = given.split(",")[gpu].strip() if given else str(gpu)
    before = {name: os.environ.get(name) for name in settings}
    _set(settings)
    try:
        yield
    finally:
        _set(before)


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
