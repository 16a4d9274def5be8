"""The metrics as rows of a table, each a function from features to numbers.

A metric is added by writing its file and one row of `METRICS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.classifier_score import classifier_score, confidence
from ablations.scoring.metrics.frechet import Gaussian, frechet_distance
from ablations.scoring.metrics.frechet_inf import frechet_inf
from ablations.scoring.metrics.histogram import CLASSES, class_shares
from ablations.scoring.metrics.kernel_distance import kernel_distance
from ablations.scoring.metrics.label_accuracy import label_accuracy, label_accuracy_by_class
from ablations.scoring.metrics.manifold import NEIGHBOURS, manifold_scores
from ablations.scoring.metrics.memorization import copy_share, memorization
from ablations.scoring.metrics.modes import intra_class_diversity, mode_count, mode_kl
from ablations.scoring.metrics.neighbours import nearest, squared_radii
from ablations.scoring.metrics.values import Features, Labels

Tier = Literal["quick", "full"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Reference:
    """The real images that samples are compared with; whatever a metric needs of them is computed once."""

    test: Features
    load_training: Callable[[], Features]
    """Of all training images: they take a second, and few metrics ask for them."""
    digest: str
    """Of the dataset and the classifier: scores of different digests cannot be compared."""

    @cached_property
    def gaussian(self) -> Gaussian:
        return Gaussian.of(self.test.features)

    @cached_property
    def radii(self) -> NDArray[np.floating[Any]]:
        return squared_radii(self.test.features, NEIGHBOURS)

    @cached_property
    def training(self) -> Features:
        return self.load_training()

    @cached_property
    def training_distances(self) -> NDArray[np.float64]:
        """Of the test images to their nearest training images."""
        return nearest(self.test.features, self.training.features)[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Samples:
    """The images of a generator, as the classifier sees them, and the classes they were asked to show, (n,)."""

    seen: Features
    asked: Labels | None = None

    @property
    def wanted(self) -> Labels:
        assert self.asked is not None, "a conditional metric is computed only where classes were asked for"
        return self.asked


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A row: numbers that one function yields, under names without their protocol."""

    names: tuple[str, ...]
    compute: Callable[[Samples, Reference], tuple[float, ...]]
    """As many numbers as `names`."""
    counted: bool = False
    """The number depends on how many samples it is taken of, so its name ends in that: `frechet` is `frechet_10k`."""
    conditional: bool = False
    """Needs the classes that were asked for."""
    better: Literal["lower", "higher", "neither"]
    tier: Tier = "quick"
    """quick: at every evaluation; full: on request, for it takes seconds."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Names that carry no verdict, and why: the line of the certificate (`ablations certify`) that each fails."""


def _frechet(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (frechet_distance(samples.seen.features, reference.gaussian),)


def _class_shares(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return tuple(class_shares(samples.seen.labels).tolist())


def _label_accuracy(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (label_accuracy(samples.seen.labels, samples.wanted),)


def _frechet_inf(samples: Samples, reference: Reference) -> tuple[float, ...]:
    result = frechet_inf(samples.seen.features, reference.test.features)
    return result.distance, result.low, result.high


def _kernel_distance(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return kernel_distance(samples.seen.features, reference.test.features)


def _manifold(samples: Samples, reference: Reference) -> tuple[float, ...]:
    scores = manifold_scores(samples.seen.features, reference.test.features, reference.radii)
    return scores.precision, scores.recall, scores.density, scores.coverage


def _label_accuracy_by_class(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return tuple(label_accuracy_by_class(samples.seen.labels, samples.wanted).tolist())


def _classifier_score(samples: Samples, reference: Reference) -> tuple[float, ...]:
    probabilities = samples.seen.probabilities
    return classifier_score(probabilities), confidence(probabilities)


def _memorization(samples: Samples, reference: Reference) -> tuple[float, ...]:
    distances, _ = nearest(samples.seen.features, reference.training.features)
    return memorization(distances, reference.training_distances), copy_share(distances, reference.training_distances)


def _mode_count(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (float(mode_count(samples.seen.labels, reference.test.labels)),)


def _mode_kl(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (mode_kl(samples.seen.labels, reference.test.labels),)


def _intra_class_diversity(samples: Samples, reference: Reference) -> tuple[float, ...]:
    ours, real = samples.seen, reference.test
    return (intra_class_diversity(ours.features, ours.labels, real.features, real.labels),)


# What is left out of the verdicts, for the lines of the certificate (reports/published/certificate) that it fails.
BALLS = (
    "they can rise while a damage gets worse: digits without their middle ten rows have more precision than digits "
    "without six, and a blur of half a pixel lifts density; read them beside a distance"
)
SURE = "the classifier is as sure of noise as of digits, so noise raises it"
UNREAD = (
    "where the classifier reads no class any more, as at a blur of 2 pixels, it is taken of groups that mean nothing"
)

METRICS: tuple[Metric, ...] = (
    Metric(names=("frechet",), compute=_frechet, counted=True, better="lower"),
    Metric(names=tuple(f"class_{n}" for n in range(CLASSES)), compute=_class_shares, better="neither"),
    Metric(names=("label_accuracy",), compute=_label_accuracy, conditional=True, better="higher"),
    Metric(
        names=("frechet_inf", "frechet_inf_low", "frechet_inf_high"), compute=_frechet_inf, better="lower", tier="full"
    ),
    Metric(
        names=("kernel_distance", "kernel_distance_error"),
        compute=_kernel_distance,
        counted=True,
        better="lower",
        tier="full",
    ),
    Metric(
        names=("precision", "recall", "density", "coverage"),
        compute=_manifold,
        counted=True,
        better="higher",
        tier="full",
        left_out={"precision": BALLS, "density": BALLS},
    ),
    Metric(
        names=("classifier_score", "confidence"),
        compute=_classifier_score,
        counted=True,
        better="higher",
        tier="full",
        left_out={"confidence": SURE},
    ),
    Metric(names=("mode_count",), compute=_mode_count, counted=True, better="higher", tier="full"),
    Metric(names=("mode_kl",), compute=_mode_kl, counted=True, better="lower", tier="full"),
    Metric(
        names=("intra_class_diversity",),
        compute=_intra_class_diversity,
        better="neither",
        tier="full",
        left_out={"intra_class_diversity": UNREAD},
    ),
    Metric(
        names=tuple(f"label_accuracy_{n}" for n in range(CLASSES)),
        compute=_label_accuracy_by_class,
        conditional=True,
        better="higher",
        tier="full",
    ),
    Metric(names=("memorization", "copy_share"), compute=_memorization, counted=True, better="lower", tier="full"),
)
