"""Images that show nothing to be read, made on the fly: what a classifier that abstains learns to leave alone.

Each kind takes real images (n, channels, height, width) in [0, 1] in any order, their labels (n,) and a generator, and
gives as many images that no person would read.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.scoring.extractors.random_numbers import chosen, uniform, whole
from ablations.scoring.extractors.strokes import pieces, scribbles

Shapeless = Callable[[Tensor, Tensor, torch.Generator], Tensor]

AVERAGED = 12


def static(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Uniform noise, of any range, or Gaussian noise around any grey."""
    count = len(images)
    low, high = uniform(count, 0, 0.5, generator), uniform(count, 0.5, 1, generator)
    even = low + (high - low) * torch.rand(images.shape, generator=generator)
    spread = uniform(count, 0.05, 0.5, generator)
    bell = uniform(count, 0, 1, generator) + spread * torch.randn(images.shape, generator=generator)
    return torch.where(_coin(count, generator), even, bell).clamp(0, 1)


def coarse_static(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Noise with grains of two to seven pixels, sharp or smooth."""
    count, channels, height, width = images.shape
    grain = int(torch.randint(2, 8, (1,), generator=generator))
    grains = torch.randn(count, channels, -(-height // grain), -(-width // grain), generator=generator)
    grains = uniform(count, -0.3, 0.8, generator) + uniform(count, 0.3, 0.8, generator) * grains
    sharp = F.interpolate(grains, size=(height, width), mode="nearest")
    smooth = F.interpolate(grains, size=(height, width), mode="bicubic", align_corners=False)
    return torch.where(_coin(count, generator), sharp, smooth).clamp(0, 1)


def speckled(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Black, with up to half of the pixels of any brightness or white."""
    count = len(images)
    hit = torch.rand(images.shape, generator=generator) < uniform(count, 0, 0.7, generator) ** 2
    bright = torch.where(_coin(count, generator), 1.0, torch.rand(images.shape, generator=generator))
    return hit * bright


def flat(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """One grey, from black to white, or a slope between two."""
    count, _, height, width = images.shape
    start, step = uniform(count, 0, 1, generator), uniform(count, -1, 1, generator)
    slope = step * torch.linspace(-0.5, 0.5, height).view(1, 1, -1, 1)
    slope = slope + uniform(count, -1, 1, generator) * torch.linspace(-0.5, 0.5, width).view(1, 1, 1, -1)
    return (start + torch.where(_coin(count, generator), 0.0, slope)).expand(images.shape).clamp(0, 1)


def striped(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Waves of any direction and a length of 2 to 14 pixels; crossed ones make a board."""
    count, _, height, width = images.shape
    rows, columns = torch.arange(height).view(1, 1, -1, 1), torch.arange(width).view(1, 1, 1, -1)
    wave = torch.ones(1)
    for crossed in (torch.ones(count, 1, 1, 1, dtype=torch.bool), _coin(count, generator)):
        angle, length = uniform(count, 0, torch.pi, generator), uniform(count, 2, 14, generator)
        along = 2 * torch.pi * (rows * angle.sin() + columns * angle.cos()) / length
        wave = wave * torch.where(crossed, (along + uniform(count, 0, 6, generator)).cos(), 1.0)
    return (0.5 + wave * uniform(count, 0.2, 2, generator)).expand(images.shape).clamp(0, 1)


def blobs(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """One to six soft bright spots."""
    count, _, height, width = images.shape
    rows, columns = torch.arange(height).view(1, 1, -1, 1), torch.arange(width).view(1, 1, 1, -1)
    used, total = whole(count, 1, 6, generator).view(-1, 1, 1, 1), torch.zeros(1)
    for place in range(6):
        down = (rows - uniform(count, 0.2, 0.8, generator) * height) / uniform(count, 1.5, 6, generator)
        right = (columns - uniform(count, 0.2, 0.8, generator) * width) / uniform(count, 1.5, 6, generator)
        total = total + (place < used) * uniform(count, 0.3, 1.2, generator) * torch.exp(-0.5 * (down**2 + right**2))
    return total.expand(images.shape).clamp(0, 1)


def averaged(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """The mean of a dozen images, as bright as it is or brighter: where a generator goes that has given up."""
    rows = torch.randint(len(images), (len(images), AVERAGED), generator=generator)
    return (images[rows].mean(1) * uniform(len(images), 0.8, 2.5, generator)).clamp(0, 1)


def shuffled(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """The patches of an image in another order; patches from one pixel to a quarter of the side."""
    count, _, height, width = images.shape
    sides = [side for side in range(1, max(height // 4, 1) + 1) if height % side == width % side == 0]
    side = sides[int(torch.randint(len(sides), (1,), generator=generator))]
    patches = F.unfold(images, side, stride=side)
    order = torch.rand(count, 1, patches.shape[2], generator=generator).argsort(2)
    patches = patches.gather(2, order.expand_as(patches))
    return F.fold(patches, (height, width), side, stride=side)


def overlaid(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Two or three images of different classes, one over the other."""
    other = images[_other_class(labels, generator)]
    both = torch.where(_coin(len(images), generator), torch.maximum(images, other), (images + other).clamp(0, 1))
    third = images[torch.randperm(len(images), generator=generator)]
    return torch.where(_coin(len(images), generator), torch.maximum(both, third), both)


def pasted(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Four quarters of four images, each turned over or not, in places where they do not belong."""
    count, _, height, width = images.shape
    tall, wide = height // 2, width // 2
    result = images.clone()
    for place, (top, left) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1))):
        source = images[torch.randperm(count, generator=generator)]
        source = torch.where(_coin(count, generator), source.flip(2), source)
        source = torch.where(_coin(count, generator), source.flip(3), source)
        from_top, from_left = ((1 - top), left) if place % 2 else (top, (1 - left))
        part = source[:, :, from_top * (height - tall) :, from_left * (width - wide) :][:, :, :tall, :wide]
        result[:, :, top * (height - tall) :, left * (width - wide) :][:, :, :tall, :wide] = part
    return result


def fragments(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """What of an image lies in a window of a sixth to a third of the side."""
    count, _, height, width = images.shape
    rows, columns = torch.arange(height).view(1, 1, -1, 1), torch.arange(width).view(1, 1, 1, -1)
    tall, wide = (side * uniform(count, 0.17, 0.33, generator) for side in (height, width))
    top, left = (side * uniform(count, 0.2, 0.55, generator) for side in (height, width))
    return images * ((rows >= top) & (rows < top + tall) & (columns >= left) & (columns < left + wide))


def scribbled(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """One long line all over the image."""
    count, _, height, width = images.shape
    return scribbles(count, height, width, generator).expand(images.shape)


def strewn(images: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Short strokes here and there."""
    count, _, height, width = images.shape
    return pieces(count, height, width, generator).expand(images.shape)


SHAPELESS: tuple[Shapeless, ...] = (
    static,
    coarse_static,
    speckled,
    flat,
    striped,
    blobs,
    averaged,
    shuffled,
    shuffled,
    overlaid,
    overlaid,
    pasted,
    fragments,
    scribbled,
    strewn,
)
"""What `shapeless` draws from; what stands twice is drawn twice as often."""


def shapeless(images: Tensor, labels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """`count` images of all kinds in turn, made of real ones, (count, channels, height, width)."""
    parts = []
    shares = torch.arange(count) % len(SHAPELESS)
    for kind, make in enumerate(SHAPELESS):
        number = int((shares == kind).sum())
        if number:
            rows = torch.randperm(len(images), generator=generator)[:number]
            parts.append(make(images[rows], labels[rows], generator))
    return torch.cat(parts)


def _coin(count: int, generator: torch.Generator) -> Tensor:
    return chosen(count, 0.5, generator).view(-1, 1, 1, 1)


def _other_class(labels: Tensor, generator: torch.Generator) -> Tensor:
    """For each image the row of one of another class; any other row where all are of one class."""
    scores = torch.rand(len(labels), len(labels), generator=generator)
    return (scores + (labels[:, None] != labels)).argmax(1)
