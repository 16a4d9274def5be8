"""All metrics of a model at once: from images to named numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablations.catalog.metric_facts import Tier
from ablations.catalog.metrics import USUAL_SAMPLES, primary
from ablations.scoring.metrics.values import Reference, Samples
from ablations.scoring.table import computations

if TYPE_CHECKING:
    from torch import Tensor

    from ablations.data import Dataset
    from ablations.scoring.extractors.classifier import Classifier


def evaluate(
    images: Tensor,
    classifier: Classifier,
    reference: Reference,
    asked_labels: Tensor | None = None,
    *,
    tier: Tier = "quick",
) -> dict[str, float]:
    """Every metric of a tier for images in the shape of the data, uint8 or float in [0, 1], and the classes (n,) asked.

    The tier `full` includes `quick`. If any image holds a value that is not finite, every metric is NaN.
    """
    asked = None if asked_labels is None else asked_labels.cpu().numpy()
    return score(Samples(seen=classifier.features(images), asked=asked), reference, tier=tier)


def score(samples: Samples, reference: Reference, *, tier: Tier = "quick") -> dict[str, float]:
    """`evaluate` for features that are computed already."""
    scores: dict[str, float] = {}
    seen = samples.seen
    for item in computations():
        if (item.facts.tier == "full" and tier == "quick") or (item.facts.conditional and samples.asked is None):
            continue
        names = item.names(len(seen), len(reference.test), seen.classes)
        values = item.compute(samples, reference) if seen.finite else [float("nan")] * len(names)
        scores |= dict(zip(names, values, strict=True))
    return scores


def sample_count(dataset: Dataset) -> int:
    """How many samples the scores on a dataset are taken of."""
    return min(USUAL_SAMPLES, len(dataset.test_images), len(dataset.train_images))


def primary_metric(dataset: Dataset) -> str:
    """Which of the metrics taken at every evaluation carries the verdict, as it is called on a dataset."""
    count = sample_count(dataset)
    quick = [item for item in computations() if item.facts.tier == "quick"]
    return primary((name for item in quick for name in item.names(count, count, 0)), samples=count)


_references: dict[str, Reference] = {}


def reference_of(dataset: Dataset, classifier: Classifier) -> Reference:
    """The first `sample_count` test images as a reference; computed once a process for each dataset and classifier."""
    digest = f"{dataset.digest}:{classifier.digest}"
    if digest not in _references:
        images = dataset.test_images[: sample_count(dataset)]
        _references[digest] = Reference(
            test=classifier.features(images),
            load_training=lambda: classifier.features(dataset.train_images),
            digest=digest,
        )
    return _references[digest]


def noise_floor(dataset: Dataset, classifier: Classifier, *, tier: Tier = "quick") -> dict[str, float]:
    """The scores of real images: the first `sample_count` training images and their labels, as if they were samples.

    The floor of `memorization` is not among them: it is 0.5 by definition, and these images are copies.
    """
    count = sample_count(dataset)
    images = dataset.train_images[:count]
    labels = None if dataset.train_labels is None else dataset.train_labels[:count]
    return evaluate(images, classifier, reference_of(dataset, classifier), labels, tier=tier)
