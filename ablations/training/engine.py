"""Chooses the engine of a run from what the machine has, and sets a process up for it. No torch until it is needed."""

from __future__ import annotations

import ctypes
import functools
import sys
from pathlib import Path
from typing import Literal

from ablations.config import Engine
from ablations.config.errors import ConfigError
from ablations.config.machine import cores
from ablations.training.instruction_set import (
    check_observed,
    check_precision,
    check_processor,
    held,
    instruction_set,
)

_FLOAT32_ERROR = 5e-6
"""Relative error of a float32 product of this length stays below it; bfloat16 is a thousand times coarser."""


def choose_engine(
    device: str = "auto",
    precision: Literal["float32", "bfloat16"] = "float32",
    isa: str | None = None,
    *,
    elsewhere: bool = False,
    in_workers: bool = False,
) -> Engine:
    """The engine on a device: "cpu", "cuda", or "auto" for a GPU where there is one.

    `isa` is an instruction set of `instruction_set`, by default the one that this process is held to. `elsewhere`: the
    runs are trained on other machines, so that a GPU is not looked for here. `in_workers`: by processes that are held
    to the set when they are started, so that this one need not be.

    Raises:
        ConfigError: no GPU is in reach, bfloat16 is asked of a CPU without units for it or of an instruction set
            without it, or the process is not held to the instruction set.
    """
    available = elsewhere or cuda_in_reach()
    if device == "cuda" and not available:
        raise ConfigError("--device cuda: PyTorch finds no CUDA device here; take --device cpu")
    chosen = "cuda" if available and device != "cpu" else "cpu"
    if chosen != "cpu":
        return Engine(device=chosen, precision=precision)
    name = isa or held() or "native"
    check_precision(precision, name)
    check_processor(name) if in_workers else check_held(name)
    products = instruction_set(name).products
    if products == "measured":
        products = "onednn" if onednn_keeps_float32() else "default"
    return Engine(device=chosen, precision=precision, matmul=products, isa=name)


def cuda_in_reach() -> bool:
    """Whether PyTorch finds a CUDA device; where the machine has no driver for one, PyTorch is not asked."""
    if "torch" not in sys.modules and sys.platform.startswith("linux") and not Path("/dev/kfd").exists():
        try:
            ctypes.CDLL("libcuda.so.1")
        except OSError:
            return False
    import torch

    return torch.cuda.is_available()


def check_in_reach(engine: Engine) -> None:
    """Raise `ConfigError` where a stored run cannot be drawn from again: a CPU draws other latents than a GPU."""
    if engine.device == "cuda" and not cuda_in_reach():
        raise ConfigError(
            "the run was trained on a GPU, where the latents of its scores are drawn too, and PyTorch finds none here; "
            "do this on a machine with a GPU"
        )


def check_held(name: str) -> None:
    """Raise `ConfigError` where this process, or its processor, cannot make the bits of an instruction set."""
    check_processor(name)
    if held() != name:
        raise ConfigError(
            f"this process is not held to the instruction set {name!r}: the libraries chose their kernels when they "
            f"were imported; on the command line take --isa {name}, in a program call "
            "ablations.training.instruction_set.hold before that"
        )


def set_up(engine: Engine) -> None:
    """Threads and matrix products of this process as the engine states them; the same in every worker.

    Raises:
        ConfigError: this process is not held to the engine's instruction set, or a library of it says otherwise.
    """
    if engine.device == "cpu" and engine.isa != "native":
        check_held(engine.isa)
        check_observed(engine.isa)
    import torch
    from threadpoolctl import threadpool_limits

    from ablations.training.products import by_onednn

    torch.set_num_threads(engine.threads)
    threadpool_limits(engine.threads, user_api="blas")  # NumPy's sums, of the scores, depend on how many share them
    torch.set_float32_matmul_precision("medium" if engine.matmul == "onednn" else "highest")
    by_onednn(engine.matmul == "onednn_direct")
    # Of a GPU: convolutions in float32 too, by kernels that repeat their bits, and all sums in float32.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    keep_freed_memory()


_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""Parameters of `mallopt`, as in the C library's malloc.h."""


def keep_freed_memory() -> None:
    """Have the C library keep the memory that a step frees for the next step, where it can be told to (glibc).

    As it comes, it gives blocks above 32 MiB back at once: each step of a wide stack then gets its activations and
    gradients as fresh pages, which the operating system must find and clear one by one.
    """
    if not sys.platform.startswith("linux"):
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_MMAP_MAX, 0)
        mallopt(_TRIM_THRESHOLD, 2**31 - 1)


@functools.cache
def onednn_keeps_float32() -> bool:
    """Whether PyTorch's "medium" matrix products, which go through oneDNN, have float32 accuracy on this CPU.

    On a CPU with bfloat16 units they are computed in bfloat16; elsewhere in float32, and on some CPUs twice as fast as
    the default library. It is measured, not looked up.
    """
    import torch

    before = torch.get_float32_matmul_precision()
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(2, 128, 784, generator=generator) for _ in range(2))
    exact = left.double() @ right.double().transpose(1, 2)
    try:
        torch.set_float32_matmul_precision("medium")
        product = torch.bmm(left, right.transpose(1, 2))
    finally:
        torch.set_float32_matmul_precision(before)
    return bool((product - exact).norm() / exact.norm() < _FLOAT32_ERROR)


def default_workers(engine: Engine) -> int:
    """One for each core this process may use, or for each GPU."""
    if engine.device == "cuda":
        import torch

        return torch.cuda.device_count() or 1  # those of a cluster are none of this machine's
    return cores()
