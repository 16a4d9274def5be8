"""Convolutions of a stack against PyTorch's own, seed by seed: values and every gradient."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.parts.convolutions import convolve, convolve_transposed

SEEDS, BATCH = 3, 4


def tensors(*shapes: tuple[int, ...]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True) for shape in shapes]


def both(ours: Callable[..., Tensor], theirs: Callable[..., Tensor], inputs: list[Tensor]) -> None:
    """Compare results and gradients; `theirs` takes the tensors of one seed."""
    mine = ours(*inputs)
    other = torch.stack([theirs(*one) for one in zip(*inputs, strict=True)])
    torch.testing.assert_close(mine, other, rtol=1e-12, atol=1e-12)
    weights = torch.randn_like(mine)
    for own, expected in zip(
        torch.autograd.grad(mine, inputs, weights), torch.autograd.grad(other, inputs, weights), strict=True
    ):
        torch.testing.assert_close(own, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("inputs", "outputs", "kernel", "side"), [(1, 10, 5, 28), (10, 10, 3, 12), (3, 2, 4, 13)])
def test_a_convolution_is_pytorchs(inputs: int, outputs: int, kernel: int, side: int) -> None:
    images, weight, bias = tensors(
        (SEEDS, BATCH, inputs, side, side), (SEEDS, outputs, inputs, kernel, kernel), (SEEDS, outputs)
    )
    both(convolve, lambda x, w, b: F.conv2d(x, w, b, stride=2), [images, weight, bias])


@pytest.mark.parametrize(
    ("inputs", "outputs", "kernel", "side", "padding"), [(10, 10, 3, 5, 1), (10, 1, 5, 12, 1), (3, 2, 4, 6, 0)]
)
def test_a_transposed_convolution_is_pytorchs(inputs: int, outputs: int, kernel: int, side: int, padding: int) -> None:
    images, weight, bias = tensors(
        (SEEDS, BATCH, inputs, side, side), (SEEDS, inputs, outputs, kernel, kernel), (SEEDS, outputs)
    )
    target = (side - 1) * 2 + kernel + padding
    both(
        lambda x, w, b: convolve_transposed(x, w, b, target),
        lambda x, w, b: F.conv_transpose2d(x, w, b, stride=2, output_padding=padding),
        [images, weight, bias],
    )


def test_each_is_the_others_gradient() -> None:
    """<convolve(x), y> = <x, transposed(y)> without biases: one's backward pass is the other's forward pass."""
    x, y, weight = tensors((SEEDS, BATCH, 2, 12, 12), (SEEDS, BATCH, 5, 5, 5), (SEEDS, 5, 2, 3, 3))
    none_y, none_x = torch.zeros(SEEDS, 5, dtype=x.dtype), torch.zeros(SEEDS, 2, dtype=x.dtype)
    left = (convolve(x, weight, none_y) * y).sum()
    right = (x * convolve_transposed(y, weight, none_x, 12)).sum()
    torch.testing.assert_close(left, right)


def test_a_seed_does_not_depend_on_its_neighbours() -> None:
    images, weight, bias = tensors((SEEDS, BATCH, 10, 5, 5), (SEEDS, 10, 1, 3, 3), (SEEDS, 1))
    whole = convolve_transposed(images, weight, bias, 12)
    with torch.no_grad():
        images[0].fill_(float("nan"))
    assert torch.equal(convolve_transposed(images, weight, bias, 12)[1:], whole[1:])
