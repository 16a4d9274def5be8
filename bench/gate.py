"""The gate: is the training step of the working tree slower than that of a git revision?

Both run in a process of their own, on one core, and take turns in short blocks for as long as the comparison lasts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.checkout import CheckoutError
from bench.ratios import Decision, decide

STEPPER = Path(__file__).with_name("stepper.py")
THRESHOLD = 0.025
"""Slower by less is no alarm: two processes of the same code differ by one percent, on a busy machine by two."""
PAIRS = 80
SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step to time: a variant of a study, so many seeds stacked."""

    study: str
    variant: str
    width: int
    device: str = "cpu"


STEPS: Mapping[str, Step] = {
    "baseline": Step(study="quick", variant="baseline", width=5),
    "cnn": Step(study="quick", variant="cnn", width=5),
    "s1": Step(study="recipes", variant="s1", width=8),
    "s3": Step(study="recipes", variant="s3", width=4),
    "s4": Step(study="recipes", variant="s4", width=8),
}
"""The launching of operations, convolutions, single images, and arithmetic with and without dropout. Stacks
are small where a step is long: many short blocks are disturbed less than few long ones."""


class Process:
    """A stepper with the package of one folder."""

    def __init__(self, tree: Path, *, slowdown: float = 0.0) -> None:
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
        self._tree = tree
        self._slowdown = slowdown
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(STEPPER)],
            cwd=tree,
            env={**os.environ, **threads, "PYTHONPATH": str(tree)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def check(self) -> None:
        """Wait for the start. Raises `CheckoutError` where it failed, or where another package was found."""
        package = Path(self._answer()["package"])
        if not package.is_relative_to(self._tree):
            raise CheckoutError(f"{package} was imported instead of the package in {self._tree}")

    def take(self, name: str, step: Step, steps: int) -> float:
        """Seconds of one step: CPU time, or wall time on a GPU."""
        assert self._process.stdin is not None
        order = asdict(step) | {"name": name, "steps": steps, "slowdown": self._slowdown}
        try:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the answer tells why
        return float(self._answer()["cpu" if step.device == "cpu" else "wall"]) / steps

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return dict(json.loads(line))
        _, errors = self._process.communicate()
        raise CheckoutError(f"the step cannot be timed with the package in {self._tree}:\n{errors.strip()}")


def compare(
    old: Path,
    new: Path,
    steps: Mapping[str, Step],
    *,
    pairs: int = PAIRS,
    seconds: float = SECONDS,
    threshold: float = THRESHOLD,
    slowdown: float = 0.0,
) -> dict[str, Decision]:
    """Time the packages in two folders; blocks take about so many seconds.

    `slowdown` makes the new one slower by that share, to try the gate itself.
    """
    with ExitStack() as stack:
        processes = [Process(old), Process(new, slowdown=slowdown)]
        for process in processes:
            stack.callback(process.end)
        for process in processes:
            process.check()
        lengths = {name: _length(processes, name, step, seconds) for name, step in steps.items()}
        times: dict[str, list[list[float]]] = {name: [[], []] for name in steps}
        for pair in range(pairs):
            for name, step in steps.items():
                for side in (0, 1) if pair % 2 == 0 else (1, 0):
                    times[name][side].append(processes[side].take(name, step, lengths[name]))
    before, after = ({name: np.array(both[side]) for name, both in times.items()} for side in (0, 1))
    return decide(before, after, threshold=threshold)


def _length(processes: list[Process], name: str, step: Step, seconds: float) -> int:
    """Steps of a block; both processes are warm afterwards."""
    for process in processes:
        process.take(name, step, 2)
    return max(1, round(seconds / min(process.take(name, step, 2) for process in processes)))


def row(name: str, decision: Decision) -> tuple[str, ...]:
    """As the table shows it."""
    ratio = decision.ratio
    change = f"{ratio.estimate - 1:+.1%} [{ratio.low - 1:+.1%}, {ratio.high - 1:+.1%}]"
    return name, change, "SLOWER" if decision.slower else "ok"
