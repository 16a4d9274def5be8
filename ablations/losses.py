"""Criteria: the loss of each of D's outputs against a target of 0 or 1. Pure functions; they draw nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

Criterion = Callable[[Tensor, Tensor], Tensor]


def _mse(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.mse_loss(outputs, targets, reduction="none")


def _bce(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.binary_cross_entropy(outputs, targets, reduction="none")


def _bce_logits(outputs: Tensor, targets: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(outputs, targets, reduction="none")


CRITERIA: Mapping[str, Criterion] = {"mse": _mse, "bce": _bce, "bce_logits": _bce_logits}


def loss_per_seed(criterion: Criterion, outputs: Tensor, target: float) -> Tensor:
    """Mean over the batch. `outputs` of shape (seeds, batch, 1) give a loss of shape (seeds,)."""
    return criterion(outputs, torch.full_like(outputs, target)).mean((1, 2))


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
