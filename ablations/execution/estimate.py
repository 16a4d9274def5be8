"""What a training step must at least cost: floating-point operations and bytes moved, counted from the networks.

The counts are exact for weight products and for the parameters' traffic; they leave out what is small beside these.
They give plans their estimate of time and benchmarks their floor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablations.config import Variant
from ablations.config.own_parts import PartError, silenced
from ablations.config.parts import OPTIMIZERS
from ablations.data import DataShape
from ablations.data.shape import MNIST_SHAPE as SHAPE

if TYPE_CHECKING:
    from ablations.parts.networks import StackedNetwork

_FLOAT = 4

# Rates of one core that make the estimates: rounded from runs on a server core, good to a factor of about two
# elsewhere.
_DENSE_RATE = 7e10
_CONVOLUTION_RATE = 6e9
_MEMORY_RATE = 8e9
_STEP_SECONDS = 2.5e-3
"""Of a whole stack's step, however small: the launching of its operations."""
EVALUATION_SECONDS = 0.4
"""Of one seed: 10,000 samples, their features and their score, where nothing was measured."""


@dataclass(frozen=True)
class StepCost:
    """Of one iteration of one seed."""

    dense_flops: float
    convolution_flops: float
    parameter_bytes: float

    @property
    def flops(self) -> float:
        return self.dense_flops + self.convolution_flops


def step_cost(variant: Variant, shape: DataShape = SHAPE) -> StepCost:
    """Count the products of the passes that an iteration cannot do without, two operations each, and the parameters'
    bytes.

    D's update on real and fake: forward, gradient of weights, gradient of all inputs but the first layer's; G forward
    once. G's update: G forward (not again where it shares D's latents), D forward, gradient of all D's inputs, and G
    backward.
    """
    from ablations.parts.networks import build_networks  # imports torch

    networks = build_networks(variant, shape)
    dense, convolution = (
        2 * variant.batch_size * _multiply_adds(variant, *networks, convolutional=kind) for kind in (False, True)
    )
    return StepCost(dense, convolution, _parameter_bytes(variant, *networks))


def analytic_step_seconds(cost: StepCost, width: int) -> float:
    """Of one step of one seed in a stack, reckoned from its operations; within a factor of two."""
    return (
        cost.dense_flops / _DENSE_RATE
        + cost.convolution_flops / _CONVOLUTION_RATE
        + cost.parameter_bytes / _MEMORY_RATE
        + _STEP_SECONDS / width
    )


def snapshot_bytes(variant: Variant, shape: DataShape = SHAPE) -> int:
    """Of G's weights, as they are kept at a scored step; 0 where own code fails at once."""
    from ablations.parts.networks import build_networks

    try:
        with silenced():
            network, _ = build_networks(variant, shape)
    except PartError:
        return 0
    return _FLOAT * sum(math.prod(spec.shape) for spec in network.tensors)


def _multiply_adds(variant: Variant, g: StackedNetwork, d: StackedNetwork, *, convolutional: bool) -> int:
    """Of an iteration, for one sample, in layers of one kind: the speeds of the kinds differ by a factor of ten.

    A pass forward has as many as one for the gradient of the weights, or of the inputs of all layers.
    """
    update = variant.update
    (g_all, g_first), (d_all, d_first) = (_forward(network, convolutional) for network in (g, d))
    discriminator = 2 * d_all + 2 * d_all + 2 * (d_all - d_first) + g_all
    if not update.detach:
        discriminator += d_first + g_all + (g_all - g_first)
    generator = d_all + d_all + g_all + (g_all - g_first)
    if update.generator_latents != "same":
        generator += g_all
    return discriminator * update.discriminator_steps + generator * update.generator_steps


def _forward(network: StackedNetwork, convolutional: bool) -> tuple[int, int]:
    """Multiply-adds of a pass forward in layers of one kind, and those of them that are the network's first layer."""
    layers = [layer for layer in network.layers if layer.multiply_adds]
    counts = [layer.multiply_adds if layer.convolutional == convolutional else 0 for layer in layers]
    return sum(counts), sum(counts[:1])


def _parameter_bytes(variant: Variant, generator: StackedNetwork, discriminator: StackedNetwork) -> float:
    """Each update reads the weights forward and backward, writes the gradient and runs the optimizer over it."""
    total = 0.0
    steps = variant.update.discriminator_steps * (2 if variant.update.discriminator == "two_steps" else 1)
    for network, optimizer, updates in (
        (generator, variant.generator_optimizer, variant.update.generator_steps),
        (discriminator, variant.discriminator_optimizer, steps),
    ):
        parameters = sum(spec.size for spec in network.tensors if not spec.is_buffer)
        transfers = OPTIMIZERS[optimizer.name].transfers + 3
        total += _FLOAT * parameters * transfers * updates
    return total
