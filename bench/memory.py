"""The memory that a worker holds: one process, one stack of seeds, MNIST, a few steps and an evaluation."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

from ablations.config.errors import UserError

MEBIBYTE = 1 << 20


def peak_memory(variant: str, width: int, dataset: str) -> float:
    """Mebibytes that a fresh process had at most resident; it does what a worker does.

    Raises:
        UserError: the process failed.
    """
    command = [sys.executable, "-m", "bench.memory", variant, str(width), dataset]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise UserError(f"the memory of {variant} could not be measured:\n{done.stderr.strip()}")
    return float(json.loads(done.stdout))


def main(variant: str, width: str, dataset: str) -> None:
    import torch

    from ablations.catalog import BASELINE, RECIPES
    from ablations.config import Engine
    from ablations.data import load_dataset
    from ablations.execution.recorder import measure
    from ablations.scoring.panel import load_panel
    from ablations.scoring.scorer import Scorer
    from ablations.training.seed_group import SeedGroup

    torch.set_num_threads(1)
    data = load_dataset(dataset)
    scorer = Scorer(data, load_panel())
    group = SeedGroup({**RECIPES, "baseline": BASELINE}[variant], range(int(width)), data, Engine())
    group.advance(3)
    measure(group, 0, data, scorer, "full")
    group.advance(1)
    print(json.dumps(peak_of_this_process() / MEBIBYTE))


def peak_of_this_process() -> float:
    """Bytes. `getrusage` counts, after a fork, what the parent had; the kernel's own figure does not."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return float(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak if sys.platform == "darwin" else peak * 1024)


if __name__ == "__main__":
    main(*sys.argv[1:])
