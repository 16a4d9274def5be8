"""Convolutions of own modules: those that `vmap` makes, with their gradients and the gradients of these."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from ablations.parts.module_convolutions import SeedBySeed


def found(module: nn.Module, tensors: dict[str, Tensor], images: Tensor, *, ours: bool) -> list[Tensor]:
    with SeedBySeed() if ours else contextlib.nullcontext():
        outputs = vmap(lambda own, given: functional_call(module, own, (given,)))(tensors, images)
    leaves = [images, *tensors.values()]
    first = torch.autograd.grad((outputs**3).sum(), leaves, create_graph=True)
    again = torch.autograd.grad((first[0] ** 2).sum(), leaves, allow_unused=True)
    return [outputs, *first, *filter(torch.is_tensor, again)]


@pytest.mark.parametrize(
    ("kind", "kernel", "stride", "padding", "more"),
    [
        (nn.Conv2d, 5, 2, 0, {}),
        (nn.Conv2d, 4, 2, 1, {}),
        (nn.Conv2d, 3, 1, 1, {}),
        (nn.Conv2d, 3, 1, "same", {}),
        (nn.Conv2d, 3, 2, 0, {"bias": False}),
        (nn.Conv2d, 3, 2, 1, {"groups": 2}),
        (nn.Conv2d, 3, 2, 2, {"dilation": 2}),
        (nn.Conv2d, (3, 5), 2, 0, {}),
        (nn.Conv2d, 3, 2, (0, 1), {}),
        (nn.ConvTranspose2d, 4, 2, 1, {}),
        (nn.ConvTranspose2d, 3, 2, 0, {"output_padding": 1}),
        (nn.ConvTranspose2d, 3, 2, 1, {"output_padding": 1}),
        (nn.ConvTranspose2d, 5, 2, 2, {"output_padding": 1, "bias": False}),
        (nn.ConvTranspose2d, 3, 1, 1, {}),
    ],
)
def test_they_are_those_of_vmap(kind: Any, kernel: Any, stride: int, padding: Any, more: dict[str, Any]) -> None:
    torch.manual_seed(0)
    modules = [kind(4, 6, kernel, stride, padding, **more) for _ in range(3)]
    stacked, _ = stack_module_state(modules)
    tensors = {name: value.detach().requires_grad_() for name, value in stacked.items()}
    images = torch.randn(3, 7, 4, 9, 9, requires_grad=True)
    ours, theirs = (found(modules[0], tensors, images, ours=mine) for mine in (True, False))
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        assert float((one - other).detach().abs().max() / other.detach().abs().max()) < 3e-6


def test_one_that_all_seeds_share_has_gradients_too() -> None:
    kernel, images = torch.randn(2, 1, 3, 3, requires_grad=True), torch.randn(3, 5, 1, 8, 8)
    results = []
    for ours in (True, False):
        with SeedBySeed() if ours else contextlib.nullcontext():
            outputs = vmap(lambda given: torch.conv2d(given, kernel) + torch.conv2d(images[0], kernel))(images)
        results.append([outputs, *torch.autograd.grad(outputs.square().sum(), kernel)])
    for one, other in zip(*results, strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-4)
