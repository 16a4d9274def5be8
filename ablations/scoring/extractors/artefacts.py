"""The artefacts that generators make, as functions of a grade: the image under them stays readable.

Each takes images (n, channels, height, width) in [0, 1], grades (n, 1, 1, 1) from 0 (nothing) to 1, and a generator,
and gives images of the same shape and range.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ablations.scoring.extractors.random_numbers import chosen, uniform

Artefact = Callable[[Tensor, Tensor, torch.Generator], Tensor]

BLUR_REACH = 4
HOLES = 3


def gaussian_noise(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Standard deviation up to 0.35 of the range."""
    return (images + 0.35 * grades * torch.randn(images.shape, generator=generator)).clamp(0, 1)


def white_pixels(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Up to 14% of the pixels white."""
    return torch.where(torch.rand(images.shape, generator=generator) < 0.14 * grades, 1.0, images)


def grey_pixels(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Up to 14% of the pixels of any brightness."""
    hit = torch.rand(images.shape, generator=generator) < 0.14 * grades
    return torch.where(hit, torch.rand(images.shape, generator=generator), images)


def white_squares(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Up to 4% of the squares of 2x2 pixels white."""
    count, channels, height, width = images.shape
    coarse = torch.rand(count, channels, (height + 1) // 2, (width + 1) // 2, generator=generator) < 0.04 * grades
    hit = coarse.repeat_interleave(2, 2).repeat_interleave(2, 3)[..., :height, :width]
    return torch.where(hit, 1.0, images)


def dropped_pixels(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Up to half of the pixels black."""
    return torch.where(torch.rand(images.shape, generator=generator) < 0.5 * grades, 0.0, images)


def saturated(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Up to six times as bright, so that all grey turns white."""
    return (images * (1 + 5 * grades)).clamp(0, 1)


def faded(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Down to a third of the brightness."""
    return images * (1 - 0.67 * grades)


def veiled(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """The background up to a third of white."""
    return images + 0.33 * grades * (1 - images)


def checkered(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """One pixel in four, or the other three, darker: the pattern of transposed convolutions."""
    count, _, height, width = images.shape
    rows, columns = torch.randint(2, (2, count, 1, 1, 1), generator=generator)
    even_rows = (torch.arange(height).view(1, 1, -1, 1) + rows) % 2 == 0
    even_columns = (torch.arange(width).view(1, 1, 1, -1) + columns) % 2 == 0
    dark = (even_rows & even_columns) ^ chosen(count, 0.5, generator).view(-1, 1, 1, 1)
    return torch.where(dark, images * (1 - grades), images)


def blurred(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """A Gaussian of up to 1.3 pixels."""
    count, channels = images.shape[:2]
    positions = torch.arange(-BLUR_REACH, BLUR_REACH + 1)
    weights = torch.exp(-0.5 * (positions / (0.2 + 1.1 * grades.view(-1, 1))) ** 2)
    kernels = (weights / weights.sum(1, keepdim=True)).repeat_interleave(channels, 0)
    layers = images.reshape(1, count * channels, *images.shape[2:])
    layers = F.conv2d(layers, kernels.view(-1, 1, 1, len(positions)), padding=(0, BLUR_REACH), groups=len(kernels))
    layers = F.conv2d(layers, kernels.view(-1, 1, len(positions), 1), padding=(BLUR_REACH, 0), groups=len(kernels))
    return layers.view(images.shape).clamp(0, 1)


def thickened(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Strokes up to a pixel wider on all sides."""
    return torch.lerp(images, dilated(images, 3), grades.expand_as(images))


def thinned(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Strokes up to a pixel narrower on all sides."""
    return torch.lerp(images, eroded(images, 3), grades.expand_as(images))


def shaved(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Strokes up to a pixel narrower on one side."""
    return torch.lerp(images, eroded(images, 2), grades.expand_as(images))


def holed(images: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Three black rectangles with sides of up to 6 pixels."""
    count, _, height, width = images.shape
    kept = torch.ones_like(images[:, :1], dtype=torch.bool)
    rows, columns = torch.arange(height).view(1, 1, -1, 1), torch.arange(width).view(1, 1, 1, -1)
    for _ in range(HOLES):
        tall, wide = (uniform(count, 0, 6, generator) * grades for _ in range(2))
        top = uniform(count, 0, height, generator) - tall / 2
        left = uniform(count, 0, width, generator) - wide / 2
        kept &= ~((rows >= top) & (rows < top + tall) & (columns >= left) & (columns < left + wide))
    return images * kept


def dilated(images: Tensor, window: int) -> Tensor:
    """Each pixel as bright as the brightest of the window around it."""
    before, after = (window - 1) // 2, window // 2
    return F.max_pool2d(F.pad(images, (before, after, before, after)), window, stride=1)


def eroded(images: Tensor, window: int) -> Tensor:
    """Each pixel as dark as the darkest of the window around it."""
    return 1 - dilated(1 - images, window)


ARTEFACTS: tuple[Artefact, ...] = (
    *(gaussian_noise, white_pixels, dropped_pixels, thickened, thinned, shaved) * 2,
    *(grey_pixels, white_squares, saturated, faded, veiled, checkered, blurred, holed),
)
"""What `spoiled` draws from; what stands twice is drawn twice as often."""

UNSPOILED = 0.3
"""Share of the images that stay whole."""
SECOND = 0.4
"""Share of the spoiled images that have two artefacts, each of at most `TOGETHER`."""
TOGETHER = 0.6


def spoiled(images: Tensor, generator: torch.Generator) -> Tensor:
    """Images with no, one or two artefacts each; the strong grades are drawn more often."""
    count = len(images)
    first, second = torch.randint(len(ARTEFACTS), (2, count), generator=generator)
    grades = torch.rand(2, count, 1, 1, 1, generator=generator).sqrt()
    whole_images = chosen(count, UNSPOILED, generator)
    both = chosen(count, SECOND, generator)
    grades = torch.where(both.view(-1, 1, 1, 1), TOGETHER * grades, grades)
    images = with_artefacts(images, torch.where(whole_images, -1, first), grades[0], generator)
    return with_artefacts(images, torch.where(whole_images | ~both, -1, second), grades[1], generator)


def with_artefacts(images: Tensor, kinds: Tensor, grades: Tensor, generator: torch.Generator) -> Tensor:
    """Images each with the artefact of its kind, (n,) places in `ARTEFACTS`; none where the kind is -1."""
    images = images.clone()
    for kind, artefact in enumerate(ARTEFACTS):
        rows = (kinds == kind).nonzero().squeeze(1)
        if len(rows):
            images[rows] = artefact(images[rows], grades[rows], generator)
    return images
