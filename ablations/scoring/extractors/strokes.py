"""Strokes that make no sign: scribbles, and short pieces strewn over the image."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.scoring.extractors.random_numbers import uniform, whole

POINTS = 160
"""Points that the pen visits along an image's strokes."""
MOST_KNOTS = 16
PLACES = 8


def drawn(paths: Tensor, height: int, width: int, thickness: Tensor) -> Tensor:
    """Images (n, 1, height, width) of a soft pen at the points of paths (n, points, 2), as (row, column) in pixels.

    `thickness` is the pen's radius in pixels, (n, 1, 1, 1).
    """
    rows, columns = torch.arange(height), torch.arange(width)
    down = (paths[:, :, 0, None] - rows) ** 2
    right = (paths[:, :, 1, None] - columns) ** 2
    nearest = (down[:, :, :, None] + right[:, :, None, :]).amin(1, keepdim=True)
    return (thickness + 0.5 - nearest.sqrt()).clamp(0, 1)


def scribbles(count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """One long smooth line through 9 to 16 random points in the middle of the image."""
    knots = 0.18 + 0.64 * torch.rand(count, 2, MOST_KNOTS, generator=generator)
    used = whole(count, 9, MOST_KNOTS, generator).view(-1, 1, 1)
    # A path through fewer points stays at the last one.
    visited = torch.minimum(torch.arange(MOST_KNOTS), used - 1)
    knots = knots.gather(2, visited.expand(-1, 2, -1))
    path = F.interpolate(knots.unsqueeze(2), size=(1, POINTS), mode="bicubic", align_corners=True).squeeze(2)
    return drawn(_pixels(path, height, width), height, width, uniform(count, 0.6, 1.6, generator))


def pieces(count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
    """Five to eight short straight or bent pieces, each somewhere else."""
    along = torch.linspace(-1, 1, POINTS // PLACES)
    centres = 0.15 + 0.7 * torch.rand(count, 2, PLACES, 1, generator=generator)
    angles = 2 * torch.pi * torch.rand(count, PLACES, 1, generator=generator)
    bends = angles + (torch.rand(count, PLACES, 1, generator=generator) - 0.5) * 2 * along
    length = 0.05 + 0.09 * torch.rand(count, 1, PLACES, 1, generator=generator)
    path = centres + length * along * torch.stack([bends.sin(), bends.cos()], 1)
    used = torch.arange(PLACES).view(1, 1, -1, 1) < whole(count, 5, PLACES, generator).view(-1, 1, 1, 1)
    path = torch.where(used, path, path[:, :, :1]).flatten(2)
    return drawn(_pixels(path, height, width), height, width, uniform(count, 0.6, 1.6, generator))


def _pixels(path: Tensor, height: int, width: int) -> Tensor:
    """Paths (n, 2, points) in shares of the image to (n, points, 2) in pixels."""
    return (path * torch.tensor([[height - 1.0], [width - 1.0]])).transpose(1, 2)
