"""The one training loop: it trains a group and yields ticks. It writes nothing, scores nothing and prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from ablations.training.seed_group import SeedGroup

PACE_SECONDS = 0.5


@dataclass(frozen=True, kw_only=True)
class Tick:
    """A moment at which training stands still and the curves have been read from the device."""

    step: int
    curves: NDArray[Any]
    """Of the steps since the last tick: float32 of shape (steps, len(CURVES), seeds)."""
    train_seconds: float
    """Of the whole stack, since the last tick; the device was synchronised before each reading of the clock."""
    evaluation_due: bool


def train(
    group: SeedGroup,
    evaluations: Sequence[int],
    *,
    pace: float = PACE_SECONDS,
    clock: Callable[[], float] = time.perf_counter,
) -> Iterator[Tick]:
    """Train from where the group stands to the last of `evaluations`, with a tick at each of them and about every
    `pace` seconds.

    The pace decides when the caller may look, never what is computed.
    """
    if group.step == 0 and 0 in evaluations:
        yield Tick(step=0, curves=group.take_curves(), train_seconds=0.0, evaluation_due=True)
    stride = 1
    for target in (step for step in evaluations if step > group.step):
        while group.step < target:
            steps = min(stride, target - group.step)
            started = clock()
            group.advance(steps)
            group.synchronize()
            seconds = clock() - started
            stride = max(1, min(2 * stride, round(steps * pace / max(seconds, 1e-9))))
            yield Tick(
                step=group.step,
                curves=group.take_curves(),
                train_seconds=seconds,
                evaluation_due=group.step == target,
            )
