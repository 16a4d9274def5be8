"""The instruction set that a process is held to: which kernels its libraries may pick, and so the last bits of a run.

PyTorch, MKL, oneDNN, NumPy and OpenBLAS each look at the processor when they are loaded and take the kernels they find
best for it. Each reads a variable that holds it to fewer, at that moment only: so `hold` comes before the first import.
What else was tried, and what it changes, stands in docs/bits.md. No torch and no NumPy until `observed` is asked.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import platform
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ablations.config.errors import ConfigError, unknown

Name = Literal["avx2", "avx512", "avx512_bf16", "amx_bf16", "native"]

_LIBRARIES = ("torch", "numpy", "scipy")
"""Whose import ends the time in which variables are read."""

_EVERYWHERE = {
    # MKL knows its named sets on Intel's processors only, and takes another path on AMD's without a word; this is the
    # one setting in which both do the same. Large products do not pass through MKL.
    "MKL_CBWR": "COMPATIBLE",
    # Float64 algebra of small matrices: wider kernels gain nothing.
    "OPENBLAS_CORETYPE": "Haswell",
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
}
_EVERYWHERE_SAID = {"mkl": "COMPATIBLE", "openblas": "Haswell", "numpy": "X86_V3"}

_AVX2 = frozenset({"avx", "avx2", "fma", "f16c", "bmi1", "bmi2", "movbe", "abm"})
_AVX512 = _AVX2 | {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}
_BF16 = _AVX512 | {"avx512_vnni", "avx512_bf16"}


@dataclass(frozen=True, kw_only=True)
class InstructionSet:
    """A row: what the processor must have, what is set before the first import, what the libraries must then say."""

    name: Name
    flags: frozenset[str]
    """As /proc/cpuinfo names them."""
    variables: Mapping[str, str]
    said: Mapping[str, str]
    """Values of `observed` that hold wherever this set is held to."""
    products: Literal["default", "onednn", "onednn_direct", "measured"]
    """Which library multiplies float32 matrices. PyTorch hands them to oneDNN only where the processor has AVX-512,
    whatever oneDNN is held to; so under `avx2` it never may, and `training.products` asks oneDNN itself. With bfloat16
    units oneDNN would round their operands."""
    bfloat16: bool = False
    """Products of bfloat16 operands, summed in float32, are the processor's own: what `--precision bfloat16` needs."""


