"""All metrics of a model at once: from images to named numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ablations.scoring.table import METRICS, Reference, Samples, Tier

if TYPE_CHECKING:
    from torch import Tensor

    from ablations.data import Dataset
    from ablations.scoring.extractors.classifier import Classifier

PROTOCOL_SAMPLES = 10_000
"""Samples a score is taken of, against as many test images; a smaller test set sets its own, smaller number."""


def evaluate(
    images: Tensor,
    classifier: Classifier,
    reference: Reference,
    asked_labels: Tensor | None = None,
    *,
    tier: Tier = "quick",
) -> dict[str, float]:
    """Every metric of a tier for images that the classifier reads, and the classes they should show, (n,).

    The tier `full` includes `quick`. If any image holds a value that is not finite, every metric is NaN.
    """
    asked = None if asked_labels is None else asked_labels.cpu().numpy()
    return score(Samples(seen=classifier.features(images), asked=asked), reference, tier=tier)


def score(samples: Samples, reference: Reference, *, tier: Tier = "quick") -> dict[str, float]:
    """`evaluate` for features that are computed already."""
    scores: dict[str, float] = {}
    for metric in METRICS:
        if (metric.tier == "full" and tier == "quick") or (metric.conditional and samples.asked is None):
            continue
        ending = f"_{protocol(len(samples.seen), len(reference.test))}" if metric.counted else ""
        values = metric.compute(samples, reference) if samples.seen.finite else [float("nan")] * len(metric.names)
        scores |= {f"{name}{ending}": value for name, value in zip(metric.names, values, strict=True)}
    return scores


def protocol(samples: int, references: int) -> str:
    """The ending of a counted metric's name: `10k`, `500`, or, where samples and references differ, `500_vs_10k`."""
    ours, theirs = (f"{n // 1000}k" if n % 1000 == 0 else str(n) for n in (samples, references))
    return ours if ours == theirs else f"{ours}_vs_{theirs}"


def sample_count(dataset: Dataset) -> int:
    """How many samples the scores on a dataset are taken of."""
    return min(PROTOCOL_SAMPLES, len(dataset.test_images), len(dataset.train_images))


def primary_metric(dataset: Dataset) -> str:
    """The name of the score that verdicts are given on: `frechet_10k` on MNIST. Lower is better."""
    return f"frechet_{protocol(sample_count(dataset), sample_count(dataset))}"


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
