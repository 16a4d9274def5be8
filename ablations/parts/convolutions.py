"""Stride-2 convolutions of a stack of seeds: images (seeds, batch, channels, side, side), weights (seeds, ...).

`convolve` is a convolution, `convolve_transposed` the transposed one, and each is the other's gradient. With few
channels a CPU library spends most of a step on the transposed side, so that one is made here of a batched matrix
product: a run of neighbouring pixels of a row, with all their channels, times a band matrix gives the rows that they
spread to, which are added up where they overlap. A convolution runs seed by seed, which on a CPU is as fast as a
grouped one.

What comes out has its channels last in memory, whatever its shape says: that is how both are fastest.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_STRIDE = 2
_SUMS = {torch.bfloat16: torch.float32}
"""The type in which overlapping values are added up, where it is not their own."""
_WIDEST = 6
"""Pixels in a run: a longer one wastes more of its band matrix on zeros, a shorter one has more overlaps to add."""


def convolve(images: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolution without padding, as torch.nn.Conv2d: weight (seeds, outputs, inputs, k, k), bias (seeds, outputs)."""
    if images.is_cuda:
        return torch.stack([F.conv2d(*one, stride=_STRIDE) for one in zip(images, weight, bias, strict=True)])
    result: Tensor = _Convolution.apply(images, weight, bias)
    return result


def convolve_transposed(images: Tensor, weight: Tensor, bias: Tensor, side: int) -> Tensor:
    """Transposed convolution to `side` x `side`, as torch.nn.ConvTranspose2d: weight (seeds, inputs, outputs, k, k)."""
    if images.is_cuda:
        padding = side - ((images.shape[-1] - 1) * _STRIDE + weight.shape[-1])
        stack = zip(images, weight, bias, strict=True)
        return torch.stack([F.conv_transpose2d(*one, stride=_STRIDE, output_padding=padding) for one in stack])
    result: Tensor = _TransposedConvolution.apply(images, weight, bias, side)
    return result


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(images, weight)
        return _convolve(images, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        images, weight = ctx.saved_tensors
        (gradient,) = gradients
        to_images, to_weight, _ = ctx.needs_input_grad
        to_weight, to_bias = _weight_gradients(images, gradient, weight) if to_weight else (None, None)
        return _spread_out(gradient, weight, images.shape[-1]) if to_images else None, to_weight, to_bias


class _TransposedConvolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor, side: int) -> Tensor:
        ctx.save_for_backward(images, weight)
        return _spread_out(images, weight, side, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        images, weight = ctx.saved_tensors
        gradient = gradients[0].to(weight.dtype)
        to_images, to_weight, _, _ = ctx.needs_input_grad
        return (
            _gathered(gradient, weight) if to_images else None,
            _weight_gradients(gradient, images, weight)[0] if to_weight else None,
            gradients[0].sum((1, 3, 4)).to(weight.dtype) if to_weight else None,
            None,
        )


def _gathered(gradient: Tensor, weight: Tensor) -> Tensor:
    """The gradient of a transposed convolution's images; where it has a gradient itself, as for a penalty, too."""
    if not torch.is_grad_enabled():
        return _convolve(gradient, weight)
    result: Tensor = _Convolution.apply(gradient, weight, weight.new_zeros(weight.shape[:2]))
    return result


def _channels_last(images: Tensor) -> Tensor:
    """The same values with the channels last in memory."""
    return images.transpose(-3, -2).transpose(-2, -1).contiguous().transpose(-2, -1).transpose(-3, -2)


def _empty(like: Tensor, batch: int, channels: int, side: int, dtype: torch.dtype | None = None) -> Tensor:
    """Room for images. It is no view of another tensor, so that an activation may work in place on it."""
    place = (batch * side * side * channels, side * side * channels, 1, side * channels, channels)
    return torch.empty_strided(
        (len(like), batch, channels, side, side), place, dtype=dtype or like.dtype, device=like.device
    )


def _convolve(images: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    seeds, outputs, _, kernel, _ = weight.shape
    biases = [None] * seeds if bias is None else list(bias)
    stack = zip(_channels_last(images), _channels_last(weight), biases, strict=True)
    result = _empty(images, images.shape[1], outputs, (images.shape[-1] - kernel) // _STRIDE + 1)
    for place, one in zip(result, stack, strict=True):
        place.copy_(F.conv2d(*one, stride=_STRIDE))
    return result


def _spread_out(images: Tensor, weight: Tensor, side: int, bias: Tensor | None = None) -> Tensor:
    """Every value of `images` times its kernel, added up where the kernels lie: (seeds, batch, outputs, side, side)."""
    seeds, inputs, outputs, kernel, _ = weight.shape
    batch, height, width = images.shape[1], *images.shape[3:]
    run = next(size for size in range(min(width, _WIDEST), 0, -1) if width % size == 0)
    bands = _bands(weight, run)
    reach = bands.shape[4]
    rows = images.permute(0, 1, 3, 4, 2).reshape(seeds, -1, run * inputs)
    parts = torch.bmm(rows, bands.view(seeds, run * inputs, -1))
    parts = parts.view(seeds, batch, height, width // run, kernel, reach, outputs)
    result = _empty(images, batch, outputs, side, _SUMS.get(images.dtype))
    if bias is None:
        result.zero_()
    else:
        result.copy_(bias[:, None, :, None, None])
    places = result.permute(0, 1, 3, 4, 2)
    for row in range(kernel):
        for number in range(width // run):
            left = _STRIDE * run * number
            place = places[:, :, row : row + _STRIDE * (height - 1) + 1 : _STRIDE, left : left + reach]
            place += parts[:, :, :, number, row]
    return result


def _bands(weight: Tensor, run: int) -> Tensor:
    """The kernels where each pixel of a run puts them: (seeds, run, inputs, kernel, reach, outputs), zero elsewhere."""
    seeds, inputs, outputs, kernel, _ = weight.shape
    bands = weight.new_zeros(seeds, run, inputs, kernel, _STRIDE * (run - 1) + kernel, outputs)
    ahead, down, *rest = bands.stride()
    strides = (ahead, down + _STRIDE * bands.stride(4), *rest)
    diagonal = bands.as_strided((seeds, run, inputs, kernel, kernel, outputs), strides)
    diagonal.copy_(weight.permute(0, 1, 3, 4, 2).unsqueeze(1))
    return bands


def _weight_gradients(images: Tensor, gradient: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Gradients of the weights and biases of a convolution from `images` to where `gradient` is."""
    stride, none, outputs = [_STRIDE] * 2, [0, 0], [weight.shape[1]]
    stack = zip(_channels_last(gradient), _channels_last(images), _channels_last(weight), strict=True)
    found = [
        torch.ops.aten.convolution_backward(*one, outputs, stride, none, [1, 1], False, none, 1, [False, True, True])
        for one in stack
    ]
    return torch.stack([of_weight for _, of_weight, _ in found]), torch.stack([of_bias for *_, of_bias in found])
