"""Two machines on one search: a real PostgreSQL server, two processes, one of which is killed."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from ablations.config import Engine
from ablations.config.errors import StoreError
from ablations.execution.events import Event
from ablations.execution.executors import Job, SerialExecutor
from ablations.search.generations import Search
from ablations.search.trial_storage import open_storage
from tests.ablations.search.factories import SETTINGS
from tests.services import POSTGRESQL, postgresql

pytest.importorskip("psycopg2", reason="needs a driver for PostgreSQL")
SHARED = dataclasses.replace(SETTINGS, name="shared", trials=6)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server of its own, on a free port of this machine."""
    if not POSTGRESQL:
        pytest.skip("needs the programs of PostgreSQL's server")
    with postgresql() as server:
        server.create("search")
        yield server.url("search")


class Doomed(SerialExecutor):
    """An executor whose process is killed when its first job begins."""

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Callable[[], str | None]) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def take_part(url: str, work: Path, doomed: bool) -> None:
    with open_storage(SHARED, url, heartbeat=1) as storage:
        executor = Doomed() if doomed else SerialExecutor()
        Search(settings=SHARED, storage=storage, work=work, engine=Engine(), executor=executor).run(finalists=0)


@pytest.mark.slow
def test_the_trials_of_a_killed_machine_are_run_again_by_another(url: str, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    killed = context.Process(target=take_part, args=(url, tmp_path / "killed", True))
    killed.start()
    killed.join()
    assert killed.exitcode == -signal.SIGKILL
    with open_storage(SHARED, url) as storage:
        left = [trial for trial in storage.known().values() if not trial.state.is_finished()]
    assert len(left) == SHARED.parallel
    others = [context.Process(target=take_part, args=(url, tmp_path / name, False)) for name in ("one", "two")]
    for process in others:
        process.start()
    for process in others:
        process.join()
    assert [process.exitcode for process in others] == [0, 0]
    with open_storage(SHARED, url) as storage:
        ended = storage.ended()
    assert SHARED.trials <= len(ended) <= SHARED.trials + SHARED.parallel
    assert {trial.outcome.state for trial in ended} <= {"finished", "pruned"}
    tried = [trial.values for trial in ended]
    assert all(trial.params in tried for trial in left)


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_named(url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(StoreError, match="cannot be used"), open_storage(SHARED, f"postgresql://x@127.0.0.1:{port}/y"):
        pass
