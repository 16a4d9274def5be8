"""Output layers: what stands after the last weights of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from ablations.config.parts import OUTPUTS
from ablations.parts.elementwise import hyperbolic_tangent
from ablations.parts.layers import Elementwise, Layer


@dataclass(frozen=True)
class Output:
    """The layers, and how D's output is read as the probability that its input is real."""

    layers: tuple[Layer, ...]
    probability: Callable[[Tensor], Tensor]


def output(name: str) -> Output:
    return cast(Output, OUTPUTS[name].load())


SIGMOID = Output((Elementwise(torch.sigmoid_),), lambda outputs: outputs)
TANH = Output((Elementwise(hyperbolic_tangent),), lambda outputs: (outputs + 1) / 2)
LOGITS = Output((), torch.sigmoid)
