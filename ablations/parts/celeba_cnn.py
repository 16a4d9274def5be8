"""The book's convolutional pair for faces (S1): D with a dense layer behind plain maps, G with BatchNorm at its output.

It differs from `cnn` in where normalisation stands, and in G's size, which is cut to the image's at the end: D's last
convolution has none, nor has G's dense layer, but G's last transposed convolution has one, before the output layer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from ablations.config import Network
from ablations.config.errors import ConfigError
from ablations.config.parts import NORMALIZATIONS
from ablations.data import DataShape
from ablations.parts.blocks import block
from ablations.parts.cnn import LabelPlanes, feature_sizes
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


def _discriminator(network: Network, shape: DataShape, labels: int) -> list[Layer]:
    """Convolutions, the last without normalisation, then a dense layer."""
    sizes = feature_sizes(network.kernels, shape.height) if shape.height == shape.width else ()
    if not sizes:
        raise ConfigError(
            f"discriminator.kernels={network.kernels} do not fit images of {shape} at stride 2; take square images, or "
            "fewer or smaller kernels"
        )
    channels = shape.channels + labels
    layers: list[Layer] = [LabelPlanes(shape) if labels else Reshape(shape.image)]
    for index, (width, kernel, size) in enumerate(zip(network.hidden, network.kernels, sizes, strict=True)):
        own = _plain(network) if index == len(network.hidden) - 1 else network
        layers += block(
            own, index, [Convolution(f"hidden.{index}", channels, width, kernel, size)], (width, size, size)
        )
        channels = width
    features = channels * sizes[-1] ** 2
    return [*layers, Reshape((features,)), Linear("output", features, 1)]


def _generator(network: Network, inputs: int, shape: DataShape) -> list[Layer]:
    """A dense layer to `hidden[0]` small maps, then transposed convolutions, cut to the image, and a normalisation."""
    start, sizes = grown(network.kernels, shape)
    first = (network.hidden[0], start, start)
    dense = Linear("hidden.0", inputs, network.hidden[0] * start**2)
    layers = block(_plain(network), 0, [dense, Reshape(first)], first)
    channels = (*network.hidden[1:], shape.channels)
    for index, (width, kernel) in enumerate(zip(channels, network.kernels, strict=True), start=1):
        last = index == len(channels)
        side, target = (start, *sizes)[index - 1 : index + 1]
        name = "output" if last else f"hidden.{index}"
        layer = TransposedConvolution(name, network.hidden[index - 1], width, kernel, side, 0)
        layers += [layer] if last else block(network, index, [layer], (width, target, target))
    edge = (sizes[-1] - shape.height) // 2
    normal = NORMALIZATIONS[network.normalization].load()(f"norm.{len(channels)}", shape.image)
    return [*layers, *([Crop(edge)] if edge else []), *normal, Reshape((shape.values,))]


def grown(kernels: Sequence[int], shape: DataShape) -> tuple[int, tuple[int, ...]]:
    """The side of the first maps, and those after each transposed convolution: the smallest that cover the image, and
    by as much on either side (the book: 11, 28, 62, 130, of which 128 are kept).

    Raises:
        ConfigError: no first maps lead there, or the images are not square.
    """
    for start in range(1, shape.height + 1):
        sizes, side = [], start
        for kernel in kernels:
            side = (side - 1) * 2 + kernel
            sizes.append(side)
        if side >= shape.height == shape.width and (side - shape.height) % 2 == 0:
            return start, tuple(sizes)
    raise ConfigError(f"generator.kernels={tuple(kernels)} lead to no image of {shape} at stride 2; take other ones")


def _plain(network: Network) -> Network:
    return dataclasses.replace(network, normalization="none")


@dataclass(frozen=True)
class Crop(Weightless):
    """Maps without so many pixels at each edge: the padding of torch.nn.ConvTranspose2d."""

    edge: int
    tensors: tuple[TensorSpec, ...] = ()

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        return inputs[..., self.edge : -self.edge, self.edge : -self.edge]


CELEBA_CNN = Architecture(generator=_generator, discriminator=_discriminator)
