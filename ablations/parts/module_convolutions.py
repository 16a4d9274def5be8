"""Convolutions of a user's stacked module: one seed after another, channels last.

`torch.func.vmap` makes of the convolutions of several seeds one with as many groups, for which a CPU has no fast
kernel: most of the step of a small CNN went there. What the kernels of the built-in networks can do, they do; other
convolutions are those of each seed, with the channels last in memory. Everything else stays one computation.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from ablations.parts.convolutions import convolve, convolve_transposed

_CONVOLUTIONS: Mapping[Any, bool] = {F.conv2d: False, F.conv_transpose2d: True}
"""To whether it is transposed."""
_TAKES = ("input", "weight", "bias", "stride", "padding")
_NAMES = {
    False: (*_TAKES, "dilation", "groups"),
    True: (*_TAKES, "output_padding", "groups", "dilation"),
}


class SeedBySeed(TorchFunctionMode):
    """In this block, within `vmap`, two-dimensional convolutions are those of each seed."""

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        transposed = _CONVOLUTIONS.get(func) if inspect.isbuiltin(func) else None
        if transposed is None:
            return func(*args, **(kwargs or {}))
        said = dict(zip(_NAMES[transposed], args, strict=False)) | dict(kwargs or {})
        images, weight, bias = (said.pop(name, None) for name in ("input", "weight", "bias"))
        if images.is_cuda or images.ndim != 4 or isinstance(said.get("padding"), str):
            return func(*args, **(kwargs or {}))
        return _Convolution.apply(images, weight, bias, func, said)


class _Convolution(torch.autograd.Function):
    generate_vmap_rule = False

    @staticmethod
    def forward(
        images: Tensor, weight: Tensor, bias: Tensor | None, function: Callable[..., Tensor], said: Mapping[str, Any]
    ) -> Tensor:
        return function(images, weight, bias, **said)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        images, weight, bias, ctx.function, ctx.said = inputs
        ctx.save_for_backward(*([images, weight] if bias is None else [images, weight, bias]))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Of one that is the same for all seeds, whose inputs `vmap` has not stacked."""
        with torch.enable_grad():
            again = [value.detach().requires_grad_() for value in ctx.saved_tensors]
            found = torch.autograd.grad(ctx.function(*again, **ctx.said), again, gradients)
        return (*found, *[None] * (5 - len(found)))

    @staticmethod
    def vmap(
        info: Any,
        in_dims: tuple[int | None, ...],
        images: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        function: Callable[..., Tensor],
        said: Mapping[str, Any],
    ) -> tuple[Tensor, int]:
        seeds = info.batch_size
        shift = None if bias is None else _stacked(bias, in_dims[2], seeds)
        return _convolved(
            _stacked(images, in_dims[0], seeds), _stacked(weight, in_dims[1], seeds), shift, function, said
        ), 0


def _convolved(
    images: Tensor, weight: Tensor, bias: Tensor | None, function: Callable[..., Tensor], said: Mapping[str, Any]
) -> Tensor:
    """Of stacks (seeds, batch, channels, height, width), (seeds, ..., k, k) and (seeds, outputs)."""
    transposed = _CONVOLUTIONS[function]
    if _as_built_in(images, weight, said):
        shift = weight.new_zeros(len(weight), weight.shape[2 if transposed else 1]) if bias is None else bias
        pad = _one(said.get("padding", 0))
        if not transposed:
            return convolve(F.pad(images, [pad] * 4) if pad else images, weight, shift)
        whole = (images.shape[-1] - 1) * 2 + weight.shape[-1]
        more = _one(said.get("output_padding", 0))
        made = convolve_transposed(images, weight, shift, whole + max(0, more - pad))
        side = whole - 2 * pad + more
        return made[..., pad : pad + side, pad : pad + side] if pad else made
    last = torch.channels_last
    rows = zip(images, weight, [None] * len(weight) if bias is None else bias, strict=True)
    return torch.stack(
        [
            function(one.contiguous(memory_format=last), kernel.contiguous(memory_format=last), shift, **said)
            for one, kernel, shift in rows
        ]
    )


def _as_built_in(images: Tensor, weight: Tensor, said: Mapping[str, Any]) -> bool:
    """Whether the built-in networks' kernels do it: squares, a stride of 2, neither groups nor dilation."""
    square = images.shape[-1] == images.shape[-2] and weight.shape[-1] == weight.shape[-2]
    usual = said.get("groups", 1) == 1 and _one(said.get("dilation", 1)) == 1
    known = _one(said.get("padding", 0)) is not None and _one(said.get("output_padding", 0)) is not None
    return square and usual and known and _one(said.get("stride", 1)) == 2


def _one(value: Any) -> Any:
    """Of a number for both axes; None where they differ."""
    if not isinstance(value, tuple | list):
        return value
    return value[0] if len(set(value)) == 1 else None


def _stacked(value: Tensor, where: int | None, seeds: int) -> Tensor:
    return value.expand(seeds, *value.shape) if where is None else value.movedim(where, 0)
