"""Initial tensors of a stack: a function of the seed, the network and the tensor's name, never of the variant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ablations.parts.initializations import initial_values
from ablations.parts.module_layer import ModuleLayer
from ablations.parts.networks import StackedNetwork
from ablations.training.random_streams import generator

DEFAULT = "framework"
"""The scheme that leaves a module as it is made."""


def initial_tensors(
    scheme: str,
    name: str,
    network: StackedNetwork,
    seeds: Sequence[int],
    device: torch.device,
    dtype: torch.dtype,
) -> dict[str, Tensor]:
    """The tensors of a stack: name to values of shape (seeds, *shape); `name` is that of the network.

    A module of a user's own starts as it is made under the scheme "framework"; other schemes give values to its
    parameters as to those of every network.
    """
    if network.own is not None:
        return _of_module(scheme, name, network.own, seeds, device, dtype)
    values = {}
    for spec in network.tensors:
        stack = torch.empty(len(seeds), *spec.shape, dtype=dtype)
        for place, seed in zip(stack, seeds, strict=True):  # drawn in float64, one seed at a time: a stack is large
            drawn = initial_values(scheme, generator(seed, "init", f"{name}.{spec.name}"), spec)
            place.copy_(torch.from_numpy(np.asarray(drawn)))
        values[spec.name] = stack.to(device)
    return values


def _of_module(
    scheme: str, name: str, module: ModuleLayer, seeds: Sequence[int], device: torch.device, dtype: torch.dtype
) -> dict[str, Tensor]:
    each = []
    for seed in seeds:
        own = module.initial(int(generator(seed, "init", name).integers(2**63)))
        for spec in module.tensors:
            if scheme != DEFAULT and not spec.is_buffer:
                drawn = initial_values(scheme, generator(seed, "init", f"{name}.{spec.name}"), spec)
                own[spec.name] = torch.from_numpy(np.asarray(drawn))
        each.append(own)
    stacks = {spec.name: torch.stack([own[spec.name] for own in each]) for spec in module.tensors}
    for spec in module.tensors:
        if spec.role == "weight" and len(spec.shape) == 2:
            # As matrix products give the gradients of an nn.Linear: else each of them would be copied into order.
            stacks[spec.name] = stacks[spec.name].mT.contiguous().mT
    return {key: v.to(device, dtype if v.is_floating_point() else None) for key, v in stacks.items()}
