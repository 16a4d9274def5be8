"""Random numbers of one generator, in the shapes that work on pictures asks for."""

from __future__ import annotations

import torch
from torch import Tensor


def uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    """One number an image, (count, 1, 1, 1), from low to high."""
    return low + (high - low) * torch.rand(count, 1, 1, 1, generator=generator)


def whole(count: int, low: int, high: int, generator: torch.Generator) -> Tensor:
    """One whole number an image, (count,), from low to high, both included."""
    return torch.randint(low, high + 1, (count,), generator=generator)


def chosen(count: int, share: float, generator: torch.Generator) -> Tensor:
    """True for that share of the images on average, (count,)."""
    return torch.rand(count, generator=generator) < share
