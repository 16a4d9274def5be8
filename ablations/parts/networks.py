"""The two networks as data turned into layers: a registry of architectures, one builder for each of G and D.

The names of tensors follow their place (`hidden.0.weight`, `norm.0.bias`, `output.weight`), never the variant, so that
two variants that share a tensor start it from the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.config import Network, Variant
from ablations.config.rules import feature_sizes
from ablations.parts.layers import (
    BatchNorm,
    Convolution,
    Dropout,
    Elementwise,
    Layer,
    LayerNorm,
    Linear,
    Pass,
    Reshape,
    Tensors,
    TensorSpec,
    TransposedConvolution,
    Weightless,
)

CLASSES = 10
SIDE = 28
PIXELS = SIDE * SIDE

ACTIVATIONS: Mapping[str, Callable[[float], Callable[[Tensor], Tensor]]] = {
    "sigmoid": lambda slope: torch.sigmoid_,
    "relu": lambda slope: torch.relu_,
    "leaky_relu": lambda slope: partial(F.leaky_relu_, negative_slope=slope),
    "gelu": lambda slope: F.gelu,
    "tanh": lambda slope: torch.tanh_,
}
"""In place where the gradient needs the output only: what comes in is always the fresh output of another layer."""

OUTPUTS: Mapping[str, tuple[Layer, ...]] = {
    "sigmoid": (Elementwise(torch.sigmoid_),),
    "tanh": (Elementwise(torch.tanh_),),
    "logits": (),
}

PROBABILITIES: Mapping[str, Callable[[Tensor], Tensor]] = {"sigmoid": lambda d: d, "logits": torch.sigmoid}
"""D's output as the probability that its input is real."""

_NORMALIZATIONS: Mapping[str, Callable[[str, tuple[int, ...]], tuple[Layer, ...]]] = {
    "none": lambda name, shape: (),
    "layer": lambda name, shape: (LayerNorm(name, shape),),
    "batch": lambda name, shape: (BatchNorm(name, shape[0]),),
}


@dataclass(frozen=True)
class StackedNetwork:
    """A network as a list of layers. Its tensors live outside, stacked over seeds."""

    layers: tuple[Layer, ...]
    uses_batch_statistics: bool
    """True: samples of a batch influence each other, so that real and fake must pass apart."""

    @property
    def tensors(self) -> tuple[TensorSpec, ...]:
        return tuple(spec for layer in self.layers for spec in layer.tensors)

    @property
    def mask_shapes(self) -> tuple[tuple[int, ...], ...]:
        """One shape (of one sample) for each dropout layer."""
        return tuple(layer.shape for layer in self.layers if isinstance(layer, Dropout))

    def __call__(
        self, tensors: Tensors, inputs: Tensor, *, training: bool, masks: Sequence[Tensor] | Iterator[Tensor] = ()
    ) -> Tensor:
        run = Pass(tensors, training, iter(masks))
        for layer in self.layers:
            inputs = layer(inputs, run)
        return inputs


def generator_network(variant: Variant) -> StackedNetwork:
    """Latents (and a one-hot label) of shape (seeds, batch, size [+ 10]) to images (seeds, batch, 784)."""
    inputs = variant.latent.size + (CLASSES if variant.conditional else 0)
    return _stacked(variant.generator, _GENERATORS[variant.generator.architecture](variant.generator, inputs))


def discriminator_network(variant: Variant) -> StackedNetwork:
    """Images (and a one-hot label) of shape (seeds, batch, 784 [+ 10]) to D's output (seeds, batch, 1)."""
    labels = CLASSES if variant.conditional else 0
    network = variant.discriminator
    return _stacked(network, _DISCRIMINATORS[network.architecture](network, labels))


def join(inputs: Tensor, labels: Tensor | None) -> Tensor:
    """Append one-hot labels, where there are any: (seeds, batch, n) and (seeds, batch) to (seeds, batch, n + 10)."""
    if labels is None:
        return inputs
    return torch.cat([inputs, F.one_hot(labels, CLASSES).to(inputs.dtype)], -1)


