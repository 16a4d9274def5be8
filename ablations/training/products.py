"""Products of float32 matrices by oneDNN on processors where PyTorch does not ask it: see docs/bits.md.

PyTorch hands products to oneDNN by itself where the processor has AVX-512. Elsewhere they go to MKL, which is held to
its slowest kernels so that its bits repeat on every maker's processors. oneDNN's own operation for a dense layer is in
reach on all of them, and two to three times as fast; so PyTorch's four products of matrices are given another kernel
for the CPU, below everything that differentiates, vectorises or stacks them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

SMALLEST = 1_000_000
"""Multiplications of numbers that a product takes at least, where it goes to oneDNN: below, MKL's calls are cheaper."""
NARROWEST = 8
"""Rows, columns and length of the sums, each at least: thinner products wait for memory in either library."""

_kernels_in_place: list[torch.library.Library] = []
"""At most one; PyTorch takes its own kernels back where it is destroyed."""


def by_onednn(wanted: bool) -> None:
    """Have this process compute its large float32 products on the CPU by oneDNN, matrix by matrix, or as PyTorch does.

    Raises:
        RuntimeError: this build of PyTorch has no oneDNN.
    """
    if wanted == bool(_kernels_in_place):
        return
    if not wanted:
        _kernels_in_place.pop()._destroy()
        return
    if not torch.backends.mkldnn.is_available():
        raise RuntimeError("this build of PyTorch has no oneDNN, which the engine asks for its products")
    library = torch.library.Library("aten", "IMPL")
    for name, kernel in _KERNELS.items():
        library.impl(name, kernel, "CPU")
    _kernels_in_place.append(library)


def _large(left: Tensor, right: Tensor) -> bool:
    """For matrices, or stacks of them: whether oneDNN multiplies them."""
    rows, length, columns = left.shape[-2], left.shape[-1], right.shape[-1]
    return (
        left.dtype == right.dtype == torch.float32
        and min(rows, length, columns) >= NARROWEST
        and rows * length * columns >= SMALLEST
    )


def _product(left: Tensor, right: Tensor, bias: Tensor | None = None) -> Tensor:
    """Of two matrices, plus a row."""
    found: Tensor = torch.ops.mkldnn._linear_pointwise(_dense(left), _dense(right).t(), bias, "none", [], "")
    return found


def _dense(matrix: Tensor) -> Tensor:
    """As it is, where rows or columns lie one behind the other; else such a copy."""
    rows, columns = matrix.stride()
    if (columns == 1 and rows >= matrix.shape[1]) or (rows == 1 and columns >= matrix.shape[0]):
        return matrix
    return matrix.contiguous()


def _usual(name: str, *operands: Tensor, **scales: Any) -> Tensor:
    """By PyTorch's own kernel, which its form with a place for the result still is."""
    found: Tensor = getattr(torch.ops.aten, name).out(*operands, **scales, out=operands[0].new_empty(0))
    return found


def _mm(left: Tensor, right: Tensor) -> Tensor:
    if _large(left, right):
        return _product(left, right)
    return _usual("mm", left, right)


def _addmm(added: Tensor, left: Tensor, right: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    if _large(left, right) and _is_row(added, right.shape[-1]) and beta == alpha == 1:
        return _product(left, right, added.reshape(-1).contiguous())
    return _usual("addmm", added, left, right, beta=beta, alpha=alpha)


def _bmm(left: Tensor, right: Tensor) -> Tensor:
    if len(left) and _large(left, right):
        return torch.stack([_product(*pair) for pair in zip(left, right, strict=True)])
    return _usual("bmm", left, right)


def _baddbmm(added: Tensor, left: Tensor, right: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    rows = added.ndim == 3 and added.shape[1] == 1 and len(added) == len(left) and beta == alpha == 1
    if len(left) and rows and _large(left, right) and _is_row(added[0], right.shape[-1]):
        biases = added.squeeze(1).contiguous()
        return torch.stack([_product(*one) for one in zip(left, right, biases, strict=True)])
    return _usual("baddbmm", added, left, right, beta=beta, alpha=alpha)


def _is_row(added: Tensor, columns: int) -> bool:
    return added.dtype == torch.float32 and added.numel() == columns == added.shape[-1]


_KERNELS: dict[str, Callable[..., Tensor]] = {"mm": _mm, "addmm": _addmm, "bmm": _bmm, "baddbmm": _baddbmm}
"""By PyTorch's name of the operation."""
