"""Stride-2 convolutions of a stack of seeds: images (seeds, batch, channels, side, side), weights (seeds, ...).

`gather` is a convolution, `spread` the transposed one, and each is the other's gradient. With few channels a CPU
library spends most of a step on the transposed side (one channel of 28x28 takes it ten times as long as the
convolution), so that one is made here of a matrix product and a fold. A convolution runs seed by seed, which on a CPU
is as fast as a grouped one.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

_STRIDE = 2


def gather(images: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Convolution without padding, as torch.nn.Conv2d: weight (seeds, outputs, inputs, k, k), bias (seeds, outputs)."""
    if images.is_cuda:
        return torch.stack([F.conv2d(*one, stride=_STRIDE) for one in zip(images, weight, bias, strict=True)])
    result: Tensor = _Gather.apply(images, weight, bias)
    return result


def spread(images: Tensor, weight: Tensor, bias: Tensor, side: int) -> Tensor:
    """Transposed convolution to `side` x `side`, as torch.nn.ConvTranspose2d: weight (seeds, inputs, outputs, k, k)."""
    if images.is_cuda:
        padding = side - ((images.shape[-1] - 1) * _STRIDE + weight.shape[-1])
        stack = zip(images, weight, bias, strict=True)
        return torch.stack([F.conv_transpose2d(*one, stride=_STRIDE, output_padding=padding) for one in stack])
    result: Tensor = _Spread.apply(images, weight, bias, side)
    return result


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        ctx.save_for_backward(images, weight)
        return torch.stack([F.conv2d(*one, stride=_STRIDE) for one in zip(images, weight, bias, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
        images, weight = ctx.saved_tensors
        (gradient,) = gradients
        to_images, to_weight, to_bias = ctx.needs_input_grad
        return (
            _fold(gradient, weight, images.shape[-1]) if to_images else None,
            _weight_gradient(images, gradient, weight) if to_weight else None,
            gradient.sum((1, 3, 4)) if to_bias else None,
        )


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, images: Tensor, weight: Tensor, bias: Tensor, side: int) -> Tensor:
        ctx.save_for_backward(images, weight)
        return _fold(images, weight, side) + bias[:, None, :, None, None]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        images, weight = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        to_images, to_weight, to_bias, _ = ctx.needs_input_grad
        pairs = zip(gradient, weight, strict=True)
        return (
            torch.stack([F.conv2d(*one, stride=_STRIDE) for one in pairs]) if to_images else None,
            _weight_gradient(gradient, images, weight) if to_weight else None,
            gradient.sum((1, 3, 4)) if to_bias else None,
            None,
        )


def _fold(images: Tensor, weight: Tensor, side: int) -> Tensor:
    """Every value of `images` times its kernel, added up where the kernels lie: (seeds, batch, outputs, side, side)."""
    seeds, inputs, outputs, kernel, _ = weight.shape
    batch, places = images.shape[1], images.shape[-1] ** 2
    kernels = weight.reshape(seeds, 1, inputs, outputs * kernel**2).transpose(2, 3)
    columns = torch.matmul(kernels, images.reshape(seeds, batch, inputs, places))
    folded = F.fold(columns.flatten(0, 1), (side, side), kernel, stride=_STRIDE)
    return folded.view(seeds, batch, outputs, side, side)


def _weight_gradient(images: Tensor, gradient: Tensor, weight: Tensor) -> Tensor:
    """Of the weights of a convolution from `images` to where `gradient` is."""
    stride, none = [_STRIDE] * 2, [0, 0]
    return torch.stack(
        [
            torch.ops.aten.convolution_backward(
                one_gradient, one, kernels, None, stride, none, [1, 1], False, none, 1, [False, True, False]
            )[1]
            for one, one_gradient, kernels in zip(images, gradient.contiguous(), weight, strict=True)
        ]
    )
