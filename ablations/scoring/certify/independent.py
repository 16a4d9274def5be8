"""The same numbers from independent implementations, on the same features.

SciPy and scikit-learn are always there; torch-fidelity and torchmetrics come with the extra `test`, and without them
their lines are not checked.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import scipy.linalg
import scipy.stats
import torch

from ablations.scoring.certify.lines import Line, line
from ablations.scoring.features import Features
from ablations.scoring.metrics.array_types import Float
from ablations.scoring.metrics.classifier_score import classifier_score
from ablations.scoring.metrics.frechet import Gaussian, frechet_distance
from ablations.scoring.metrics.kernel_distance import kernel_distance
from ablations.scoring.metrics.manifold import NEIGHBOURS, manifold_scores
from ablations.scoring.metrics.memorization import memorization
from ablations.scoring.metrics.reading import class_shares, mode_kl
from ablations.scoring.metrics.shells import Shells
from ablations.scoring.metrics.values import reading_of

T = TypeVar("T")


@dataclass(frozen=True, eq=False, kw_only=True)
class Sets:
    samples: Features
    test: Features
    training: Features


@dataclass(frozen=True, kw_only=True)
class Other:
    """Another implementation of some of the metrics."""

    library: str
    """As it is imported."""
    metrics: tuple[str, ...]
    compute: Callable[[Sets], tuple[float, ...]]
    """As many numbers as `metrics`."""
    tolerance: float
    """Relative."""


def lines(samples: Features, test: Features, training: Features) -> list[Line]:
    """One line a metric and implementation."""
    sets = Sets(samples=samples, test=test, training=training)
    mine = ours(sets)
    found = []
    for other in OTHERS:
        subject, claim = f"Against {other.library}", f"agrees to {other.tolerance:g}"
        try:
            importlib.import_module(other.library)
        except ImportError:
            missing = f"{other.library} is not installed"
            found += [
                Line(subject=subject, metric=name, claim=claim, status="not checked", detail=missing)
                for name in other.metrics
            ]
            continue
        for name, value in zip(other.metrics, other.compute(sets), strict=True):
            apart = abs(mine[name] - value) / max(abs(value), 1e-12)
            detail = f"{mine[name]:.8g} and {value:.8g}, {apart:.1e} apart"
            found.append(line(subject, name, claim, apart <= other.tolerance, detail))
    return found


def ours(sets: Sets) -> dict[str, float]:
    x, y = sets.samples.features, sets.test.features
    manifold, training = manifold_scores(x, y), Shells.of(sets.training.features)
    return {
        "frechet": frechet_distance(x, y),
        "kernel_distance": kernel_distance(x, y)[0],
        "precision": manifold.precision,
        "recall": manifold.recall,
        "density": manifold.density,
        "coverage": manifold.coverage,
        "classifier_score": classifier_score(known(sets.samples.probabilities)),
        "mode_kl": mode_kl(known(reading_of(sets.samples)), known(reading_of(sets.test))),
        "memorization": memorization(training.nearest(x)[0], training.nearest(y)[0]),
    }


def scipy_numbers(sets: Sets) -> tuple[float, ...]:
    """The distance by the eigenvalues of the matrix product, the entropy, the U test."""
    x, y = (Gaussian.of(item.features) for item in (sets.samples, sets.test))
    # The trace of a square root is the sum of the roots of the eigenvalues.
    roots = np.sqrt(scipy.linalg.eigvals(x.covariance @ y.covariance).real.clip(min=0))
    distance = ((x.mean - y.mean) ** 2).sum() + np.trace(x.covariance + y.covariance) - 2 * roots.sum()
    ours, real = (class_shares(known(reading_of(item))) for item in (sets.samples, sets.test))
    distances = [_sklearn_distances(item.features, sets.training.features, 1) for item in (sets.samples, sets.test)]
    u = scipy.stats.mannwhitneyu(distances[1], distances[0]).statistic
    return float(distance), float(scipy.stats.entropy(ours, real)), float(u) / (len(distances[0]) * len(distances[1]))


def sklearn_numbers(sets: Sets) -> tuple[float, ...]:
    """The four scores by the formulas of the package `prdc`, over all distances at once."""
    from sklearn.metrics import pairwise_distances

    x, y = (item.features.astype(np.float64) for item in (sets.samples, sets.test))
    distances = pairwise_distances(y, x)
    # The first neighbour of a row is the row itself.
    real, fake = (_sklearn_distances(rows, rows, NEIGHBOURS + 1) for rows in (y, x))
    inside = distances < real[:, None]
    return (
        float(inside.any(axis=0).mean()),
        float((distances < fake[None, :]).any(axis=1).mean()),
        float(inside.sum(axis=0).mean() / NEIGHBOURS),
        float((distances.min(axis=1) < real).mean()),
    )


def _sklearn_distances(x: Float, y: Float, k: int) -> Float:
    """Of each row of x to the k-th nearest row of y."""
    from sklearn.neighbors import NearestNeighbors

    distances: Float = NearestNeighbors(n_neighbors=k).fit(y.astype(np.float64)).kneighbors(x.astype(np.float64))[0]
    return distances[:, -1]


def torch_fidelity_numbers(sets: Sets) -> tuple[float, ...]:
    from torch_fidelity.metric_fid import fid_statistics_to_metric
    from torch_fidelity.metric_isc import isc_features_to_metric
    from torch_fidelity.metric_prc import calculate_precision_recall_full

    statistics = [Gaussian.of(item.features) for item in (sets.samples, sets.test)]
    moments = [{"mu": item.mean, "sigma": item.covariance} for item in statistics]
    frechet = fid_statistics_to_metric(*moments, verbose=False)["frechet_inception_distance"]
    # Its score takes logits; the logarithm of a softmax has the same softmax.
    logits = torch.from_numpy(known(sets.samples.probabilities)).double().clamp(min=1e-45).log()
    score = isc_features_to_metric(logits, splits=1, shuffle=False)["inception_score_mean"]
    x, y = (torch.from_numpy(item.features) for item in (sets.samples, sets.test))
    precision, recall = calculate_precision_recall_full(x, y, neighborhood=NEIGHBOURS)
    return float(frechet), float(score), float(precision), float(recall)


def torchmetrics_numbers(sets: Sets) -> tuple[float, ...]:
    from torchmetrics.image.fid import _compute_fid
    from torchmetrics.image.kid import poly_mmd

    x, y = (Gaussian.of(item.features) for item in (sets.samples, sets.test))
    moments = [torch.from_numpy(value) for item in (x, y) for value in (item.mean, item.covariance)]
    ours, theirs = (torch.from_numpy(item.features.astype(np.float64)) for item in (sets.samples, sets.test))
    return float(_compute_fid(*moments)), float(poly_mmd(ours, theirs))


def known(value: T | None) -> T:
    """What the reader says: it knows classes."""
    assert value is not None, "the certificate is of data with classes"
    return value


OTHERS: tuple[Other, ...] = (
    Other(library="scipy", metrics=("frechet", "mode_kl", "memorization"), compute=scipy_numbers, tolerance=1e-5),
    Other(
        library="sklearn",
        metrics=("precision", "recall", "density", "coverage"),
        compute=sklearn_numbers,
        tolerance=1e-3,
    ),
    Other(
        library="torch_fidelity",
        metrics=("frechet", "classifier_score", "precision", "recall"),
        compute=torch_fidelity_numbers,
        tolerance=1e-3,
    ),
    Other(library="torchmetrics", metrics=("frechet", "kernel_distance"), compute=torchmetrics_numbers, tolerance=1e-5),
)
