"""The damages as rows of data; what each must do to a metric stands in the metric's row, in `catalog.metrics`, or, of a
user's own, where it is registered.

A damage is applied to real images that no score has seen, always with the same draws, so that a higher grade is more of
the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from ablations.catalog.metric_facts import Response
from ablations.catalog.metrics import every
from ablations.scoring.certify import operations
from ablations.scoring.certify.operations import Damaged, Material

SEED = 0


@dataclass(frozen=True, kw_only=True)
class Damage:
    """A row: what is done to real images."""

    name: str
    title: str
    unit: str
    """What a grade counts."""
    grades: tuple[float, ...]
    """Rising; the undamaged images come before them."""
    apply: Callable[[Material, float, torch.Generator], Damaged]
    why: str
    """What a reader should see, in a sentence or two."""
    distinct: Callable[[float], float] = lambda grade: 1.0
    """The share of the images that are not repetitions: what must stay is an average over only so many."""

    def __call__(self, material: Material, grade: float) -> Damaged:
        return self.apply(material, grade, torch.Generator().manual_seed(SEED))

    @property
    def claims(self) -> dict[str, Response]:
        """Metric, without its protocol, to what it must do; one without a claim is shown and not judged."""
        return {name: claim for name, row in every().items() if (claim := row.must(self.name))}


NOISE = Damage(
    name="noise",
    title="Gaussian noise",
    unit="standard deviation, white is 1",
    grades=(0.1, 0.2, 0.3, 0.45, 0.6),
    apply=operations.noise,
    why="Up to 0.3 a person reads all of them; at the end one digit in twenty shows nothing to the reader.",
)

COPIES = Damage(
    name="copies",
    title="Copies of training images",
    unit="share of the images",
    grades=(0.01, 0.05, 0.25, 0.5, 1.0),
    apply=operations.copies,
    why="A generator that repeats its training images looks perfect to every metric but those two.",
)

DAMAGES: tuple[Damage, ...] = (
    NOISE,
    Damage(
        name="blur",
        title="Blur",
        unit="standard deviation, pixels",
        grades=(0.5, 1, 1.5, 2),
        apply=operations.blur,
        why="A blur of half a pixel takes away what tells one image from the next, so it costs variety before quality. "
        "At 2 pixels half of the digits show nothing to the reader.",
    ),
    Damage(
        name="salt_and_pepper",
        title="Salt and pepper",
        unit="share of the pixels",
        grades=(0.02, 0.05, 0.1, 0.2, 0.4),
        apply=operations.salt_and_pepper,
        why="Pixels at random turn black or white.",
    ),
    Damage(
        name="translation",
        title="Translation",
        unit="pixels to the right",
        grades=(1, 2, 4, 6, 8),
        apply=operations.translation,
        why="The digits stay perfect but stand where none of the data's do. The reader goes on reading "
        "them while the distances already rise.",
    ),
    Damage(
        name="occlusion",
        title="Occlusion",
        unit="rows, from the middle on",
        grades=(2, 4, 6, 10, 14),
        apply=operations.occlusion,
        why="A black bar cuts the digits in two.",
    ),
    Damage(
        name="swapped_labels",
        title="Swapped labels",
        unit="share of the images",
        grades=(0.1, 0.25, 0.5, 1.0),
        apply=operations.swapped_labels,
        why="The images are untouched, and only the metric that asks for labels may move.",
    ),
    Damage(
        name="dropped_classes",
        title="Classes dropped",
        unit="classes",
        grades=(1, 2, 3, 4, 5, 6, 7, 8, 9),
        apply=operations.dropped_classes,
        why="Mode collapse between classes: from 9 down to 0, replaced by other real images of the classes that are "
        "left. Those are training images, so memorization is not judged; nor are precision and density, which differ "
        "from digit to digit.",
    ),
    Damage(
        name="duplicates",
        title="Duplicates",
        unit="share of the images",
        grades=(0.1, 0.5, 0.9, 0.99),
        apply=operations.duplicates,
        distinct=lambda grade: 1 - grade,
        why="Mode collapse onto some images of all classes: at 0.99 each of 100 images is there 100 times.",
    ),
    Damage(
        name="one_a_class",
        title="One image a class",
        unit="share of the images",
        grades=(0.1, 0.25, 0.5, 0.75, 1.0),
        apply=operations.one_a_class,
        why="Mode collapse within classes. The classifier score calls it an improvement: that is its known blind spot.",
    ),
    COPIES,
    Damage(
        name="noise_images",
        title="Noise images mixed in",
        unit="share of the images",
        grades=(0.01, 0.05, 0.25, 0.5, 0.75),
        apply=operations.noise_images,
        distinct=lambda grade: 1 - grade,
        why="Some samples are uniform noise, the others real. Noise is of no class: shares and label accuracy are "
        "those of the digits that are left.",
    ),
)
