"""Kill workers and nodes of a Ray cluster at random moments of a study: `python -m tests.ray_chaos --kills 20`.

The study is run once in this process, then again on a cluster of two nodes on this machine, of which now a worker, now
the second node with all its processes is killed, at moments drawn from a seed. In the end both archives must hold the
same runs, with the same weights, curves and scores to the bit.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

from ablations.training.instruction_set import default_environment

# Before anything imports torch: the kernels are chosen when its libraries load. Child processes inherit it.
os.environ |= default_environment()

from ablations.execution.choice import ExecutorOptions
from ablations.execution.events import Event
from ablations.execution.plan import make_plan
from ablations.execution.runner import execute
from ablations.store import Archive
from tests.ablations.execution.executors.two_nodes import TwoNodes, two_nodes
from tests.ablations.small_study import OPTIONS, STUDY, digests, run

STEPS, SEEDS = 4_000, 2
PAUSE_SECONDS = (0.5, 4.0)
"""Between two kills."""


class Killer:
    """Hears events and kills now and then, until it has done its share. Ray wants nodes begun by the main thread."""

    def __init__(self, cluster: TwoNodes, kills: int, rng: random.Random) -> None:
        self.kills: Counter[str] = Counter()
        self._cluster, self._left, self._rng = cluster, kills, rng
        self._next = time.monotonic() + rng.uniform(*PAUSE_SECONDS)

    def __call__(self, event: Event) -> None:
        if time.monotonic() < self._next or self.kills.total() >= self._left:
            return
        victim = self._rng.choice(("worker", "node"))
        if victim == "node":
            self._cluster.kill_second()
            self._cluster.add_second()
        elif workers := self._cluster.workers():
            with contextlib.suppress(psutil.NoSuchProcess):
                self._rng.choice(workers).kill()
        else:
            return
        self.kills[victim] += 1
        self._next = time.monotonic() + self._rng.uniform(*PAUSE_SECONDS)


def chaos(folder: Path, kills: int, seed: int) -> tuple[Counter[str], int, list[str]]:
    """Kills by victim, rounds, and what differs in the end."""
    undisturbed = Archive.open(folder / "undisturbed")
    run(STUDY, undisturbed, steps=STEPS, seeds=SEEDS, width=1)
    expected = digests(undisturbed)
    done: Counter[str] = Counter()
    differences: list[str] = []
    rounds, rng = 0, random.Random(seed)
    with two_nodes() as cluster:
        while done.total() < kills:
            archive = Archive.open(folder / f"round-{rounds}")
            options = ExecutorOptions(name="ray", address=cluster.address, retries=1_000)
            own: dict[str, Any] = {
                "steps": STEPS,
                "seeds": SEEDS,
                "width": 1,
                "checkpoint_seconds": 0.2,
                "workers": None,
            }
            plan = make_plan(STUDY, dataclasses.replace(OPTIONS, **own, executor=options), archive)
            killer = Killer(cluster, kills - done.total(), rng)
            execute(plan, archive, killer)
            found = digests(archive)
            differences += [key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)]
            done += killer.kills
            rounds += 1
            print(f"round {rounds}: {dict(done)}, {len(differences)} differences", flush=True)
    return done, rounds, differences


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ray-chaos-") as folder:
        done, rounds, differences = chaos(Path(folder), options.kills, options.seed)
    print(f"kills {done.total()} in {rounds} rounds ({dict(done)}), differences {len(differences)}")
    sys.exit(bool(differences))


if __name__ == "__main__":
    main()
