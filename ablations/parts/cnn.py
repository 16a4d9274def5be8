"""Convolutional networks: one stride-2 convolution for each number of channels in `hidden` (S1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ablations.config import Network
from ablations.config.errors import ConfigError
from ablations.data import DataShape
from ablations.parts.blocks import block
from ablations.parts.layers import (
    Convolution,
    Layer,
    Linear,
    Pass,
    Reshape,
    TensorSpec,
    TransposedConvolution,
    Weightless,
)
from ablations.parts.networks import Architecture


def feature_sizes(kernels: Sequence[int], size: int) -> tuple[int, ...]:
    """Side lengths of the feature maps after each stride-2 convolution without padding; empty if one would vanish."""
    sizes = []
    for kernel in kernels:
        if size < kernel:
            return ()
        size = (size - kernel) // 2 + 1
        sizes.append(size)
    return tuple(sizes)


def _sizes(side: str, kernels: Sequence[int], shape: DataShape) -> tuple[int, ...]:
    """`feature_sizes` of an image of `shape`; raises `ConfigError` where the kernels do not fit it."""
    if shape.height != shape.width:
        raise ConfigError(f"{side}.architecture=cnn needs square images, and these are {shape}; take architecture=mlp")
    sizes = feature_sizes(kernels, shape.height)
    if not sizes:
        stated = kernels if side == "discriminator" else tuple(kernels)[::-1]
        raise ConfigError(
            f"{side}.kernels={tuple(stated)} leave nothing of a {shape.height}x{shape.width} image at stride 2; take "
            "fewer or smaller ones"
        )
    return sizes


def _discriminator(network: Network, shape: DataShape, labels: int) -> list[Layer]:
    """Convolutions, then a dense layer. A label becomes constant planes beside the image, one a class."""
    channels = shape.channels + labels
    layers: list[Layer] = [LabelPlanes(shape) if labels else Reshape(shape.image)]
    sizes = _sizes("discriminator", network.kernels, shape)
    for index, (width, kernel, size) in enumerate(zip(network.hidden, network.kernels, sizes, strict=True)):
        layers += block(
            network, index, [Convolution(f"hidden.{index}", channels, width, kernel, size)], (width, size, size)
        )
        channels = width
    features = channels * sizes[-1] ** 2
    return [*layers, Reshape((features,)), Linear("output", features, 1)]


def _generator(network: Network, inputs: int, shape: DataShape) -> list[Layer]:
    """The mirror image: a dense layer to `hidden[0]` small maps, then transposed convolutions to one image."""
    sizes = (shape.height, *_sizes("generator", network.kernels[::-1], shape))[::-1]
    first = (network.hidden[0], sizes[0], sizes[0])
    dense = Linear("hidden.0", inputs, network.hidden[0] * sizes[0] ** 2)
    layers = block(network, 0, [dense, Reshape(first)], first)
    channels = (*network.hidden[1:], shape.channels)
    for index, (width, kernel) in enumerate(zip(channels, network.kernels, strict=True), start=1):
        size, target = sizes[index - 1], sizes[index]
        padding = target - ((size - 1) * 2 + kernel)
        last = index == len(channels)
        name = "output" if last else f"hidden.{index}"
        layer = TransposedConvolution(name, network.hidden[index - 1], width, kernel, size, padding)
        layers += [layer] if last else block(network, index, [layer], (width, target, target))
    return [*layers, Reshape((shape.values,))]


@dataclass(frozen=True)
class LabelPlanes(Weightless):
    """Image and one-hot label, as one row of values, to the image's channels and a constant plane for each class."""

    shape: DataShape
    tensors: tuple[TensorSpec, ...] = ()

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        values, stack = self.shape.values, inputs.shape[:2]
        image = inputs[..., :values].reshape(*stack, *self.shape.image)
        planes = inputs[..., values:, None, None].expand(*stack, -1, self.shape.height, self.shape.width)
        return torch.cat([image, planes], 2)


CNN = Architecture(generator=_generator, discriminator=_discriminator)
