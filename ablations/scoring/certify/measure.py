"""Scores of real images, whole and damaged, and everything that a certificate holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ablations.catalog.metric_facts import of_extractor
from ablations.catalog.metrics import METRICS
from ablations.data import Dataset
from ablations.scoring.certify import independent
from ablations.scoring.certify import known_distances as checks
from ablations.scoring.certify.damages import COPIES, DAMAGES, NOISE, Damage
from ablations.scoring.certify.exchange import Skewed, exchange_lines, skewed
from ablations.scoring.certify.extractors_compared import Ranked, SampleSet, ranked, ranked_lines
from ablations.scoring.certify.image_sets import ImageSets, Scores, part
from ablations.scoring.certify.known_distances import Bias, Coverage
from ablations.scoring.certify.lines import Line, moves, tolerances
from ablations.scoring.certify.operations import Material
from ablations.scoring.certify.still_read import Read, still_read, still_read_lines, words
from ablations.scoring.identity import scorer_identity
from ablations.scoring.metrics.closest import closest_pairs
from ablations.scoring.metrics.frechet import frechet_distance
from ablations.scoring.own_metrics import check_own_claims
from ablations.scoring.panel import READER, Panel
from ablations.scoring.suite import References

SHOWN = 16
"""Images of each picture's row."""
AGREEMENT_SAMPLES = 2000
"""Other implementations hold all distances at once."""

PARTS = len(DAMAGES) + 7
"""Of a certificate, as progress is told."""

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
    read: tuple[Read, ...]
    """What a person still reads, and what nobody reads, as the reader sees it."""
    skewed: tuple[Skewed, ...]
    ranked: tuple[Ranked, ...]
    """Samples of stored runs by both extractors; none where no store was named."""
    lines: tuple[Line, ...]
    seconds: float
    pictures: Mapping[str, Picture] = field(repr=False)
    """Damage to images (grades + 1, `SHOWN`, height, width)."""
    words: Mapping[str, tuple[tuple[str, ...], ...]] = field(repr=False)
    """What the reader says of each of those: the class, or a dash."""
    closest: Picture = field(repr=False)
    """The samples nearest to training images, above those, without and with copies: (4, `SHOWN`, height, width)."""


def certify(
    dataset: Dataset,
    panel: Panel,
    *,
    repeats: int = 100,
    samples: Iterable[SampleSet] = (),
    notify: Callable[[str], None] = lambda line: None,
) -> Certificate:
    """Measure and judge everything; `repeats` draws of each known distance, `samples` are those of stored runs.

    `notify` is told of each part as it starts.

    Metrics and extractors of the user's own are held to what their rows claim, as the built-in ones are.

    On one core about 2 s for each of 60 sets of 10,000 images, and 0.2 s for each draw.
    """
    check_own_claims()
    start = time.perf_counter()
    parts = iter(range(1, PARTS + 1))

    def tell(what: str) -> None:
        notify(f"[{next(parts):2}/{PARTS}] {time.perf_counter() - start:4.0f} s  {what}")

    tell("real images against real images")
    sets = ImageSets.of(dataset, panel)
    base = sets.rows[0]
    real = tuple(
        sets.score(part(sets.train_views, chosen.numpy()), dataset.labels[0][chosen], sets.references(chosen))
        for chosen in sets.rows
    )
    tolerance = tolerances(real)
    floor = frechet_distance(sets.train.features[: len(base)], sets.test.features)
    lines = checks.real_lines(real, [sets.train.rows(chosen.numpy()) for chosen in sets.rows], floor)

    tell("what a person still reads")
    read = still_read(panel.only(READER).extractors[0], dataset)
    lines += still_read_lines(read)

    damaged: dict[str, tuple[Scores, ...]] = {}
    pictures: dict[str, Picture] = {}
    said: dict[str, tuple[tuple[str, ...], ...]] = {}
    material, references = sets.material(base), sets.references(base)
    for damage in DAMAGES:
        tell(damage.title)
        found = scores_of(damage, sets, material, references, real[0])
        damaged[damage.name], pictures[damage.name], said[damage.name] = found
        lines += judged(damage, damaged[damage.name], tolerance)

    tell("skewed class shares")
    unequal = skewed(sets.train_views, sets.test_views, dataset.labels[0].numpy(), len(base))
    floors = {name: real[0][label_of("balanced_frechet", name)] for name in sets.test_views}
    lines += exchange_lines(unequal, floors)

    tell("extractors against each other")
    compared = ranked(samples, dataset, panel, notify)
    lines += ranked_lines(compared)

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
    lines += independent.lines(*(features.rows(same) for features in (noisy, sets.test, sets.train)))
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
        read=read,
        skewed=unequal,
        ranked=compared,
        lines=tuple(lines),
        seconds=time.perf_counter() - start,
        pictures=pictures,
        words=said,
        closest=closest(sets, material, references),
    )


def scores_of(
    damage: Damage, sets: ImageSets, material: Material, references: References, undamaged: Scores
) -> tuple[tuple[Scores, ...], Picture, tuple[tuple[str, ...], ...]]:
    """The scores before and at each grade, the images of the picture, and what the reader says of those."""
    scores, rows = [undamaged], [material.images[:SHOWN]]
    said = [words(sets.panel.only(READER).views(rows[0])[READER])]
    for grade in damage.grades:
        images, labels = damage(material, grade)
        views = sets.panel.views(images)
        scores.append(sets.score(views, labels, references))
        said.append(words(views[READER].rows(slice(SHOWN))))
        rows.append(_bytes(images[:SHOWN]))
    return tuple(scores), torch.stack(rows).numpy(), tuple(said)


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


def label_of(metric: str, extractor: str) -> str:
    """The name of a metric by another kind of features."""
    return of_extractor(METRICS[metric], extractor).name


def _bytes(images: Tensor) -> Tensor:
    return images if images.dtype == torch.uint8 else (images * 255).round().to(torch.uint8)
