"""Initial values of a tensor, drawn from a generator that is given. Buffers start alike in all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from ablations.config.parts import INITIALIZATIONS
from ablations.parts.guards import guarded_initialization, loaded
from ablations.parts.layers import TensorSpec

Values = NDArray[Any]
Scheme = Callable[[np.random.Generator, TensorSpec], Values]

_CONSTANTS: Mapping[str, float] = {"scale": 1.0, "shift": 0.0, "running_mean": 0.0, "running_var": 1.0}


def initial_values(scheme: str, rng: np.random.Generator, spec: TensorSpec) -> Values:
    """The values of one seed's tensor under a scheme, of the tensor's shape."""
    if spec.role == "singular_vector":
        direction = rng.standard_normal(spec.shape)
        return cast(Values, direction / np.linalg.norm(direction))
    if spec.is_buffer:
        return np.full(spec.shape, _CONSTANTS[spec.role])
    return cast(Scheme, loaded(INITIALIZATIONS, scheme, guarded_initialization))(rng, spec)


def framework(rng: np.random.Generator, spec: TensorSpec) -> Values:
    """PyTorch's default: weights and biases of a layer uniform within 1 / sqrt(fan_in)."""
    if spec.role in _CONSTANTS:
        return np.full(spec.shape, _CONSTANTS[spec.role])
    bound = 1 / math.sqrt(spec.fan_in)
    return rng.uniform(-bound, bound, spec.shape)


def xavier(rng: np.random.Generator, spec: TensorSpec) -> Values:
    """S3: weights Xavier normal (Glorot and Bengio 2010), every other parameter uniform in [0.1, 0.2)."""
    if spec.role == "weight":
        return rng.normal(0.0, math.sqrt(2 / (spec.fan_in + spec.fan_out)), spec.shape)
    return rng.uniform(0.1, 0.2, spec.shape)


def normal(rng: np.random.Generator, spec: TensorSpec) -> Values:
    """S4: weights normal with a standard deviation of 0.01, biases zero."""
    if spec.role == "weight":
        return rng.normal(0.0, 0.01, spec.shape)
    return np.full(spec.shape, _CONSTANTS.get(spec.role, 0.0))
