"""Named random streams: every draw of a run is a function of (seed, name of the stream, block number).

Nothing here knows the variant, so the variants of a study are paired seed by seed. No stream has a state worth saving:
any step can be entered again from its number, which is what makes resuming exact. Values come in blocks of many steps,
since seeding a bit generator costs more than the few numbers that one small step needs. A block's length depends on
the size of a step's draw alone, never on the cadence of evaluation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Name = Literal[
    "init",
    "data",
    "latents_discriminator",
    "latents_generator",
    "labels_discriminator",
    "labels_generator",
    "dropout",
    "penalty",
    "module",
    "evaluation",
    "noise",
]
Kind = Literal["normal", "uniform", "label", "bits"]

_BLOCK_VALUES = 1 << 15


def generator(seed: int, name: Name | str, *words: int | str) -> np.random.Generator:
    """The generator of one block of a stream: SFC64, seeded by SHA-256 of all arguments (128 bits)."""
    text = "/".join(str(word) for word in (seed, name, *words))
    entropy = int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "little")
    return np.random.Generator(np.random.SFC64(entropy))


def _bits(rng: np.random.Generator, shape: tuple[int, ...], classes: int) -> NDArray[Any]:
    """Uniform 16-bit integers, four from each raw 64-bit word."""
    count = int(np.prod(shape))
    words = rng.bit_generator.random_raw(-(-count // 4))
    return np.asarray(words).view(np.int16)[:count].reshape(shape)


_NUMPY_DRAWS: Mapping[str, Callable[[np.random.Generator, tuple[int, ...], int], NDArray[Any]]] = {
    "normal": lambda rng, shape, classes: rng.standard_normal(shape, dtype=np.float32),
    "uniform": lambda rng, shape, classes: rng.random(shape, dtype=np.float32),
    "label": lambda rng, shape, classes: rng.integers(0, classes, shape, dtype=np.int64),
    "bits": _bits,
}

_TORCH_DRAWS: Mapping[str, Callable[[torch.Generator, tuple[int, ...], int], Tensor]] = {
    "normal": lambda rng, shape, classes: torch.randn(shape, generator=rng, device=rng.device),
    "uniform": lambda rng, shape, classes: torch.rand(shape, generator=rng, device=rng.device),
    "label": lambda rng, shape, classes: torch.randint(classes, shape, generator=rng, device=rng.device),
    "bits": lambda rng, shape, classes: torch.randint(
        -32768, 32768, shape, generator=rng, device=rng.device, dtype=torch.int16
    ),
}


def draw(
    kind: Kind,
    seed: int,
    name: Name | str,
    block: int,
    shape: tuple[int, ...],
    device: torch.device,
    classes: int = 0,
) -> Tensor:
    """One block of a stream, drawn on `device`: on a CPU by NumPy, on a GPU by its own generator, without a transfer.

    Labels are drawn from 0 to `classes` - 1; other kinds do not read it. The two devices draw different values (the
    device type is part of a run's identity); on each, all variants share them.
    """
    if device.type == "cpu":
        return torch.from_numpy(_NUMPY_DRAWS[kind](generator(seed, name, block), shape, classes))
    return _TORCH_DRAWS[kind](_device_generator(seed, name, block, device), shape, classes)


def permutation(seed: int, epoch: int, count: int, device: torch.device) -> Tensor:
    """The order of the data in an epoch, drawn on `device`: int64 of shape (count,)."""
    if device.type == "cpu":
        return torch.from_numpy(generator(seed, "data", epoch).permutation(count))
    return torch.randperm(count, generator=_device_generator(seed, "data", epoch, device), device=device)


def _device_generator(seed: int, name: str, block: int, device: torch.device) -> torch.Generator:
    state = int.from_bytes(hashlib.sha256(f"{seed}/{name}/{block}".encode()).digest()[:8], "little") >> 1
    return torch.Generator(device).manual_seed(state)


class StackedStream:
    """The draws of one stream for a stack of seeds: `at(step)` is a tensor of shape (seeds, *shape)."""

    def __init__(
        self,
        kind: Kind,
        name: Name,
        seeds: Sequence[int],
        shape: tuple[int, ...],
        device: torch.device,
        dtype: torch.dtype,
        classes: int = 0,
    ) -> None:
        self._classes = classes
        self._kind: Kind = kind
        self._name: Name = name
        self._seeds = tuple(seeds)
        self._shape = shape
        self._device = device
        self._dtype = dtype if kind in ("normal", "uniform") else None
        self._steps = max(1, min(1024, _BLOCK_VALUES // max(1, int(np.prod(shape)))))
        self._block = -1
        self._values = torch.empty(0)

    def at(self, step: int) -> Tensor:
        block, offset = divmod(step, self._steps)
        if block != self._block:
            self._values = torch.stack(
                [
                    draw(self._kind, s, self._name, block, (self._steps, *self._shape), self._device, self._classes)
                    for s in self._seeds
                ],
                1,
            )
            if self._dtype is not None:
                self._values = self._values.to(self._dtype)
            self._block = block
        return self._values[offset]


class DataOrder:
    """The order in which a stack of seeds sees the training images: one permutation after another, without end.

    Batch k holds the positions k * batch to (k + 1) * batch of that sequence, so every image is seen once before any
    is seen twice, no batch is short, and variants of another batch size see the images in the same order.
    """

    def __init__(self, seeds: Sequence[int], images: int, batch: int, device: torch.device) -> None:
        self._seeds = tuple(seeds)
        self._images = images
        self._batch = batch
        self._device = device
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    def batch(self, number: int) -> Tensor:
        """Indices of batch `number`: int64 of shape (seeds, batch)."""
        return self._positions(number * self._batch)

    def last_of_epoch(self, epoch: int) -> Tensor:
        """Indices of the last whole batch of an epoch (S4's loop as it is printed): int64 of shape (seeds, batch)."""
        whole = max(1, self._images // self._batch)
        return self._positions(epoch * self._images + (whole - 1) * self._batch)

    def _positions(self, start: int) -> Tensor:
        epoch, offset = divmod(start, self._images)
        parts, missing = [], self._batch
        while missing:
            part = self._of(epoch)[:, offset : offset + missing]
            parts.append(part)
            missing -= part.shape[1]
            epoch, offset = epoch + 1, 0
        return parts[0] if len(parts) == 1 else torch.cat(parts, 1)

    def _of(self, epoch: int) -> Tensor:
        if epoch != self._epoch:
            self._order = torch.stack([permutation(seed, epoch, self._images, self._device) for seed in self._seeds])
            self._epoch = epoch
        return self._order
