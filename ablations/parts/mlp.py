"""Dense networks: one layer for each width in `hidden`."""

from __future__ import annotations

from ablations.config import Network
from ablations.data import DataShape
from ablations.parts.blocks import block
from ablations.parts.layers import Layer, Linear
from ablations.parts.networks import Architecture


def _dense(network: Network, inputs: int, outputs: int) -> list[Layer]:
    layers: list[Layer] = []
    for index, width in enumerate(network.hidden):
        layers += block(network, index, [Linear(f"hidden.{index}", inputs, width)], (width,))
        inputs = width
    return [*layers, Linear("output", inputs, outputs)]


def _generator(network: Network, inputs: int, shape: DataShape) -> list[Layer]:
    return _dense(network, inputs, shape.values)


def _discriminator(network: Network, shape: DataShape, labels: int) -> list[Layer]:
    return _dense(network, shape.values + labels, 1)


MLP = Architecture(generator=_generator, discriminator=_discriminator)
