"""Scores of real images, whole and damaged, and everything that a certificate holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablations.data import Dataset
from ablations.scoring.certify import agreement
from ablations.scoring.certify import known_distances as checks
from ablations.scoring.certify.damages import COPIES, DAMAGES, NOISE, Damage
from ablations.scoring.certify.image_sets import ImageSets, Scores, part
from ablations.scoring.certify.known_distances import Bias, Coverage
from ablations.scoring.certify.lines import Line, moves, tolerances
from ablations.scoring.certify.operations import Material
from ablations.scoring.metrics.closest import closest_pairs
from ablations.scoring.metrics.frechet import frechet_distance
from ablations.scoring.panel import READER, Panel
from ablations.scoring.scorer import scorer_identity
from ablations.scoring.suite import References

SHOWN = 16
"""Images of each picture's row."""
AGREEMENT_SAMPLES = 2000
"""Other implementations hold all distances at once."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """All that was measured, and the lines that came of it."""

    dataset: str
    data_digest: str
    scorer: str
    protocol: str
    """The number of samples of a score."""
    noise_floor: float
    """The primary score of the first training images in the order of their file: the floor that verdicts use."""
    real: tuple[Scores, ...]
    """Scores of disjoint random sets of real images, by the metrics' names without protocol."""
    tolerance: Mapping[str, float]
    damaged: Mapping[str, tuple[Scores, ...]]
    """Damage to its scores: of the undamaged images, then of each grade."""
    bias: tuple[Bias, ...]
    coverage: tuple[Coverage, ...]
    lines: tuple[Line, ...]
    seconds: float
    pictures: Mapping[str, Picture] = field(repr=False)
    """Damage to images (grades + 1, `SHOWN`, height, width)."""
    closest: Picture = field(repr=False)
    """The samples nearest to training images, above those, without and with copies: (4, `SHOWN`, height, width)."""


def certify(
    dataset: Dataset, panel: Panel, *, repeats: int = 100, notify: Callable[[str], None] = lambda line: None
) -> Certificate:
    """Measure and judge everything; `repeats` draws of each known distance, `notify` is told of each part as it starts.

    On one core about 2 s for each of 60 sets of 10,000 images, and 0.2 s for each draw.
    """
    start = time.perf_counter()
    parts = iter(range(1, len(DAMAGES) + 5))

    def tell(what: str) -> None:
        notify(f"[{next(parts):2}/{len(DAMAGES) + 4}] {time.perf_counter() - start:4.0f} s  {what}")

    tell("real images against real images")
    sets = ImageSets.of(dataset, panel)
    base = sets.rows[0]
    real = tuple(
        sets.score(part(sets.train_views, chosen.numpy()), dataset.labels[0][chosen], sets.references(chosen))
        for chosen in sets.rows
    )
    tolerance = tolerances(real)
    floor = frechet_distance(sets.train.features[: len(base)], sets.test.features)
    lines = checks.real_lines(real, sets.test, [sets.train.rows(chosen.numpy()) for chosen in sets.rows], floor)

    damaged: dict[str, tuple[Scores, ...]] = {}
    pictures: dict[str, Picture] = {}
    material, references = sets.material(base), sets.references(base)
    for damage in DAMAGES:
        tell(damage.title)
        damaged[damage.name], pictures[damage.name] = scores_of(damage, sets, material, references, real[0])
        lines += judged(damage, damaged[damage.name], tolerance)

    tell("bias of few samples")
    everything = sets.material(torch.arange(len(dataset.train_images)))
    noisy = panel.only(READER).views(NOISE(everything, NOISE.grades[0])[0])[READER]
    few = len(base)
    sources = (("real images", sets.train), ("noisy images", noisy))
    bias = tuple(checks.bias(title, features, sets.test, few) for title, features in sources)
    lines += [line for measured in bias for line in checks.bias_lines(measured)]

    tell("intervals of known distances")
    coverage = tuple(
        checks.coverage(title, features.rows(slice(few)), sets.test, repeats) for title, features in sources
    )
    lines += [checks.coverage_line(measured) for measured in coverage]

    tell("other implementations")
    same = slice(min(AGREEMENT_SAMPLES, few, len(sets.test)))
    lines += agreement.lines(*(features.rows(same) for features in (noisy, sets.test, sets.train)))
    return Certificate(
        dataset=dataset.name,
        data_digest=dataset.digest,
        scorer=scorer_identity(panel),
        protocol=sets.protocol,
        noise_floor=floor,
        real=real,
        tolerance=tolerance,
        damaged=damaged,
        bias=bias,
        coverage=coverage,
        lines=tuple(lines),
        seconds=time.perf_counter() - start,
        pictures=pictures,
        closest=closest(sets, material, references),
    )


def scores_of(
    damage: Damage, sets: ImageSets, material: Material, references: References, undamaged: Scores
) -> tuple[tuple[Scores, ...], Picture]:
    """The scores before and at each grade, and the images of the picture."""
    scores, rows = [undamaged], [material.images[:SHOWN]]
    for grade in damage.grades:
        images, labels = damage(material, grade)
        scores.append(sets.score(sets.panel.views(images), labels, references))
        rows.append(_bytes(images[:SHOWN]))
    return tuple(scores), torch.stack(rows).numpy()


def judged(damage: Damage, scores: tuple[Scores, ...], tolerance: Mapping[str, float]) -> list[Line]:
    distinct = [1.0, *(damage.distinct(grade) for grade in damage.grades)]
    return [
        moves(damage.title, metric, claim, [row[metric] for row in scores], tolerance[metric], distinct)
        for metric, claim in damage.claims.items()
    ]


def closest(sets: ImageSets, material: Material, references: References) -> Picture:
    """The images nearest to training images, above those: of real images, and of real images with some copies."""
    copies, _ = COPIES(material, COPIES.grades[1])
    rows = []
    for images in (material.images, copies):
        seen = sets.panel.only(READER).views(images)[READER]
        pairs = closest_pairs(seen.features, references[READER].training.features, SHOWN)
        rows += [images[torch.from_numpy(pairs.samples)], material.others[torch.from_numpy(pairs.training)]]
    return torch.stack(rows).numpy()


def _bytes(images: Tensor) -> Tensor:
    return images if images.dtype == torch.uint8 else (images * 255).round().to(torch.uint8)
