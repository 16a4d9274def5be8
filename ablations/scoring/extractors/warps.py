"""Small movements of what an image shows: turned, sheared, resized, shifted, and bent. A person reads all of them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.scoring.extractors.random_numbers import chosen, uniform

KNOTS = 5
"""A bend is a smooth field of displacements through so many by so many random ones."""


@dataclass(frozen=True, kw_only=True)
class Warp:
    """How far an image may move: each amount is drawn evenly between minus and plus what stands here."""

    turn: float = 0.26
    """Radians."""
    shear: float = 0.2
    resize: float = 0.15
    """Share of the size, height and width on their own."""
    shift: float = 2.5
    """Pixels."""
    bend: float = 1.5
    """Pixels, standard deviation of the displacements."""

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """Images (n, channels, height, width), each moved by draws of its own; what comes in from outside is 0."""
        count, _, height, width = images.shape
        grid = F.affine_grid(self._matrices(count, height, width, generator), list(images.shape), align_corners=False)
        knots = torch.randn(count, 2, KNOTS, KNOTS, generator=generator) * uniform(count, 0, self.bend, generator)
        field = F.interpolate(knots, size=(height, width), mode="bicubic", align_corners=True)
        pixels = torch.tensor([2 / width, 2 / height])
        return F.grid_sample(images, grid + field.permute(0, 2, 3, 1) * pixels, align_corners=False)

    def _matrices(self, count: int, height: int, width: int, generator: torch.Generator) -> Tensor:
        turn, shear, tall, wide, down, right = (
            uniform(count, -reach, reach, generator).view(count)
            for reach in (self.turn, self.shear, self.resize, self.resize, self.shift, self.shift)
        )
        cos, sin = turn.cos(), turn.sin()
        rows = [
            torch.stack([cos * (1 + wide), shear - sin, 2 * right / width], 1),
            torch.stack([sin, cos * (1 + tall), 2 * down / height], 1),
        ]
        return torch.stack(rows, 1)


def shifted(images: Tensor, reach: int, generator: torch.Generator) -> Tensor:
    """Each image moved by a random whole number of pixels, up to `reach` down or up and right or left."""
    count, _, height, width = images.shape
    padded = F.pad(images, (reach,) * 4)
    down, right = torch.randint(2 * reach + 1, (2, count, 1), generator=generator)
    rows, columns = down + torch.arange(height), right + torch.arange(width)
    moved = padded.movedim(1, 3)[torch.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]]
    return moved.movedim(3, 1)


def moved(images: Tensor, warp: Warp, generator: torch.Generator) -> Tensor:
    """Half of the images warped, the others only shifted.

    A warp takes pixels between pixels, which softens what it moves: were all images of one kind warped and none of
    another, a network would tell the kinds apart by their sharpness.
    """
    soft = chosen(len(images), 0.5, generator).view(-1, 1, 1, 1)
    return torch.where(soft, warp(images, generator), shifted(images, round(warp.shift), generator))
