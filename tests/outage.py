"""MLflow's server and its database away while a study trains: `python -m tests.outage --seconds 60`.

A study is run by the command line against a real `mlflow server` with PostgreSQL behind it. When its first run is
archived, both are killed (or frozen: they hold their ports and answer nothing), and begun again after so many seconds,
while the study goes on. When the command has ended, the page must show what a mirror made anew from the archive shows:
every metric row once, no run in state RUNNING.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from ablations.store import Archive
from tests.ablations.small_study import STUDY
from tests.ablations.stored import ROWS, RUNNING, Rows, counted, rows_in
from tests.services import PostgreSQL, Program, frozen, mlflow_server, postgresql

How = Literal["killed", "frozen"]
HOWS: tuple[How, ...] = ("killed", "frozen")
STEPS = 2_000
PATIENCE = 900.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    runs: int
    wanted: int
    before: int
    """Runs in the archive when the servers went away, and `after`, when they came back."""
    after: int
    worked_seconds: float
    """Of CPU time, that the study had meanwhile."""
    still_training: bool
    """When they came back."""
    status: int
    """Of the command."""
    said: str
    rows_lost: int
    rows_doubled: int
    left_running: int

    @property
    def sound(self) -> bool:
        whole = self.runs == self.wanted and self.status == 0
        return whole and not (self.rows_lost or self.rows_doubled or self.left_running)


def outage(folder: Path, seconds: float, how: How, seeds: int | None = None) -> Outcome:
    """The whole trial; see the module. Unless told otherwise, so many seeds that the study outlasts the outage on an
    idle machine: a group of one seed takes about three seconds there.
    """
    study = dataclasses.replace(STUDY, seeds=seeds or 3 + round(seconds / 4))
    (folder / "small.json").write_text(json.dumps(study.as_dict()))
    with postgresql() as database:
        database.create("mlflow")
        server = mlflow_server(folder, database.url("mlflow"))
        server.start()
        try:
            return _study_through(folder, server, database, seconds, how, len(study.variants) * study.seeds)
        finally:
            server.kill()


def _study_through(
    folder: Path, server: Program, database: PostgreSQL, seconds: float, how: How, wanted: int
) -> Outcome:
    store, log = folder / "store", folder / "study.log"
    command = [sys.executable, "-m", "ablations.cli", "run", str(folder / "small.json"), "--data", "digits"]
    command += ["--device", "cpu", "--workers", "1", "--width", "1", "--steps", str(STEPS)]
    command += ["--store", str(store), "--out", str(folder / "report"), "--mirror", server.url.removesuffix("/health")]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=dict(os.environ), cwd=folder)
    try:
        _await(lambda: _runs(store) > 0, process)
        before, worked = _runs(store), _cpu_seconds(process)
        with _away(server, database, how):
            time.sleep(seconds)
            worked = _cpu_seconds(process) - worked
        after, still = _runs(store), process.poll() is None
        status = process.wait(timeout=PATIENCE)
    finally:
        process.kill()
    shown, running = in_postgresql(database.url("mlflow"))
    expected = _anew(folder, store)
    return Outcome(
        runs=_runs(store),
        wanted=wanted,
        before=before,
        after=after,
        worked_seconds=worked,
        still_training=still,
        status=status,
        said=log.read_text(errors="replace"),
        rows_lost=sum((expected - shown).values()),
        rows_doubled=sum((shown - expected).values()),
        left_running=running,
    )


@contextlib.contextmanager
def _away(server: Program, database: PostgreSQL, how: How) -> Iterator[None]:
    if how == "frozen":
        assert server.process is not None
        with frozen([server.process.pid, database.pid()]):
            yield
        return
    server.kill()
    database.stop()
    try:
        yield
    finally:
        database.start()
        server.start()


def _await(condition: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    while not condition():
        if process.poll() is not None:
            raise RuntimeError("the study ended before its servers could go away")
        time.sleep(0.1)


def _cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    with contextlib.suppress(psutil.NoSuchProcess):
        times = psutil.Process(process.pid).cpu_times()
        return float(times.user + times.system)
    return 0.0


def _runs(store: Path) -> int:
    return len(Archive(store).keys()) if (store / "runs").is_dir() else 0


def in_postgresql(url: str) -> tuple[Rows, int]:
    """How often each (run key, metric, step) stands there, and how many runs are in state RUNNING."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(url)
    with engine.connect() as connection:
        rows = counted(connection.execute(sqlalchemy.text(ROWS)))
        running = int(connection.execute(sqlalchemy.text(RUNNING)).scalar_one())
    engine.dispose()
    return rows, running


def _anew(folder: Path, store: Path) -> Rows:
    """What a mirror that is made anew from the archive shows."""
    command = [sys.executable, "-m", "ablations.cli", "mirror", "--store", str(store), "--to", str(folder / "anew")]
    subprocess.run(command, check=True, capture_output=True, cwd=folder)
    return rows_in(folder / "anew" / "mlflow.db")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--how", choices=HOWS, action="append")
    parser.add_argument("--seeds", type=int, help="of each of two variants; fewer on a machine that is busy")
    options = parser.parse_args()
    sound = True
    for how in options.how or HOWS:
        with tempfile.TemporaryDirectory(prefix="outage-") as folder:
            found = outage(Path(folder), options.seconds, how, options.seeds)
        meanwhile = f"{found.after - found.before} and {found.worked_seconds:.1f} s of CPU time while away"
        then = "still training" if found.still_training else "ended"
        print(
            f"{how} for {options.seconds:g} s: runs {found.runs} of {found.wanted} ({found.before} before, "
            f"{meanwhile}, {then} at the end of it), exit {found.status}, rows lost {found.rows_lost}, "
            f"doubled {found.rows_doubled}, left RUNNING {found.left_running}",
            flush=True,
        )
        if not found.sound:
            print(found.said)
            sound = False
    sys.exit(not sound)


if __name__ == "__main__":
    main()
