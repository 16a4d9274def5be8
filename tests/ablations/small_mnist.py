"""A small dataset in MNIST's files, and sources to take it from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ablations.data import mnist, sources

NAMES = tuple(mnist.FILES)


def small_mnist() -> dict[str, bytes]:
    """IDX files of a dataset of 30 training and 20 test images."""
    draw = np.random.default_rng(1)
    arrays = (
        draw.integers(0, 256, (30, 28, 28)),
        np.arange(30) % 10,
        draw.integers(0, 256, (20, 28, 28)),
        np.arange(20) % 10,
    )
    return {name: sources.idx_bytes(array.astype(np.uint8)) for name, array in zip(NAMES, arrays, strict=True)}


def never(scratch: Path) -> Mapping[str, bytes]:
    raise AssertionError("no source should be asked")


def set_sources(patch: pytest.MonkeyPatch, *functions: Any) -> None:
    patch.setattr(mnist, "SOURCES", {f"source {n}": function for n, function in enumerate(functions, start=1)})


def put(folder: Path, content: Mapping[str, bytes]) -> Path:
    raw = folder / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, data in content.items():
        (raw / name).write_bytes(data)
    return raw
