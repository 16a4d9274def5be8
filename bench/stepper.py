"""The gate's other process: it takes steps of the `ablations` that it finds on its path, and says how long they took.

It is run as a file, by the working tree and by an old revision alike, and uses of the package no more than it must:
one line of JSON in, one out.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

from ablations.catalog import STUDIES
from ablations.config import Engine
from ablations.data import load_dataset
from ablations.training.seed_group import SeedGroup


def main() -> None:
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # both processes on one core: they take turns
    groups: dict[str, Any] = {}
    say({"package": sys.modules["ablations"].__file__})
    for line in sys.stdin:
        order = json.loads(line)
        if order["name"] not in groups:
            variant = STUDIES[order["study"]].variant(order["variant"])
            engine = Engine(device=order["device"])
            groups[order["name"]] = SeedGroup(variant, range(order["width"]), load_dataset("digits"), engine)
        say(take(groups[order["name"]], order["steps"], order["slowdown"]))


def take(group: Any, steps: int, slowdown: float) -> dict[str, float]:
    """Train so many steps; with a `slowdown` of 0.05, waste another twentieth of their time."""
    wall, cpu = time.perf_counter(), time.process_time()
    group.advance(steps)
    group.synchronize()
    group.take_curves()
    if slowdown:
        until = time.process_time() + slowdown * (time.process_time() - cpu)
        while time.process_time() < until:
            pass
    return {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}


def say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
