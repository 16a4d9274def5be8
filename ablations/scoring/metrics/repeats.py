"""The Frechet distance again: of other samples of the same model, against parts of the real images.

From these numbers a report tells apart what a score owes to the training seed, to the samples that were drawn, and to
the real images it was held against. They carry no verdict.
"""

from __future__ import annotations

from collections.abc import Sequence

from ablations.scoring.metrics.frechet import Gaussian, frechet_distance
from ablations.scoring.metrics.values import Features, random_parts

SETS = 2
"""Sets of samples of one model; the first is the one that is scored."""
PARTS = 5
"""Disjoint random parts of the real images, the same ones for every model."""
PREFIX = "repeat_"


def name_of(samples: int, part: int) -> str:
    """What the distance of a set of samples to a part of the real images is called."""
    return f"{PREFIX}{samples}_{part}"


def parts_of(real: Features) -> tuple[Gaussian, ...]:
    """The Gaussians of the parts of the real images; none where a part would have fewer images than features."""
    width = real.features.shape[1]
    if len(real) < PARTS * (width + 1):
        return ()
    return tuple(Gaussian.of(real.features[rows]) for rows in random_parts(len(real), PARTS))


def repeats(sets: Sequence[Features], parts: Sequence[Gaussian]) -> dict[str, float]:
    """The distance of each set of samples to each part, by `name_of`; NaN where a sample is not finite."""
    found: dict[str, float] = {}
    for number, seen in enumerate(sets):
        own = Gaussian.of(seen.features)
        found |= {name_of(number, index): frechet_distance(own, part) for index, part in enumerate(parts)}
    return found
