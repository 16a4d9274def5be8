"""Timing that a busy machine disturbs little: contestants take turns, in short blocks, in one process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Work = Callable[[int], None]
"""Do so many units of work, and return when they are done, on the device too."""


@dataclass(frozen=True)
class Times:
    """Seconds of one unit of work in each block, of shape (blocks,), by two clocks.

    CPU time leaves out the moments in which the machine ran something else; it is the fair clock for work that one
    thread computes. Wall time is what a person waits, and the only clock for work on a GPU.
    """

    cpu: NDArray[Any]
    wall: NDArray[Any]

    def by(self, device: str) -> NDArray[Any]:
        """The times to judge by."""
        return self.cpu if device == "cpu" else self.wall


def time_block(work: Work, units: int) -> tuple[float, float]:
    """CPU and wall seconds of one unit."""
    wall, cpu = time.perf_counter(), time.process_time()
    work(units)
    return (time.process_time() - cpu) / units, (time.perf_counter() - wall) / units


def units_for(work: Work, seconds: float) -> int:
    """How many units take about so many seconds. Warms up on the way."""
    work(1)
    units = 1
    while True:
        _, wall = time_block(work, units)
        if units * wall >= seconds / 4:
            return max(1, round(seconds / wall))
        units *= 2


def take_turns(first: Work, second: Work, *, pairs: int, seconds: float) -> tuple[Times, Times]:
    """Time two contestants in pairs of blocks of about so many seconds, in the order A B, B A, A B, ..."""
    works = (first, second)
    units = [units_for(work, seconds) for work in works]
    blocks: list[list[tuple[float, float]]] = [[], []]
    for pair in range(pairs):
        for index in (0, 1) if pair % 2 == 0 else (1, 0):
            blocks[index].append(time_block(works[index], units[index]))
    both = [Times(*np.array(taken).T) for taken in blocks]
    return both[0], both[1]


def stay_on_one_core() -> None:
    """Keep this process, and those it starts from now on, on one core: a move to another empties the caches."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
