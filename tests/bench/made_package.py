"""A package made for the gate, which spends a stated time on a step."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from bench.gate import Step

STEP = Step(study="quick", variant="baseline", width=2)
MILLISECOND = 1e-3


def write_package(tree: Path, step_seconds: float, *, broken: bool = False) -> None:
    """A package with what the stepper uses, whose step burns so many seconds of CPU time for each seed."""
    files = {
        "__init__": "",
        "config": "def Engine(device): return device",
        "data": "def load_dataset(name): return name",
        "catalog": (
            "class Study:\n    def variant(self, name): return name\nSTUDIES = {'quick': Study(), 'recipes': Study()}\n"
        ),
        "training/__init__": "",
        "training/seed_group": "raise ImportError('no such thing')\n"
        if broken
        else GROUP.replace("SECONDS", repr(step_seconds)),
    }
    (tree / "ablations").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = tree / "ablations" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


GROUP = """
import time

class SeedGroup:
    def __init__(self, variant, seeds, dataset, engine):
        assert (variant, dataset, engine) == ("baseline", "digits", "cpu")
        self.seeds = seeds

    def advance(self, steps):
        until = time.process_time() + SECONDS * steps * len(self.seeds)
        while time.process_time() < until:
            pass

    def synchronize(self):
        pass

    def take_curves(self):
        pass
"""


def git(repository: Path, *arguments: str) -> None:
    identity = {f"GIT_{role}_{what}": "nobody" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environment = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull}
    subprocess.run(["git", *arguments], cwd=repository, env=environment, check=True, capture_output=True)
