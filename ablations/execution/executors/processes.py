"""Jobs in spawned processes of this machine, each with one thread."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Self

from ablations.config.errors import UserError
from ablations.execution.events import Event
from ablations.execution.executors.contract import Job, Stop

ATTEMPTS = 2
"""How often a job is begun whose process dies; each later attempt goes on from its checkpoint."""
WORKER_VARIABLES = {
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


@dataclass
class _Worker:
    """A spawned process, the pipe to it, and the job it has."""

    process: SpawnProcess
    pipe: Connection
    job: Job | None = None


class ProcessExecutor:
    """Spawned processes, each with one thread; with `gpus`, each sees one of them in turn.

    They live as long as `run` does; inside a `with` block, as long as the block.
    """

    def __init__(self, workers: int, gpus: Sequence[int] = ()) -> None:
        self._count = workers
        self._gpus = tuple(gpus)
        self._context = multiprocessing.get_context("spawn")
        self._stopping = self._context.Event()
        self._workers: list[_Worker] = []
        self._kept = False

    def __enter__(self) -> Self:
        self._kept = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept = False
        self._release()

    def pids(self) -> list[int]:
        """The worker processes that are alive now."""
        return [worker.process.pid for worker in self._workers if worker.process.is_alive() and worker.process.pid]

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Stop) -> None:
        waiting = deque(jobs)
        attempts: dict[str, int] = {}
        workers = self._workers
        try:
            for index, worker in enumerate(workers):
                if not worker.process.is_alive():  # it died while it had nothing to do
                    workers[index] = self._start(index)
            for index in range(len(workers), min(self._count, len(waiting))):
                workers.append(self._start(index))
            for worker in workers:
                _give(worker, waiting)
            while any(worker.job for worker in workers):
                if stop():
                    self._stopping.set()
                    waiting.clear()
                busy = [(index, worker) for index, worker in enumerate(workers) if worker.job]
                ready = wait([end for _, w in busy for end in (w.pipe, w.process.sentinel)], timeout=0.2)
                for index, worker in busy:
                    if worker.pipe in ready and self._listen(worker, waiting, on_event):
                        continue  # a dead process is replaced once its last words are read
                    if worker.process.sentinel in ready:
                        workers[index] = self._replace(index, worker, waiting, attempts, on_event)
        finally:
            if not self._kept:
                self._release()

    def _release(self) -> None:
        _end(self._workers)
        self._workers = []

    def _start(self, index: int) -> _Worker:
        here, there = self._context.Pipe()
        with _worker_environment(self._gpus[index % len(self._gpus)] if self._gpus else None):
            process = self._context.Process(target=_serve, args=(there, self._stopping), daemon=True)
            process.start()
        there.close()
        return _Worker(process, here)

    def _listen(self, worker: _Worker, waiting: deque[Job], on_event: Callable[[Event], None]) -> bool:
        """Take in what a process says; False if it has said all it ever will."""
        try:
            event = worker.pipe.recv()
        except (EOFError, OSError):
            return False
        if event is None:
            worker.job = None
            _give(worker, waiting)
        else:
            on_event(event)
        return True

    def _replace(
        self,
        index: int,
        dead: _Worker,
        waiting: deque[Job],
        attempts: dict[str, int],
        on_event: Callable[[Event], None],
    ) -> _Worker:
        """A process died. Begin its job again in a new one, or record it as failed; no work left, no new process."""
        job = dead.job
        assert job is not None
        dead.process.join()
        attempts[job.name] = attempts.get(job.name, 1) + 1
        if self._stopping.is_set():
            on_event(job.lost("interrupted", _death(dead.process)))
        elif attempts[job.name] <= ATTEMPTS:
            waiting.appendleft(job)
        else:
            on_event(job.lost("failed", _death(dead.process)))
        worker = self._start(index) if waiting else dead
        _give(worker, waiting)
        return worker


def _give(worker: _Worker, waiting: deque[Job]) -> None:
    worker.job = waiting.popleft() if waiting else None
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
    except UserError:
        raise SystemExit(1) from None


def _end(workers: Sequence[_Worker]) -> None:
    for worker in workers:
        worker.pipe.close()
        worker.process.join(timeout=5)
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
def _worker_environment(gpu: int | None) -> Iterator[None]:
    """The environment a process is started in: one thread, memory that is kept, and its GPU."""
    settings = dict(WORKER_VARIABLES)
    if gpu is not None:
        settings["CUDA_VISIBLE_DEVICES"] = str(gpu)
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
