"""Initial tensors of a stack: a function of the seed, the network and the tensor's name, never of the variant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ablations.parts.initializations import initial_values
from ablations.parts.layers import TensorSpec
from ablations.training.random_streams import generator


def initial_tensors(
    scheme: str,
    network: str,
    specs: Sequence[TensorSpec],
    seeds: Sequence[int],
    device: torch.device,
    dtype: torch.dtype,
) -> dict[str, Tensor]:
    """The tensors of a stack: name to values of shape (seeds, *shape)."""
    values = {}
    for spec in specs:
        stack = torch.empty(len(seeds), *spec.shape, dtype=dtype)
        for place, seed in zip(stack, seeds, strict=True):  # drawn in float64, one seed at a time: a stack is large
            drawn = initial_values(scheme, generator(seed, "init", f"{network}.{spec.name}"), spec)
            place.copy_(torch.from_numpy(np.asarray(drawn)))
        values[spec.name] = stack.to(device)
    return values
