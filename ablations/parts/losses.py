"""Criteria: the loss of each of D's outputs against a target of 0 or 1. Pure functions; they draw nothing.

None of them raises for a value that is not finite: a seed that diverges must not stop its neighbours in the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

Criterion = Callable[[Tensor, float], Tensor]


def _mse(outputs: Tensor, target: float) -> Tensor:
    return (outputs - target).square()


class _BinaryCrossEntropy(torch.autograd.Function):
    """torch.nn.BCELoss without its check of the range: logarithms clamped at -100, the gradient's divisor at 1e-12."""

    @staticmethod
    def forward(ctx: Any, outputs: Tensor, target: float) -> Tensor:
        ctx.save_for_backward(outputs)
        ctx.target = target
        logarithm = torch.log(outputs) if target else torch.log1p(-outputs)
        return logarithm.clamp_min_(-100).neg_()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (outputs,) = ctx.saved_tensors
        divisor = (outputs * (1 - outputs)).clamp_min_(1e-12)
        return gradients[0] * (outputs - ctx.target) / divisor, None


def _bce(outputs: Tensor, target: float) -> Tensor:
    result: Tensor = _BinaryCrossEntropy.apply(outputs, target)
    return result


def _bce_logits(outputs: Tensor, target: float) -> Tensor:
    return -F.logsigmoid(outputs if target else -outputs)


CRITERIA: Mapping[str, Criterion] = {"mse": _mse, "bce": _bce, "bce_logits": _bce_logits}
"""Each takes D's outputs and the target (0.0 or 1.0) and returns a loss of the same shape."""


def loss_per_seed(criterion: Criterion, outputs: Tensor, target: float) -> Tensor:
    """Mean over the batch. `outputs` of shape (seeds, batch, 1) give a loss of shape (seeds,)."""
    return criterion(outputs, target).mean((1, 2))


def generator_loss(objective: str, criterion: Criterion, outputs: Tensor) -> Tensor:
    """G's loss, of shape (seeds,), from D's `outputs` on fakes.

    Non-saturating: criterion(D(G(z)), 1), for BCE the -log D(G(z)) of Goodfellow et al. 2014 (S2's heuristic, S3, S4).
    Saturating: -criterion(D(G(z)), 0), for BCE the log(1 - D(G(z))) of the minimax game.
    """
    return _OBJECTIVES[objective](criterion, outputs)


_OBJECTIVES: Mapping[str, Callable[[Criterion, Tensor], Tensor]] = {
    "non_saturating": lambda criterion, outputs: loss_per_seed(criterion, outputs, 1.0),
    "saturating": lambda criterion, outputs: -loss_per_seed(criterion, outputs, 0.0),
}
