"""Optimizers. Only elementwise ones: on a stack of seeds they act on each seed as if it were alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor

from ablations.config import Optimizer
from ablations.config.parts import OPTIMIZERS
from ablations.parts.guards import guarded_optimizer, loaded

Builder = Callable[[Sequence[Tensor], Optimizer, bool], torch.optim.Optimizer]


def adam(parameters: Sequence[Tensor], config: Optimizer, on_gpu: bool) -> torch.optim.Optimizer:
    return torch.optim.Adam(
        parameters,
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        fused=True,
        capturable=on_gpu,
    )


def sgd(parameters: Sequence[Tensor], config: Optimizer, on_gpu: bool) -> torch.optim.Optimizer:
    return torch.optim.SGD(parameters, lr=config.learning_rate, momentum=config.momentum, fused=True)


def build_optimizer(config: Optimizer, parameters: Sequence[Tensor]) -> torch.optim.Optimizer:
    """One fused optimizer over a network's stacked parameters, each of shape (seeds, ...)."""
    builder = cast(Builder, loaded(OPTIMIZERS, config.name, guarded_optimizer))
    return builder(parameters, config, parameters[0].is_cuda)
