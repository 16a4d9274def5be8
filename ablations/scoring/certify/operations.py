"""What is done to real images: functions of a grade and a generator. A grade of 0 does nothing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True, eq=False, kw_only=True)
class Material:
    """Real images to damage, and others to copy from; uint8 (n, ..., height, width) with labels (n,)."""

    images: Tensor
    labels: Tensor
    others: Tensor
    """The training images as memorization knows them: `images` are not among them."""
    other_labels: Tensor

    @property
    def classes(self) -> int:
        return 1 + int(self.other_labels.max())


Damaged = tuple[Tensor, Tensor]
"""Images in the shape of the real ones, uint8 or float in [0, 1], and the classes they should show, (n,)."""

# --- pixels ---


def noise(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """Gaussian noise of that standard deviation, clipped to [0, 1]."""
    images = _unit(material.images)
    return (images + grade * torch.randn(images.shape, generator=generator)).clamp_(0, 1), material.labels


def blur(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """A Gaussian of that many pixels, over black surroundings."""
    reach = int(4 * grade) + 1
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / grade) ** 2)
    kernel = (weights / weights.sum()).view(1, 1, -1, 1)
    height, width = material.images.shape[-2:]
    images = _unit(material.images).view(-1, 1, height, width)
    rows = F.conv2d(images, kernel, padding=(reach, 0))
    both = F.conv2d(rows, kernel.transpose(2, 3), padding=(0, reach))
    return both.view(material.images.shape).clamp(0, 1), material.labels


def salt_and_pepper(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """That share of the pixels black or white."""
    drawn = torch.rand(material.images.shape, generator=generator)
    images = material.images.clone()
    images[drawn < grade / 2] = 0
    images[drawn > 1 - grade / 2] = 255
    return images, material.labels


def translation(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """So many pixels to the right; what leaves the image is lost."""
    shift = int(grade)
    return F.pad(material.images, (shift, 0))[..., : material.images.shape[-1]], material.labels


def occlusion(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """So many rows black, from the middle one on to both sides."""
    first = (material.images.shape[-2] - int(grade)) // 2
    images = material.images.clone()
    images[..., first : first + int(grade), :] = 0
    return images, material.labels


# --- sets ---


def swapped_labels(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """That share of the labels are another class's."""
    chosen = torch.rand(len(material.labels), generator=generator) < grade
    classes = material.classes
    other = (material.labels + torch.randint(1, classes, material.labels.shape, generator=generator)) % classes
    return material.images, torch.where(chosen, other, material.labels)


def dropped_classes(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """Only the first classes, by as many other real images as were dropped; repeated where there are no more."""
    keep = material.classes - int(grade)
    kept, spare = material.labels < keep, material.other_labels < keep
    images = torch.cat([material.images[kept], material.others[spare]])
    labels = torch.cat([material.labels[kept], material.other_labels[spare]])
    rows = torch.arange(len(material.labels)) % len(labels)
    return images[rows], labels[rows]


def duplicates(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """That share of the images replaced by repetitions of the rest."""
    count = len(material.labels)
    order = torch.randperm(count, generator=generator)
    distinct = max(round(count * (1 - grade)), 1)
    rows = order[torch.arange(count) % distinct]
    # Mixed, as samples are: repetitions at regular distances would fall into the same groups of a jackknife.
    rows = rows[torch.randperm(count, generator=generator)]
    return material.images[rows], material.labels[rows]


def one_a_class(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """That share of the images replaced by one and the same image of their class."""
    chosen = torch.rand(len(material.labels), generator=generator) < grade
    first = torch.stack([(material.labels == label).nonzero()[0, 0] for label in range(material.classes)])
    rows = torch.where(chosen, first[material.labels], torch.arange(len(material.labels)))
    return material.images[rows], material.labels[rows]


def copies(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """That share of the images replaced by training images."""
    chosen = torch.rand(len(material.labels), generator=generator) < grade
    rows = torch.randperm(len(material.others), generator=generator)[: len(chosen)]
    images = torch.where(_each(chosen, material.images), material.others[rows], material.images)
    return images, torch.where(chosen, material.other_labels[rows], material.labels)


def noise_images(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """That share of the images replaced by uniform noise."""
    chosen = torch.rand(len(material.labels), generator=generator) < grade
    static = torch.randint(256, material.images.shape, dtype=torch.uint8, generator=generator)
    return torch.where(_each(chosen, static), static, material.images), material.labels


def _each(chosen: Tensor, images: Tensor) -> Tensor:
    """One value an image (n,), in a shape that goes with the images."""
    return chosen.view(-1, *[1] * (images.ndim - 1))


def _unit(images: Tensor) -> Tensor:
    return images.float() / 255
