"""Damages to real images, in grades, as rows of data: what each must raise, lower, and leave as it is.

A damage is applied to images that no score has seen, always with the same draws, so that a higher grade is more of the
same. Names of metrics are without their protocol: `frechet` stands for `frechet_10k`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

CLASSES = 10
SEED = 0


@dataclass(frozen=True, eq=False, kw_only=True)
class Material:
    """Real images to damage, and others to copy from; uint8 (n, 28, 28) with labels (n,)."""

    images: Tensor
    labels: Tensor
    others: Tensor
    """The training images as memorization sees them: `images` are not among them."""
    other_labels: Tensor


Damaged = tuple[Tensor, Tensor]
"""Images (n, 28, 28), uint8 or float in [0, 1], and the classes they should show, (n,)."""


@dataclass(frozen=True, kw_only=True)
class Damage:
    """A row: what is done to real images, and what that does to the metrics."""

    name: str
    title: str
    unit: str
    """What a grade counts."""
    grades: tuple[float, ...]
    """Rising; the undamaged images stand before them."""
    apply: Callable[[Material, float, torch.Generator], Damaged]
    rises: tuple[str, ...] = ()
    falls: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
    why: str
    """One sentence: what a reader should see."""

    def __call__(self, material: Material, grade: float) -> Damaged:
        return self.apply(material, grade, torch.Generator().manual_seed(SEED))


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
    images = _unit(material.images).unsqueeze(1)
    rows = F.conv2d(images, kernel, padding=(reach, 0))
    both = F.conv2d(rows, kernel.transpose(2, 3), padding=(0, reach))
    return both.squeeze(1).clamp(0, 1), material.labels


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
    return F.pad(material.images, (shift, 0))[:, :, :28], material.labels


def occlusion(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """So many rows black, from the middle one on to both sides."""
    first = 14 - int(grade) // 2
    images = material.images.clone()
    images[:, first : first + int(grade)] = 0
    return images, material.labels


# --- sets ---


def swapped_labels(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """That share of the labels are another class's."""
    chosen = torch.rand(len(material.labels), generator=generator) < grade
    other = (material.labels + torch.randint(1, CLASSES, material.labels.shape, generator=generator)) % CLASSES
    return material.images, torch.where(chosen, other, material.labels)


def dropped_classes(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """Only the first classes, by as many other real images as were dropped; repeated where there are no more."""
    keep = CLASSES - int(grade)
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
    first = torch.stack([(material.labels == label).nonzero()[0, 0] for label in range(CLASSES)])
    rows = torch.where(chosen, first[material.labels], torch.arange(len(material.labels)))
    return material.images[rows], material.labels[rows]


def copies(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """That share of the images replaced by training images."""
    chosen = torch.rand(len(material.labels), generator=generator) < grade
    rows = torch.randperm(len(material.others), generator=generator)[: len(chosen)]
    images = torch.where(chosen[:, None, None], material.others[rows], material.images)
    return images, torch.where(chosen, material.other_labels[rows], material.labels)


def noise_images(material: Material, grade: float, generator: torch.Generator) -> Damaged:
    """That share of the images replaced by uniform noise."""
    chosen = torch.rand(len(material.labels), generator=generator) < grade
    static = torch.randint(256, material.images.shape, dtype=torch.uint8, generator=generator)
    return torch.where(chosen[:, None, None], static, material.images), material.labels


def _unit(images: Tensor) -> Tensor:
    return images.float() / 255


DISTANCES = ("frechet", "frechet_inf", "kernel_distance")
QUALITY = ("precision", "density")
VARIETY = ("recall", "coverage")

DAMAGES: tuple[Damage, ...] = (
    Damage(
        name="noise",
        title="Gaussian noise",
        unit="standard deviation, of 1",
        grades=(0.1, 0.2, 0.3, 0.45, 0.6),
        apply=noise,
        rises=DISTANCES,
        falls=("precision", "density", "coverage", "label_accuracy", "confidence"),
        why="",
    ),
    Damage(name="blur", title="Blur", unit="pixels", grades=(0.5, 1, 1.5, 2, 3), apply=blur, why=""),
    Damage(
        name="salt_and_pepper",
        title="Salt and pepper",
        unit="share of pixels",
        grades=(0.02, 0.05, 0.1, 0.2, 0.4),
        apply=salt_and_pepper,
        why="",
    ),
    Damage(name="translation", title="Translation", unit="pixels", grades=(1, 2, 4, 6, 8), apply=translation, why=""),
    Damage(name="occlusion", title="Occlusion", unit="rows", grades=(2, 4, 6, 10, 14), apply=occlusion, why=""),
    Damage(
        name="swapped_labels", title="Swapped labels", unit="share", grades=(0.1, 0.25, 0.5, 1.0), apply=swapped_labels,
        why="",
    ),
    Damage(
        name="dropped_classes", title="Classes dropped", unit="classes", grades=tuple(range(1, 10)),
        apply=dropped_classes, why="",
    ),
    Damage(
        name="duplicates", title="Duplicates", unit="share", grades=(0.1, 0.5, 0.9, 0.99), apply=duplicates, why=""
    ),
    Damage(
        name="one_a_class", title="One image a class", unit="share", grades=(0.1, 0.25, 0.5, 0.75, 1.0),
        apply=one_a_class, why="",
    ),
    Damage(name="copies", title="Copies", unit="share", grades=(0.01, 0.05, 0.25, 0.5, 1.0), apply=copies, why=""),
    Damage(
        name="noise_images", title="Noise images", unit="share", grades=(0.01, 0.05, 0.25, 0.5, 1.0),
        apply=noise_images, why="",
    ),
)
