"""Two machines on one search: a real PostgreSQL server, two processes, one of which is killed."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import pwd
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ablations.config import Engine
from ablations.config.errors import StoreError
from ablations.execution.events import Event
from ablations.execution.executors import Job, SerialExecutor
from ablations.search.generations import Search
from ablations.search.trial_storage import open_storage
from tests.ablations.search.factories import SETTINGS

pytest.importorskip("psycopg2", reason="needs a driver for PostgreSQL")
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
SHARED = dataclasses.replace(SETTINGS, name="shared", trials=6)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own, on a free port of this machine; it refuses to run as root, so root lends it a user."""
    if not PROGRAMS:
        pytest.skip("needs the programs of PostgreSQL's server")
    programs = PROGRAMS[-1].parent
    lent: dict[str, Any] = {}
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        lent = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    folder = Path("/tmp") / f"gan-ablations-postgresql-{os.getpid()}"
    folder.mkdir(mode=0o700)
    if lent:
        shutil.chown(folder, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    def program(name: str, *arguments: str) -> None:
        subprocess.run([programs / name, *arguments], check=True, capture_output=True, cwd=folder, **lent)

    try:
        program("initdb", "-D", f"{folder}/data", "-A", "trust", "-U", "tester", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
        program("pg_ctl", "-D", f"{folder}/data", "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            program("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "tester", "search")
            yield f"postgresql+psycopg2://tester@127.0.0.1:{port}/search"
        finally:
            program("pg_ctl", "-D", f"{folder}/data", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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
