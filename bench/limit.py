"""The machine's limit: how fast one core multiplies matrices and moves memory, and what a step must take at least."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from ablations.config import Variant
from ablations.data.shape import MNIST_SHAPE as SHAPE
from ablations.execution.estimate import step_cost
from ablations.parts.networks import build_networks

SHAPES: Sequence[tuple[int, int, int, int]] = (
    (1, 1024, 1024, 1024),
    (1, 400, 784, 256),
    (1, 784, 400, 256),
    (16, 400, 784, 256),
    (16, 784, 400, 256),
    (16, 200, 256, 784),
    (16, 128, 1024, 784),
    (16, 200, 256, 256),
)
"""(batch, n, k, m): a square product, and products of the recipes' layers, alone and sixteen at a time."""
PRECISIONS = ("highest", "medium")
"""Values of `torch.set_float32_matmul_precision`: on a CPU they choose between two libraries."""
FLOAT32_ERROR = 3e-6
"""Relative error in the Frobenius norm up to which a product was computed in float32: a sum of a thousand products is
good to a few 1e-7; TF32 and bfloat16 are off by 1e-4 and more."""
MEBIBYTE = 1 << 20
SIZES = (1, 8, 64, 512)
"""Mebibytes of the arrays that the bandwidth is measured on: from within a core's cache to beyond every cache."""
_ADAM_VALUES = 4
"""Arrays of a parameter's size that a step keeps: the value, the gradient and Adam's two moments."""


@dataclass(frozen=True)
class Limits:
    """What one core of this machine can do, at best."""

    products: Mapping[str, float]
    """Floating-point operations a second of the fastest shape, by precision setting."""
    errors: Mapping[str, float]
    """Relative error of a product against float64, by precision setting."""
    bandwidth: Mapping[int, float]
    """Bytes a second, read and written, by the size of the arrays in mebibytes."""

    @property
    def rate(self) -> float:
        """The best rate at which products come out in float32."""
        return max(rate for name, rate in self.products.items() if self.errors[name] <= FLOAT32_ERROR)

    def bytes_per_second(self, working_set: float) -> float:
        """The bandwidth of the largest measured size that is not larger than the working set: never too low."""
        fitting = [size for size in self.bandwidth if size * MEBIBYTE <= working_set]
        return self.bandwidth[max(fitting, default=min(self.bandwidth))]


@dataclass(frozen=True)
class Floor:
    """The least time of one seed-step."""

    arithmetic_seconds: float
    memory_seconds: float

    @property
    def seconds(self) -> float:
        return max(self.arithmetic_seconds, self.memory_seconds)

    @property
    def bound(self) -> str:
        return "arithmetic" if self.arithmetic_seconds >= self.memory_seconds else "memory"


def floor_of(variant: Variant, width: int, limits: Limits) -> Floor:
    """The larger of a step's operations over the best product rate, and its bytes over the bandwidth.

    A convolution is counted at the rate of a matrix product, which no convolution as narrow as these comes near.
    """
    cost = step_cost(variant)
    return Floor(
        arithmetic_seconds=cost.flops / limits.rate,
        memory_seconds=cost.parameter_bytes / limits.bytes_per_second(working_set(variant, width)),
    )


def working_set(variant: Variant, width: int) -> int:
    """Bytes that a stack of seeds keeps for its parameters and their optimizers."""
    networks = build_networks(variant, SHAPE)
    specs = [spec for network in networks for spec in network.tensors if not spec.is_buffer]
    return 4 * _ADAM_VALUES * width * sum(torch.Size(spec.shape).numel() for spec in specs)


def measure_limits(*, rounds: int = 5, seconds: float = 0.05) -> Limits:
    """Measure with one thread; the best of so many rounds of about so many seconds each, of every shape and size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return Limits(
            products={name: product_rate(name, rounds, seconds) for name in PRECISIONS},
            errors={name: product_error(name) for name in PRECISIONS},
            bandwidth={size: bandwidth(size * MEBIBYTE, rounds, seconds) for size in SIZES},
        )
    finally:
        torch.set_num_threads(threads)


def product_rate(precision: str, rounds: int, seconds: float) -> float:
    """Operations a second of the fastest of `SHAPES`."""
    with matmul_precision(precision):
        return max(_product_rate(*shape, rounds, seconds) for shape in SHAPES)


def product_error(precision: str) -> float:
    """Relative error of a product of 512x512 normal numbers."""
    rng = torch.Generator().manual_seed(0)
    left, right = (torch.randn(512, 512, generator=rng) for _ in range(2))
    exact = left.double() @ right.double()
    with matmul_precision(precision):
        return float((left @ right - exact).norm() / exact.norm())


def bandwidth(size: int, rounds: int, seconds: float) -> float:
    """Bytes a second of the fastest of a copy, a triad (two arrays read, one written) and an update in place.

    `size` is that of all arrays together. Bytes are those the program reads and writes; what a cache fetches besides
    is not counted.
    """
    best = 0.0
    for arrays, transfers, kernel in _KERNELS:
        # ones, not zeros: untouched zeros are one page of memory, however many are read
        operands = [torch.ones(size // 4 // arrays) for _ in range(arrays)]
        took = best_time(partial(kernel, *operands), rounds, seconds)
        best = max(best, transfers * operands[0].nbytes / took)
    return best


_KERNELS: Sequence[tuple[int, int, Callable[..., object]]] = (
    (2, 2, lambda a, b: a.copy_(b)),
    (3, 3, lambda a, b, c: torch.add(b, c, alpha=0.5, out=a)),
    (2, 3, lambda a, b: a.add_(b, alpha=1e-6)),
)
"""How many arrays, how many of them are read or written (one in place is both), and what is done with them."""


def _product_rate(batch: int, n: int, k: int, m: int, rounds: int, seconds: float) -> float:
    left, right, out = torch.rand(batch, n, k), torch.rand(batch, k, m), torch.empty(batch, n, m)
    operands: tuple[Tensor, ...] = (left, right, out) if batch > 1 else (left[0], right[0], out[0])
    return 2 * batch * n * k * m / best_time(lambda: torch.matmul(*operands[:2], out=operands[2]), rounds, seconds)


def best_time(work: Callable[[], object], rounds: int, seconds: float) -> float:
    """CPU seconds of one call in the best of the rounds, each of about so many seconds."""
    work()
    once = _time(work, 1)
    calls = max(1, round(seconds / max(once, 1e-7)))
    return min(_time(work, calls) for _ in range(rounds))


def _time(work: Callable[[], object], calls: int) -> float:
    started = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - started) / calls


@contextlib.contextmanager
def matmul_precision(setting: str) -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(setting)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)
