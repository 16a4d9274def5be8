"""The mirror kept up to date beside a study: in a process of its own, of low priority, off the critical path."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from ablations.config.errors import UserError

PAUSE_SECONDS = 10.0
SHARE = 0.2
"""Of the time in which the mirror may be at work: over thousands of runs already looking for what is new takes long."""
PATIENCE_SECONDS = 600.0
"""How long the end of a command waits for the mirror; what is missing then comes with the next `ablations mirror`."""
NICE = 10
"""Low enough to leave the cores to training; with the lowest, the end of a command on a busy machine waits minutes."""
NONE = "none"
"""In place of a mirror's location: write none."""


@dataclass
class Mirroring:
    """A mirror being written. `finish` brings it up to date, once."""

    _pipe: Connection | None
    problem: str | None = None
    """Why the mirror is behind; None where it is not."""

    def finish(self) -> None:
        """Wait until the mirror has all that the archive has; `problem` says why it does not."""
        if self._pipe is None:
            return
        pipe, self._pipe = self._pipe, None
        try:
            pipe.send(True)
            done = pipe.poll(PATIENCE_SECONDS)
            self.problem = pipe.recv() if done else f"it was not done after {PATIENCE_SECONDS:.0f} s"
        except (EOFError, OSError):
            self.problem = self.problem or "its process ended"


@contextmanager
def mirroring(archive: str | Path, study: str, location: str) -> Iterator[Mirroring]:
    """Mirror the runs of a study while they come; `location` is a folder, a tracking URI, or "none"."""
    if location == NONE:
        yield Mirroring(None)
        return
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, archive, study, location), daemon=True)
    process.start()
    there.close()
    try:
        yield Mirroring(here)
    finally:
        here.close()
        process.join(timeout=1)
        if process.is_alive():
            process.terminate()
            process.join(timeout=5)
            if process.is_alive():
                process.kill()
                process.join()


def _serve(pipe: Connection, root: str | Path, study: str, location: str) -> None:
    """Mirror now and then until asked to finish; then once more, whole, and say how it went."""
    import signal

    from ablations.store.archive import Archive
    from ablations.store.mirror import Mirror

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        os.nice(NICE)
    archive = Archive.reopened(root)
    mirror: Mirror | None = None
    took = 0.0
    with contextlib.suppress(EOFError, OSError):
        while True:
            finishing = pipe.poll(pause_after(took) if mirror else 1.0) and pipe.recv()
            problem, started = None, time.monotonic()
            try:
                mirror = mirror or Mirror.open(location)
                if study in archive.studies():
                    mirror.sync_study(archive, study, summarize=finishing)
            except UserError as error:
                problem, mirror = str(error), None
            took = time.monotonic() - started
            if finishing:
                pipe.send(problem)
                return


def pause_after(seconds: float) -> float:
    """How long to wait after a pass that took so long."""
    return max(PAUSE_SECONDS, seconds * (1 / SHARE - 1))
