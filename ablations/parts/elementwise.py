"""Elementwise functions that a CPU computes faster than PyTorch's own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Tanh(torch.autograd.Function):
    """2 sigmoid(2x) - 1: on a CPU three times as fast as its own function, and as good to 2e-7 (float32)."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor) -> Tensor:
        result = (2 * inputs).sigmoid_().mul_(2).sub_(1)
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (result,) = ctx.saved_tensors
        gradient: Tensor = torch.ops.aten.tanh_backward(gradients[0], result)
        return gradient


def hyperbolic_tangent(inputs: Tensor) -> Tensor:
    """tanh, on any device; PyTorch's own where the other's steps would each be rounded to bfloat16."""
    own = inputs.is_cuda or inputs.dtype == torch.bfloat16
    result: Tensor = inputs.tanh() if own else _Tanh.apply(inputs)
    return result
