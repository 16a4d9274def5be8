"""Initial values: a function of the seed, the network and the tensor's name, never of the variant."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablations.parts.layers import TensorSpec
from ablations.training.random_streams import generator

Scheme = Callable[[np.random.Generator, TensorSpec], NDArray[Any]]

_CONSTANTS: Mapping[str, float] = {"scale": 1.0, "shift": 0.0, "running_mean": 0.0, "running_var": 1.0}


def _framework(rng: np.random.Generator, spec: TensorSpec) -> NDArray[Any]:
    """PyTorch's default: weights and biases of a layer uniform within 1 / sqrt(fan_in)."""
    if spec.role in _CONSTANTS:
        return np.full(spec.shape, _CONSTANTS[spec.role])
    bound = 1 / math.sqrt(spec.fan_in)
    return rng.uniform(-bound, bound, spec.shape)


def _xavier(rng: np.random.Generator, spec: TensorSpec) -> NDArray[Any]:
    """S3: weights Xavier normal (Glorot and Bengio 2010), every other parameter uniform in [0.1, 0.2)."""
    if spec.is_buffer:
        return np.full(spec.shape, _CONSTANTS[spec.role])
    if spec.role == "weight":
        return rng.normal(0.0, math.sqrt(2 / (spec.fan_in + spec.fan_out)), spec.shape)
    return rng.uniform(0.1, 0.2, spec.shape)


def _normal(rng: np.random.Generator, spec: TensorSpec) -> NDArray[Any]:
    """S4: weights normal with a standard deviation of 0.01, biases zero."""
    if spec.role == "weight":
        return rng.normal(0.0, 0.01, spec.shape)
    return np.full(spec.shape, _CONSTANTS.get(spec.role, 0.0))


INITIALIZATIONS: Mapping[str, Scheme] = {"framework": _framework, "xavier": _xavier, "normal": _normal}


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
            drawn = INITIALIZATIONS[scheme](generator(seed, "init", f"{network}.{spec.name}"), spec)
            place.copy_(torch.from_numpy(np.asarray(drawn)))
        values[spec.name] = stack.to(device)
    return values
