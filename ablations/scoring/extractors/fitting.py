"""The training loop of the extractors: AdamW and one cycle of the learning rate (Smith and Topin 2017)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor
from torch.nn import Parameter

PEAK_LEARNING_RATE = 4e-3
WEIGHT_DECAY = 0.02

Progress = Callable[[int, int, float], None]
"""Gets the step, the number of steps and the loss, about 100 times."""


def silent(step: int, steps: int, loss: float) -> None:
    """No progress is shown."""


def fit(
    parameters: Iterable[Parameter],
    batches: Iterator[Tensor],
    steps: int,
    loss_of: Callable[[Tensor], Tensor],
    on_progress: Progress,
) -> None:
    """Lower `loss_of` for `steps` of the batches."""
    optimizer = torch.optim.AdamW(parameters, weight_decay=WEIGHT_DECAY, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, PEAK_LEARNING_RATE, total_steps=steps + 1)
    for step in range(steps):
        loss = loss_of(next(batches))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        if (step + 1) % math.ceil(steps / 100) == 0:
            on_progress(step + 1, steps, loss.item())


def shuffled_rows(count: int, size: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Rows (size,) of all images in random order, again and again; what is left over at an epoch's end is skipped."""
    while True:
        order = torch.randperm(count, generator=generator)
        for start in range(0, max(count - size, 0) + 1, size):
            yield order[start : start + size]