INSTRUCTION_SETS: Mapping[str, InstructionSet] = {
    item.name: item
    for item in (
        InstructionSet(
            name="avx2",
            flags=_AVX2,
            variables=_EVERYWHERE | {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"},
            said=_EVERYWHERE_SAID | {"aten": "AVX2", "onednn": "Intel AVX2"},
            products="onednn_direct",
        ),
        InstructionSet(
            name="avx512",
            flags=_AVX512,
            variables=_EVERYWHERE | {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"},
            said=_EVERYWHERE_SAID
            | {"aten": "AVX512", "onednn": "Intel AVX-512 with AVX512BW, AVX512VL, and AVX512DQ extensions"},
            products="onednn",
        ),
        InstructionSet(
            name="avx512_bf16",
            flags=_BF16,
            variables=_EVERYWHERE | {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_BF16"},
            said=_EVERYWHERE_SAID
            | {"aten": "AVX512", "onednn": "Intel AVX-512 with Intel DL Boost and bfloat16 support"},
            products="default",
            bfloat16=True,
        ),
        InstructionSet(
            name="amx_bf16",
            flags=_BF16 | {"avx512_fp16", "amx_tile", "amx_int8", "amx_bf16"},
            variables=_EVERYWHERE | {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_AMX"},
            said=_EVERYWHERE_SAID
            | {"aten": "AVX512", "onednn": "Intel AVX10.1 and Intel AMX with bfloat16 and 8-bit integer support"},
            products="default",
            bfloat16=True,
        ),
        InstructionSet(name="native", flags=frozenset(), variables={}, said={}, products="measured"),
    )
}
"""Every set by name. `native` is whatever the libraries pick on this processor."""

VARIABLES = tuple(sorted({name for item in INSTRUCTION_SETS.values() for name in item.variables}))

_BY_PREFERENCE: tuple[Name, ...] = ("avx512", "avx2", "native")
"""AVX-512 costs nothing and has the same bits on both makers' processors; AVX2 costs up to a half more."""


WITH_BFLOAT16: tuple[Name, ...] = ("amx_bf16", "avx512_bf16")


def default_instruction_set(precision: str = "float32") -> Name:
    """The first by preference that the processor can do; `native` only where it is no x86 processor of this decade.

    For bfloat16 one with units for it, where the processor has some.
    """
    names = (*(WITH_BFLOAT16 if precision == "bfloat16" else ()), *_BY_PREFERENCE)
    return next(name for name in names if not lacking(name))


def able_in_bfloat16() -> list[Name]:
    """The sets with bfloat16 units that this processor can be held to, the best first."""
    return [name for name in WITH_BFLOAT16 if processor_flags() is not None and not lacking(name)]


def check_precision(precision: str, name: str) -> None:
    """Raise `ConfigError` where the products of a training on the CPU would not have units of that precision."""
    possible = able_in_bfloat16()
    able = instruction_set(name).bfloat16 or (name == "native" and possible)
    if precision == "bfloat16" and not able:
        if not possible:
            raise ConfigError(
                "--precision bfloat16: this processor has no bfloat16 units (neither avx512_bf16 nor amx_bf16), and "
                "PyTorch finds no CUDA device here; take --precision float32"
            )
        raise ConfigError(f"--precision bfloat16 needs --isa {' or '.join(possible)}, not --isa {name}")


def instruction_set(name: str) -> InstructionSet:
    """Raises `ConfigError` for a name that there is not."""
    if name not in INSTRUCTION_SETS:
        raise unknown("instruction set", name, INSTRUCTION_SETS)
    return INSTRUCTION_SETS[name]


def environment_of(name: str) -> dict[str, str | None]:
    """What a process held to a set finds in its environment: a value for each of `VARIABLES`, None for "not set"."""
    variables = instruction_set(name).variables
    return {variable: variables.get(variable) for variable in VARIABLES}


def default_environment(precision: str = "float32") -> dict[str, str]:
    """What holds a process to the default set, as the command line holds its own: for programs that must say so among
    their imports, before the first library that reads it.
    """
    wanted = environment_of(default_instruction_set(precision))
    return {variable: value for variable, value in wanted.items() if value is not None}


def hold(name: str) -> None:
    """Hold this process, and those it starts from now on, to a set. Does nothing where that is so already.

    Raises:
        ConfigError: there is no such set, or the processor cannot do it.
        RuntimeError: a library that reads the variables is loaded already, so it is too late.
    """
    check_processor(name)
    wanted = environment_of(name)
    if all(os.environ.get(variable) == value for variable, value in wanted.items()):
        return
    if loaded := [library for library in _LIBRARIES if library in sys.modules]:
        raise RuntimeError(
            f"{' and '.join(loaded)} chose their kernels when they were imported: a process is held to the instruction "
            f"set {name!r} before that; start a new one, with `environment_of` for its environment"
        )
    for variable, value in wanted.items():
        if value is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = value


def held() -> Name | None:
    """The set that the environment holds new processes to; None where it has some of the variables in another way."""
    for name, item in INSTRUCTION_SETS.items():
        if all(os.environ.get(variable) == value for variable, value in environment_of(name).items()):
            return item.name
    return None


@functools.cache
def processor_flags() -> frozenset[str] | None:
    """What the processor can do, as /proc/cpuinfo names it; empty on another architecture, None where none can tell."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return frozenset()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None  # not Linux
    return frozenset(next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), []))


def lacking(name: str) -> tuple[str, ...]:
    """What a set needs and the processor has not; nothing where the processor's flags are not known."""
    flags = processor_flags()
    return () if flags is None else tuple(sorted(instruction_set(name).flags - flags))


def check_processor(name: str) -> None:
    """Raise `ConfigError`, with the sets that are possible, where the processor cannot do a set."""
    if missing := lacking(name):
        possible = " or ".join(f"--isa {other}" for other in INSTRUCTION_SETS if not lacking(other))
        raise ConfigError(
            f"--isa {name}: this processor lacks {', '.join(missing)}, so it cannot repeat the bits of that "
            f"instruction set; take {possible}"
        )


def check_observed(name: str) -> dict[str, str]:
    """`observed`, where it is what the set promises.

    Raises:
        ConfigError: a library says something else.
    """
    said = observed()
    for library, wanted in instruction_set(name).said.items():
        if said[library] != wanted:
            raise ConfigError(
                f"--isa {name}: {library} says {said[library]!r}, not {wanted!r}, so bits need not repeat; unset "
                f"{', '.join(VARIABLES)} in your shell, or take --isa native"
            )
    return said


def observed() -> dict[str, str]:
    """What the libraries of this process say they use, by library: "aten", "mkl", "onednn", "numpy", "openblas".

    Imports them. "none" for a library that is not there, or says nothing.
    """
    import scipy.linalg  # noqa: F401 - loads SciPy's own OpenBLAS
    import torch

    # Neither has types; the second is NumPy's own view of the processor, which `numpy.show_config` prints.
    threads, numpy = (importlib.import_module(name) for name in ("threadpoolctl", "numpy._core._multiarray_umath"))
    blas = {item["architecture"] for item in threads.threadpool_info() if item["internal_api"] == "openblas"}
    spoken = _spoken()
    return {
        "aten": torch.backends.cpu.get_cpu_capability(),
        "mkl": _after(spoken, r"^MKL_VERBOSE .* CNR:(\S+)"),
        "onednn": _after(spoken, r"^onednn_verbose,.*,info,cpu,isa:(.*)$"),
        "numpy": " ".join(name for name in numpy.__cpu_dispatch__ if numpy.__cpu_features__[name]) or "none",
        "openblas": " ".join(sorted(blas)) or "none",
    }


@functools.cache
def _spoken() -> str:
    """What MKL and oneDNN print where each is asked for one small operation in its verbose mode.

    They print to the process's standard output from below Python, so that is turned aside for as long. oneDNN states
    its instruction set only in the first such operation of a process.
    """
    import torch

    mkl, onednn = torch.backends.mkl, torch.backends.mkldnn
    matrix, image = torch.ones(8, 8, dtype=torch.float64), torch.ones(1, 1, 8, 8)
    with _aside() as text, torch.no_grad():
        if mkl.is_available():
            with mkl.verbose(mkl.VERBOSE_ON):
                torch.mm(matrix, matrix)
        if onednn.is_available():
            with onednn.verbose(onednn.VERBOSE_ON):
                torch.mkldnn_convolution(image, image[..., :3, :3], None, [0, 0], [1, 1], [1, 1], 1)
    return text()


@contextlib.contextmanager
def _aside() -> Iterator[Callable[[], str]]:
    """Turn standard output, down to its file descriptor, into a text that can be had afterwards."""
    with tempfile.TemporaryFile() as file:
        sys.stdout.flush()
        before = os.dup(1)
        os.dup2(file.fileno(), 1)
        held_back: list[str] = []
        try:
            yield lambda: held_back[0]
        finally:
            os.dup2(before, 1)
            os.close(before)
            file.seek(0)
            held_back.append(file.read().decode(errors="replace"))


def _after(text: str, pattern: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else "none"
