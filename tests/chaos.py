"""Kill a study again and again, and see whether anything is lost: `python -m tests.chaos --kills 40`.

A study is run once undisturbed. Then it is run in another archive, where its processes are killed (SIGKILL) at moments
drawn from a seed: at any time, while a checkpoint is being written, while a run is being archived; the parent alone, a
worker alone, the mirror's process alone, or all at once. After each kill of the parent the same command is given again.
In the end both archives must hold the same runs, with the same weights, curves and scores to the bit, and both mirrors
every metric row once and no run in state RUNNING.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from ablations.config import Study
from ablations.store import Archive
from tests.ablations.small_study import STUDY, digests
from tests.ablations.stored import RUNNING, Rows, rows_in

MOMENTS = ("any", "checkpoint", "archive")
VICTIMS = ("parent", "worker", "mirror", "all")
LONGEST = 120.0


@dataclass
class Outcome:
    """What was done, and what it cost."""

    kills: Counter[str] = field(default_factory=Counter)
    resumes: int = 0
    rounds: int = 0
    differences: list[str] = field(default_factory=list)
    rows_lost: int = 0
    rows_doubled: int = 0
    left_running: int = 0

    @property
    def sound(self) -> bool:
        return not (self.differences or self.rows_lost or self.rows_doubled or self.left_running)

    def __str__(self) -> str:
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self.kills.items()))
        return (
            f"kills {sum(self.kills.values())} in {self.rounds} rounds ({kinds}), resumes {self.resumes}, "
            f"differences {len(self.differences)}, "
            f"rows lost {self.rows_lost}, rows doubled {self.rows_doubled}, runs left RUNNING {self.left_running}"
        )


class Trial:
    """One archive, and the command that fills it."""

    def __init__(self, folder: Path, steps: int) -> None:
        self.store = folder / "store"
        self._log = folder / "log.txt"
        file = folder / "small.json"
        folder.mkdir(parents=True, exist_ok=True)
        study = Study.from_dict({**STUDY.as_dict(), "evaluations": 4})
        file.write_text(json.dumps(study.as_dict()))
        self._command = [sys.executable, "-m", "ablations.cli", "run", str(file), "--data", "digits", "--device", "cpu"]
        self._command += ["--workers", "2", "--steps", str(steps), "--checkpoint-seconds", "0.1"]
        self._command += ["--store", str(self.store), "--out", str(folder / "report")]

    def start(self) -> subprocess.Popen[bytes]:
        settings = {name: value for name, value in os.environ.items() if not name.startswith("ABLATIONS_")}
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, stdout=log, stderr=log, env=settings, start_new_session=True)

    def finish(self) -> None:
        """Run to the end, undisturbed."""
        code = self.start().wait(timeout=LONGEST * 5)
        if code:
            raise RuntimeError(f"the study ended with exit code {code}:\n{self._log.read_text()[-2000:]}")

    def digests(self) -> dict[str, tuple[str, dict[str, str]]]:
        """Of every run in the archive: a damaged one is an error."""
        return digests(Archive.open(self.store))

    def rows(self) -> Rows:
        return rows_in(self.store / "mlflow.db")

    def running(self) -> int:
        with sqlite3.connect(self.store / "mlflow.db") as database:
            return int(database.execute(RUNNING).fetchone()[0])

    def is_at(self, moment: str) -> bool:
        """Whether the files show that a checkpoint, or a run, is being written just now."""
        if moment == "checkpoint":
            return any((self.store / "work" / "checkpoints").glob("*/.step-*"))
        return any((self.store / "runs").glob(".*"))


def disturb(trial: Trial, kills: int, rng: random.Random, outcome: Outcome, life: float) -> None:
    """Run the study to its end, and kill until so many kills are done in all."""
    process = trial.start()
    while process.poll() is None and sum(outcome.kills.values()) < kills:
        moment, victim = rng.choice(MOMENTS), rng.choice(VICTIMS)
        await_moment(trial, process, moment, rng.uniform(0, life))
        if process.poll() is not None or not kill(process, victim):
            continue
        outcome.kills[f"{victim} at {moment}"] += 1
        print(f"kill {sum(outcome.kills.values())}: {victim} at {moment}", flush=True)
        if victim not in ("worker", "mirror"):
            process.wait()
            outcome.resumes += 1
            process = trial.start()
    process.wait(timeout=LONGEST * 5)
    trial.finish()


def await_moment(trial: Trial, process: subprocess.Popen[bytes], moment: str, patience: float) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end and process.poll() is None:
        if moment != "any" and trial.is_at(moment):
            return
        time.sleep(0.001)


def kill(process: subprocess.Popen[bytes], victim: str) -> bool:
    """Kill the parent, a worker or the mirror's process alone, or everything; False where there is none yet."""
    if victim == "all":
        os.killpg(process.pid, signal.SIGKILL)
        return True
    if victim == "parent":
        process.kill()
        return True
    try:
        parent = psutil.Process(process.pid)
        children = [child for child in parent.children() if "spawn_main" in " ".join(child.cmdline())]
        # The mirror alone has a lower priority.
        chosen = [child for child in children if (child.nice() > parent.nice()) == (victim == "mirror")]
        if not chosen:
            return False
        chosen[0].kill()
    except psutil.NoSuchProcess:
        return False
    return True


def compare(undisturbed: Trial, disturbed: Trial, outcome: Outcome) -> None:
    ours, theirs = undisturbed.digests(), disturbed.digests()
    for key in sorted(ours.keys() | theirs.keys()):
        if key not in ours or key not in theirs:
            outcome.differences.append(f"run {key} is in one archive only")
            continue
        (status, expected_digests), (found_status, found_digests) = ours[key], theirs[key]
        names = [name for name, digest in expected_digests.items() if found_digests[name] != digest]
        if names or status != found_status:
            outcome.differences.append(f"run {key} differs in {', '.join(names) or 'status'}")
    expected, found = undisturbed.rows(), disturbed.rows()
    outcome.rows_lost += sum((expected - found).values())
    outcome.rows_doubled += sum((found - expected).values())
    outcome.left_running += disturbed.running()


def chaos(folder: Path, kills: int, steps: int, seed: int) -> Outcome:
    """The whole trial; see the module."""
    outcome, rng = Outcome(), random.Random(seed)
    undisturbed = Trial(folder / "undisturbed", steps)
    started = time.monotonic()
    undisturbed.finish()
    life = time.monotonic() - started
    while sum(outcome.kills.values()) < kills:
        disturbed = Trial(folder / f"round-{outcome.rounds}", steps)
        disturb(disturbed, kills, rng, outcome, life)
        compare(undisturbed, disturbed, outcome)
        outcome.rounds += 1
    return outcome


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--steps", type=int, default=1_500)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        outcome = chaos(Path(folder), options.kills, options.steps, options.seed)
    print(outcome)
    for difference in outcome.differences:
        print(difference)
    sys.exit(not outcome.sound)


if __name__ == "__main__":
    main()
