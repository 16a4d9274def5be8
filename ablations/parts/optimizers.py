"""Optimizers. Only elementwise ones: on a stack of seeds they act on each seed as if it were alone.

The built-in ones call the kernels of torch.optim's fused optimizers, with which they agree to the bit, but not the
classes around these: their first step loads PyTorch's compiler, over 100 MiB and a second in every process.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, cast

import torch
from torch import Tensor

from ablations.config import Optimizer
from ablations.config.parts import OPTIMIZERS
from ablations.parts.guards import guarded_optimizer, loaded

EPSILON = 1e-8
"""Of Adam (Kingma and Ba 2015, arXiv:1412.6980), PyTorch's default."""


class AnyOptimizer(Protocol):
    """What training asks of an optimizer: torch.optim's are some."""

    @property
    def state(self) -> Mapping[Tensor, dict[str, Any]]:
        """By parameter; empty before the first step."""

    def step(self) -> object:
        """Update the parameters by their `grad`, which all have."""

    def state_dict(self) -> dict[str, Any]:
        """At "state" by the parameter's index."""

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None:
        """Take what `state_dict` gave."""


Builder = Callable[[Sequence[Tensor], Optimizer, bool], AnyOptimizer]


class Fused(ABC):
    """All parameters in one call of a kernel, which is one name on CPUs and GPUs; its state has the names and shapes of
    torch.optim's.
    """

    def __init__(self, parameters: Sequence[Tensor], config: Optimizer, on_gpu: bool) -> None:
        self._parameters = list(parameters)
        self._config = config
        self.state: dict[Tensor, dict[str, Tensor]] = {}

    @torch.no_grad()
    def step(self) -> None:
        gradients = [cast(Tensor, parameter.grad) for parameter in self._parameters]
        self._update(gradients, first=not self.state)

    @abstractmethod
    def _update(self, gradients: list[Tensor], *, first: bool) -> None:
        """In place; the first of all makes the state."""

    def _kept(self, name: str) -> list[Tensor]:
        return [self.state[parameter][name] for parameter in self._parameters]

    def state_dict(self) -> dict[str, Any]:
        return {"state": {index: dict(self.state[p]) for index, p in enumerate(self._parameters) if p in self.state}}

    def load_state_dict(self, state_dict: dict[str, Any], /) -> None:
        self.state = {
            self._parameters[index]: {name: value.to(self._parameters[index].device) for name, value in values.items()}
            for index, values in state_dict["state"].items()
        }


class Adam(Fused):
    """Kingma and Ba 2015 (arXiv:1412.6980), algorithm 1."""

    def _update(self, gradients: list[Tensor], *, first: bool) -> None:
        if first:
            self.state = {
                p: {
                    "step": torch.zeros((), dtype=torch.float32, device=p.device),
                    "exp_avg": torch.zeros_like(p),
                    "exp_avg_sq": torch.zeros_like(p),
                }
                for p in self._parameters
            }
        steps = self._kept("step")
        torch._foreach_add_(steps, 1)
        torch._fused_adam_(
            self._parameters, gradients, self._kept("exp_avg"), self._kept("exp_avg_sq"), [], steps,
            lr=self._config.learning_rate, beta1=self._config.beta1, beta2=self._config.beta2, eps=EPSILON,
            weight_decay=0.0, amsgrad=False, maximize=False,
        )  # fmt: skip


class Sgd(Fused):
    """Stochastic gradient descent, with momentum where it is not 0 (Polyak 1964, as PyTorch has it)."""

    def _update(self, gradients: list[Tensor], *, first: bool) -> None:
        rate, momentum = self._config.learning_rate, self._config.momentum
        if first and momentum:
            # Their first values are the gradients, which the kernel writes.
            pairs = zip(self._parameters, gradients, strict=True)
            self.state = {parameter: {"momentum_buffer": torch.empty_like(g)} for parameter, g in pairs}
        buffers = self._kept("momentum_buffer") if momentum else []
        torch._fused_sgd_(
            self._parameters, gradients, buffers, lr=rate, momentum=momentum, is_first_step=first and momentum > 0,
            weight_decay=0.0, dampening=0.0, nesterov=False, maximize=False,
        )  # fmt: skip


def build_optimizer(config: Optimizer, parameters: Sequence[Tensor]) -> AnyOptimizer:
    """One optimizer over a network's stacked parameters, each of shape (seeds, ...)."""
    builder = cast(Builder, loaded(OPTIMIZERS, config.name, guarded_optimizer))
    return builder(parameters, config, parameters[0].is_cuda)
