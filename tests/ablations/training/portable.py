"""The digests that short trainings and their scores have at each instruction set, on every machine that can do it.

`python -m tests.ablations.training.portable` writes portable_digests.json anew, on a processor that can do every set:
after a change of the numerics, of a metric or of a pin. `... portable avx2` prints what this machine comes to at a set.
"""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ablations.catalog.metric_facts import Tier
from ablations.training.instruction_set import (
    INSTRUCTION_SETS,
    WITH_BFLOAT16,
    check_observed,
    check_processor,
    environment_of,
    hold,
)

ROOT = Path(__file__).parents[3]
FILE = Path(__file__).with_name("portable_digests.json")
SETS = tuple(name for name, item in INSTRUCTION_SETS.items() if item.flags and name not in WITH_BFLOAT16)
"""Those that float32 is trained at."""
SEEDS = (0, 1)
STEPS = 12
"""Just across the ends of two epochs."""
FULL = ("recipe", "conditioning conditional")
"""Trainings whose scores are all taken; of the others, those of every evaluation."""

Digests = Mapping[str, Mapping[str, str]]
"""Name of a training to quantity to the beginning of its SHA-256."""


def made(name: str) -> Digests:
    """What this machine comes to at a set, in a process of its own."""
    settings = environment_of(name) | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    environment = {key: value for key, value in (os.environ | settings).items() if value is not None}
    command = [sys.executable, "-m", "tests.ablations.training.portable", name]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return dict(json.loads(done.stdout))


def compute(name: str) -> dict[str, dict[str, str]]:
    """What this process comes to, which is held to the set."""
    hold(name)
    import torch

    from ablations.config import Engine
    from ablations.data import load_dataset
    from ablations.scoring.panel import load_panel
    from ablations.scoring.scorer import Scorer
    from ablations.training.engine import set_up
    from ablations.training.step_inputs import asked_labels
    from bench.trainings import digests, trained_group, variants

    check_observed(name)
    products = INSTRUCTION_SETS[name].products
    assert products != "measured"
    engine = Engine(matmul=products, isa=name)
    set_up(engine)
    dataset = load_dataset("digits")
    scorer = Scorer(dataset, load_panel())
    found = {}
    different = {variant.digest: (training, variant) for training, variant in variants().items()}
    for training, variant in different.values():
        group = trained_group(variant, SEEDS, engine, STEPS)
        labels = asked_labels(scorer.count, dataset.shape.classes, torch.device("cpu"))
        asked = labels.numpy() if labels is not None and variant.conditional else None
        tier: Tier = "full" if training.startswith(FULL) else "quick"
        scores = scorer(functools.partial(group.sample, 0, scorer.count), asked, tier)
        found[training] = {key: value[:16] for key, value in digests(group).items()} | {"scores": _sha(scores)}
    return found


def versions() -> dict[str, str]:
    """Of the libraries that compute."""
    return {name: importlib.metadata.version(name) for name in ("torch", "numpy", "scipy")}


def _sha(tree: Any) -> str:
    return hashlib.sha256(json.dumps(tree, sort_keys=True).encode()).hexdigest()[:16]


def write() -> None:
    """Write the file anew. Raises `ConfigError` on a processor that cannot do every set."""
    for name in SETS:
        check_processor(name)
    FILE.write_text(json.dumps({"versions": versions()} | {name: made(name) for name in SETS}, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(compute(sys.argv[1]), indent=1))
    else:
        write()
