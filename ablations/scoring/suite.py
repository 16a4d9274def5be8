"""All metrics of a model at once: from images to named numbers."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ablations.catalog.metric_facts import Tier
from ablations.catalog.metrics import USUAL_SAMPLES, lookers, primary
from ablations.scoring.features import Features
from ablations.scoring.metrics.bindings import Computation
from ablations.scoring.metrics.values import Reading, Reference, Samples, reading_of
from ablations.scoring.panel import READER, Panel, Views, kinds_for
from ablations.scoring.reference_cache import Arrays, reference_cache
from ablations.scoring.table import computations

if TYPE_CHECKING:
    from torch import Tensor

    from ablations.data import Dataset

References = Mapping[str, Reference]
"""The real images as each extractor of a panel sees them, by its name."""


def evaluate(
    images: Tensor, panel: Panel, references: References, asked_labels: Tensor | None = None, *, tier: Tier = "quick"
) -> dict[str, float]:
    """Every metric of a tier for images in the shape of the data, uint8 or float in [0, 1], and the classes (n,) asked.

    The tier `full` includes `quick`. If any image holds a value that is not finite, every metric is NaN.
    """
    asked = None if asked_labels is None else asked_labels.cpu().numpy()
    return score(panel.views(images), references, asked, tier=tier)


def score(
    views: Views, references: References, asked: NDArray[Any] | None = None, *, tier: Tier = "quick"
) -> dict[str, float]:
    """`evaluate` for features that are computed already."""
    scores: dict[str, float] = {}
    read = reading_of(views[READER]) if READER in views and views[READER].finite else None
    samples = {name: Samples(seen=seen, read=read, asked=asked) for name, seen in views.items()}
    for item in computations():
        if (item.facts.tier == "full" and tier == "quick") or (item.facts.conditional and asked is None):
            continue
        for extractor in lookers(item.facts):
            if extractor in views:
                scores |= _numbers(item, extractor, samples[extractor], references[extractor])
    return scores


def _numbers(item: Computation, extractor: str, samples: Samples, reference: Reference) -> dict[str, float]:
    """What a metric says by one extractor, by name; nothing where it needs classes and the data have none."""
    real: Reading | None = reference.read
    if item.facts.needs == "classes" and real is None:
        return {}
    classes = real.classes if real else 0
    names = item.names(len(samples.seen), len(reference.test), classes, extractor)
    whole = samples.seen.finite and (item.facts.needs != "classes" or samples.read is not None)
    values = item.compute(samples, reference) if whole else [float("nan")] * len(names)
    return dict(zip(names, np.asarray(values, dtype=float).tolist(), strict=True))


def sample_count(dataset: Dataset) -> int:
    """How many samples the scores on a dataset are taken of."""
    return min(USUAL_SAMPLES, len(dataset.test_images), len(dataset.train_images))


def primary_metric(dataset: Dataset) -> str:
    """Which metric of every evaluation carries the verdicts on a dataset: `balanced_frechet_10k` on MNIST, and one that
    needs no classes where the data have none.
    """
    count = sample_count(dataset)
    quick = [item for item in computations() if item.facts.tier == "quick"]
    able = [item for item in quick if item.facts.needs == "features" or dataset.train_labels is not None]
    names = (
        name
        for item in able
        for extractor in item.facts.extractors
        if extractor in kinds_for(dataset)
        for name in item.names(count, count, 0, extractor)
    )
    return primary(names, samples=count)


_references: dict[str, References] = {}


def references_of(dataset: Dataset, panel: Panel) -> References:
    """The first `sample_count` test images as references; computed once a process for each dataset and panel, and what
    takes long once a machine: see `reference_cache`.
    """
    digest = ":".join((dataset.digest, panel.digest, *panel.where))
    if digest not in _references:
        _references[digest] = _made(dataset, panel)
    return _references[digest]


def _made(dataset: Dataset, panel: Panel) -> References:
    """The training images are looked at where a metric asks for them."""
    count = sample_count(dataset)
    caches = {
        one.name: reference_cache(dataset.digest, count, one.name, one.digest, *panel.where) for one in panel.extractors
    }

    def seen(name: str, images: str) -> Features:
        def compute() -> Arrays:
            shown = dataset.test_images[:count] if images == "test" else dataset.train_images
            return panel.only(name).views(shown)[name].arrays()

        return Features.of_arrays(caches[name].kept(images, compute))

    test = {name: seen(name, "test") for name in caches}
    read = reading_of(test[READER]) if READER in test else None
    return {
        name: Reference(
            test=test[name], read=read, load_training=functools.partial(seen, name, "training"), keep=cache.kept
        )
        for name, cache in caches.items()
    }


def noise_floor(dataset: Dataset, panel: Panel, *, tier: Tier = "quick") -> dict[str, float]:
    """The scores of real images: the first `sample_count` training images and their labels, as if they were samples.

    The floor of `memorization` is not among them: it is 0.5 by definition, and these images are copies.
    """
    count = sample_count(dataset)
    images = dataset.train_images[:count]
    labels = None if dataset.train_labels is None else dataset.train_labels[:count]
    return evaluate(images, panel, references_of(dataset, panel), labels, tier=tier)
