"""The networks of a variant as a person writes them: torch.nn modules for one seed; nothing of the harness."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations

from ablations.config import Network, Variant
from ablations.data import DataShape

ACTIVATIONS: dict[str, Callable[..., nn.Module]] = {
    "sigmoid": lambda slope: nn.Sigmoid(),
    "relu": lambda slope: nn.ReLU(),
    "leaky_relu": nn.LeakyReLU,
    "gelu": lambda slope: nn.GELU(),
}


SPECTRAL = {
    "parametrizations.weight.original": "weight",
    "parametrizations.weight.0._u": "",
    "parametrizations.weight.0._v": "singular_vector",
}
"""PyTorch's names of what the harness calls otherwise, or not at all."""


class GivenDropout(nn.Module):
    """Dropout whose masks come from outside."""

    masks: Iterator[Tensor] = iter(())

    def forward(self, x: Tensor) -> Tensor:
        return x * next(type(self).masks) if self.training else x


class Planes(nn.Module):
    def __init__(self, shape: DataShape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        size, side = self.shape.values, self.shape.height
        image = x[:, :size].view(-1, self.shape.channels, side, side)
        if x.shape[1] == size:
            return image
        return torch.cat([image, x[:, size:, None, None].repeat(1, 1, side, side)], 1)


class View(nn.Module):
    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.view(-1, *self.shape)


def block(network: Network, layers: list[nn.Module], shape: tuple[int, ...]) -> list[nn.Module]:
    activation: list[nn.Module] = [ACTIVATIONS[network.activation](network.slope)]
    norm: list[nn.Module] = []
    if network.normalization == "layer":
        norm = [nn.LayerNorm(shape)]
    elif network.normalization == "batch":
        norm = [nn.BatchNorm1d(shape[0]) if len(shape) == 1 else nn.BatchNorm2d(shape[0])]
    both = norm + activation if network.normalization_first else activation + norm
    return layers + both + ([GivenDropout()] if network.dropout else [])


def normed(network: Network, module: nn.Module) -> nn.Module:
    """A layer with weights, under PyTorch's own spectral normalisation where the network has it."""
    return parametrizations.spectral_norm(module) if network.weight_norm == "spectral" else module


def discriminator(variant: Variant, shape: DataShape) -> nn.Sequential:
    network, labels = variant.discriminator, (shape.classes or 0) * variant.conditional
    layers: list[nn.Module] = []
    if network.architecture == "mlp":
        size = shape.values + labels
        for width in network.hidden:
            layers += block(network, [normed(network, nn.Linear(size, width))], (width,))
            size = width
    else:
        layers, channels, side = [Planes(shape)], shape.channels + labels, shape.height
        for width, kernel in zip(network.hidden, network.kernels, strict=True):
            side = (side - kernel) // 2 + 1
            convolution = normed(network, nn.Conv2d(channels, width, kernel, stride=2))
            layers += block(network, [convolution], (width, side, side))
            channels = width
        layers.append(nn.Flatten())
        size = channels * side * side
    layers.append(normed(network, nn.Linear(size, 1)))
    return nn.Sequential(*layers, *([nn.Sigmoid()] if network.output == "sigmoid" else []))


def generator(variant: Variant, shape: DataShape) -> nn.Sequential:
    network = variant.generator
    size = variant.latent.size + (shape.classes or 0) * variant.conditional
    layers: list[nn.Module] = []
    if network.architecture == "mlp":
        for width in network.hidden:
            layers += block(network, [normed(network, nn.Linear(size, width))], (width,))
            size = width
        layers.append(normed(network, nn.Linear(size, shape.values)))
    else:  # of two transposed convolutions: maps of `first` pixels, then of `second`, then an image
        one, other = network.kernels
        second = (shape.height - other) // 2 + 1
        first = (second - one) // 2 + 1
        width, next_width = network.hidden
        dense = normed(network, nn.Linear(size, width * first**2))
        layers = block(network, [dense, View(width, first, first)], (width, first, first))
        pads = second - ((first - 1) * 2 + one), shape.height - ((second - 1) * 2 + other)
        up = nn.ConvTranspose2d(width, next_width, one, stride=2, output_padding=pads[0])
        layers += block(network, [normed(network, up)], (next_width, second, second))
        last = nn.ConvTranspose2d(next_width, shape.channels, other, stride=2, output_padding=pads[1])
        layers += [normed(network, last), nn.Flatten()]
    return nn.Sequential(*layers, nn.Sigmoid() if network.output == "sigmoid" else nn.Tanh())


def load(module: nn.Sequential, weights: dict[str, Any], prefix: str) -> nn.Sequential:
    """Fill a module with the harness's values, in the order of the layers.

    PyTorch's spectral normalisation keeps two vectors, of which it makes the first anew from the second in each pass.
    """
    values = {
        key.removeprefix(prefix): torch.from_numpy(value) for key, value in weights.items() if key.startswith(prefix)
    }
    norms = hidden = 0
    weighted = [m for m in module if isinstance(m, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))]
    state: dict[str, Tensor] = {}
    for index, layer in enumerate(module):
        if layer is weighted[-1]:
            name = "output"
        elif layer in weighted:
            name, hidden = f"hidden.{hidden}", hidden + 1
        elif isinstance(layer, (nn.LayerNorm, nn.BatchNorm1d, nn.BatchNorm2d)):
            name, norms = f"norm.{norms}", norms + 1
        else:
            continue
        for key in layer.state_dict():
            ours = SPECTRAL.get(key, key)
            if ours and key != "num_batches_tracked":
                state[f"{index}.{key}"] = values.pop(f"{name}.{ours}")
    assert not values, f"the harness has tensors that the plain network lacks: {sorted(values)}"
    module.double().load_state_dict(state, strict=False)
    return module


def dump(module: nn.Sequential) -> list[np.ndarray[Any, Any]]:
    skipped = ("num_batches_tracked", "_u")
    return [v.detach().numpy().copy() for k, v in module.state_dict().items() if not k.endswith(skipped)]


def split(variant: Variant, shape: DataShape, weights: dict[str, Any]) -> dict[str, list[np.ndarray[Any, Any]]]:
    """The harness's values of both networks in the order of `dump`."""
    modules = {"generator": generator(variant, shape), "discriminator": discriminator(variant, shape)}
    return {side: dump(load(module, weights, f"{side}.")) for side, module in modules.items()}
