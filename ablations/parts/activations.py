"""Activations: from a network's settings to a function of a tensor.

In place where the gradient needs the output only: what comes in is always the fresh output of another layer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.config import Network
from ablations.config.parts import ACTIVATIONS
from ablations.parts.elementwise import hyperbolic_tangent
from ablations.parts.guards import guarded_activation, loaded

Function = Callable[[Tensor], Tensor]


def activation(network: Network) -> Function:
    return cast(Function, loaded(ACTIVATIONS, network.activation, guarded_activation)(network))


def sigmoid(network: Network) -> Function:
    return torch.sigmoid_


def relu(network: Network) -> Function:
    return torch.relu_


def leaky_relu(network: Network) -> Function:
    return partial(F.leaky_relu_, negative_slope=network.slope)


def gelu(network: Network) -> Function:
    return F.gelu


def tanh(network: Network) -> Function:
    return hyperbolic_tangent
