"""The small convolutional network that both extractors of this project are made of."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

FEATURES = 64
WIDTHS = (16, 32, 64)
"""Channels after each layer; each halves height and width."""

Shape = tuple[int, int, int]
"""Channels, height, width."""


def trunk(shape: Shape, *, widths: Sequence[int] = WIDTHS, features: int = FEATURES) -> nn.Sequential:
    """Images (n, *shape) in [0, 1] to features (n, `features`); each layer is followed by BatchNorm, for training.

    Its first values are those of `initialize`, which takes the generator; the global one is left as it was.
    """
    channels, height, width = shape
    layers: list[nn.Module] = []
    with torch.random.fork_rng(devices=[]):
        for number, wide in enumerate(widths):
            kernel = 3 if number else 5
            layers += [nn.Conv2d(channels, wide, kernel, stride=2, padding=kernel // 2), nn.BatchNorm2d(wide)]
            layers.append(nn.ReLU())
            channels, height, width = wide, (height + 1) // 2, (width + 1) // 2
        layers += [nn.Flatten(), nn.Linear(channels * height * width, features), nn.BatchNorm1d(features)]
    return nn.Sequential(*layers)


def linear(inputs: int, outputs: int) -> nn.Linear:
    """A layer whose first values are those of `initialize`; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        return nn.Linear(inputs, outputs)


def initialize(network: nn.Module, generator: torch.Generator) -> None:
    """He's normal weights (2015, arXiv:1502.01852), and biases of 0."""
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, generator=generator)
            nn.init.constant_(layer.get_parameter("bias"), 0.0)


def folded(network: nn.Sequential) -> nn.Sequential:
    """The same function, in eval mode, without BatchNorm: each is merged into the layer before it."""
    layers: list[nn.Module] = []
    for layer in network.eval():
        if not isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            layers.append(layer)
        elif isinstance(layers[-1], nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        elif isinstance(layers[-1], nn.Linear):
            layers[-1] = fuse_linear_bn_eval(layers[-1], layer)
    return nn.Sequential(*layers).eval()


def in_unit_range(images: Tensor) -> Tensor:
    """uint8 images as float32 in [0, 1]; a channel is added to images (n, height, width)."""
    images = images if images.ndim == 4 else images.unsqueeze(1)
    return images.float() / 255