def _stacked(network: Network, layers: Sequence[Layer]) -> StackedNetwork:
    everything = (*layers, *OUTPUTS[network.output])
    return StackedNetwork(everything, any(isinstance(layer, BatchNorm) for layer in everything))


def _block(network: Network, index: int, layers: Sequence[Layer], shape: tuple[int, ...]) -> list[Layer]:
    """Layers with their activation, normalisation and dropout; `shape` is that of one sample of their output."""
    activation = (Elementwise(ACTIVATIONS[network.activation](network.slope)),)
    normalization = _NORMALIZATIONS[network.normalization](f"norm.{index}", shape)
    ordered = normalization + activation if network.normalization_first else activation + normalization
    dropout = (Dropout(shape),) if network.dropout else ()
    return [*layers, *ordered, *dropout]


def _mlp(network: Network, inputs: int, outputs: int) -> list[Layer]:
    layers: list[Layer] = []
    for index, width in enumerate(network.hidden):
        layers += _block(network, index, [Linear(f"hidden.{index}", inputs, width)], (width,))
        inputs = width
    return [*layers, Linear("output", inputs, outputs)]


def _cnn_discriminator(network: Network, labels: int) -> list[Layer]:
    """Stride-2 convolutions, then a dense layer (S1). A label becomes ten constant planes beside the image."""
    channels = 1 + labels
    layers: list[Layer] = [LabelPlanes() if labels else Reshape((1, SIDE, SIDE))]
    sizes = feature_sizes(network.kernels)
    for index, (width, kernel, size) in enumerate(zip(network.hidden, network.kernels, sizes, strict=True)):
        layers += _block(
            network, index, [Convolution(f"hidden.{index}", channels, width, kernel, size)], (width, size, size)
        )
        channels = width
    features = channels * sizes[-1] ** 2
    return [*layers, Reshape((features,)), Linear("output", features, 1)]


def _cnn_generator(network: Network, inputs: int) -> list[Layer]:
    """The mirror image: a dense layer to `hidden[0]` small maps, then transposed convolutions to one 28x28 image."""
    sizes = (SIDE, *feature_sizes(network.kernels[::-1]))[::-1]
    first = (network.hidden[0], sizes[0], sizes[0])
    dense = Linear("hidden.0", inputs, network.hidden[0] * sizes[0] ** 2)
    layers = _block(network, 0, [dense, Reshape(first)], first)
    channels = (*network.hidden[1:], 1)
    for index, (width, kernel) in enumerate(zip(channels, network.kernels, strict=True), start=1):
        size, target = sizes[index - 1], sizes[index]
        padding = target - ((size - 1) * 2 + kernel)
        last = index == len(channels)
        name = "output" if last else f"hidden.{index}"
        layer = TransposedConvolution(name, network.hidden[index - 1], width, kernel, size, padding)
        layers += [layer] if last else _block(network, index, [layer], (width, target, target))
    return [*layers, Reshape((PIXELS,))]


@dataclass(frozen=True)
class LabelPlanes(Weightless):
    """Image and one-hot label (784 + 10 values) to 1 + 10 planes of 28x28, the label's constant."""

    tensors: tuple[TensorSpec, ...] = ()

    def __call__(self, inputs: Tensor, run: Pass) -> Tensor:
        image = inputs[..., :PIXELS].reshape(*inputs.shape[:2], 1, SIDE, SIDE)
        planes = inputs[..., PIXELS:, None, None].expand(*inputs.shape[:2], CLASSES, SIDE, SIDE)
        return torch.cat([image, planes], 2)


_GENERATORS: Mapping[str, Callable[[Network, int], list[Layer]]] = {
    "mlp": lambda network, inputs: _mlp(network, inputs, PIXELS),
    "cnn": _cnn_generator,
}
_DISCRIMINATORS: Mapping[str, Callable[[Network, int], list[Layer]]] = {
    "mlp": lambda network, labels: _mlp(network, PIXELS + labels, 1),
    "cnn": _cnn_discriminator,
}
