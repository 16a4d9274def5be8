"""A frozen trunk in the arrangement that a processor computes fastest: the same function, with other last bits.

Three things took most of its time beside the convolutions themselves, which run at the speed of matrix products:

- The first convolution, since a channel or three are too few to fill a vector. Where the width is even, two
  neighbouring columns become channels, without a value being moved: five columns of a kernel become three pairs.
- The last layer, since float32 products in full precision go to a library that is held to its slowest kernels so that
  its bits repeat (`training.instruction_set`). oneDNN, which the convolutions use, has no such need.
- ReLU, since each put its values into memory of their own.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ablations.scoring.extractors.trunk import Shape

PAIR = 2
"""Columns that become channels: the stride, so that each output still begins at a channel of its own."""


class ArrangedTrunk:
    """From images (n, *shape) in [0, 1] to what a `folded` trunk gives, (n, features), without gradients."""

    def __init__(self, network: nn.Sequential, shape: Shape) -> None:
        first, *self._others = (layer for layer in network if isinstance(layer, nn.Conv2d))
        last = next(layer for layer in network if isinstance(layer, nn.Linear))
        self._first = _Paired(first) if shape[2] % PAIR == 0 else first
        channels = ([first, *self._others])[-1].out_channels
        self._weight, self._bias = _channels_behind(last.weight, channels), last.bias

    def __call__(self, images: Tensor) -> Tensor:
        hidden = self._first(images.contiguous(memory_format=torch.channels_last)).relu_()
        for layer in self._others:
            hidden = layer(hidden).relu_()
        return product(hidden.permute(0, 2, 3, 1).flatten(1), self._weight, self._bias)


class _Paired:
    """A convolution of stride 2 with pairs of columns as channels."""

    def __init__(self, layer: nn.Conv2d) -> None:
        weight, (above, left) = layer.weight, _padding(layer)
        outputs, channels, rows, columns = weight.shape
        # A kernel that begins between pairs is moved to the beginning of one, and ends with the end of one.
        before = -left % PAIR
        pairs = -(-(before + columns) // PAIR)
        wide = F.pad(weight, (before, pairs * PAIR - before - columns))
        paired = wide.view(outputs, channels, rows, pairs, PAIR).permute(0, 4, 1, 2, 3)
        self._weight = paired.reshape(outputs, PAIR * channels, rows, pairs).contiguous(
            memory_format=torch.channels_last
        )
        self._bias, self._padding = layer.bias, (above, (left + before) // PAIR)

    def __call__(self, images: Tensor) -> Tensor:
        count, channels, height, width = images.shape
        rows = images.permute(0, 2, 3, 1).reshape(count, height, width // PAIR, PAIR * channels)
        return F.conv2d(rows.permute(0, 3, 1, 2), self._weight, self._bias, (PAIR, 1), self._padding)


def _padding(layer: nn.Conv2d) -> tuple[int, int]:
    """Rows above and columns to the left."""
    assert not isinstance(layer.padding, str), "the trunk states its padding in pixels"
    above, left = layer.padding
    return above, left


def _channels_behind(weight: Tensor, channels: int) -> Tensor:
    """The weight of a layer after `nn.Flatten`, for values (height, width, channels) as they lie in memory."""
    places = weight.shape[1] // channels
    return weight.view(-1, channels, places).transpose(1, 2).reshape(weight.shape).contiguous()


def product(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """`F.linear` by oneDNN where PyTorch has it; within `full_precision` in full float32."""
    if rows.device.type == "cpu" and torch.backends.mkldnn.is_available():
        found: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
        return found
    return F.linear(rows, weight, bias)
