"""Feature likelihood divergence (Jiralerspong et al. 2023, arXiv:2302.04440): quality, variety and novelty in one.

Each sample becomes a Gaussian whose width is fitted to the training images: wide where samples are poor or few, and all
but zero where a sample is a copy. Then the test images are asked how likely they are. Copies and poor samples both make
them unlikely, copies most of all.

What differs from the paper: `MOST` rows of each set, always the same ones, and the widths by expectation and
maximisation, whose steps have a closed form, where the paper's code climbs by gradients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.array_types import Float, Float64, seeded_rows
from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.values import Reference, Samples

Float32 = NDArray[np.float32]

MOST = 1500
STEPS = 10
TINY = 1e-12
NARROWEST = 1e-8
"""Of the squared widths, where a unit is a feature's variance over the test images."""
PULL = 0.81
"""Of the squared distance to the training images' mean, as in the paper's code: a wide Gaussian there takes outliers,
that no sample must explain."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LikelihoodReference:
    """Real images ready to be explained: standardised features, and the likelihood that real images give them."""

    mean: Float64
    deviation: Float64
    training: Float32
    test: Float32
    floor: float
    """Nats a feature of the test images, where training images that are not among `training` stand for samples."""

    @classmethod
    def of(cls, training: Float, test: Float) -> LikelihoodReference:
        """From features (n, d) and (m, d); a feature that never varies stays 0."""
        wide = np.asarray(test, dtype=np.float64)
        mean, deviation = wide.mean(0), wide.std(0)
        deviation = np.where(deviation > 0, deviation, 1.0)
        rows = np.random.default_rng(len(training)).permutation(len(training))
        half = min(MOST, len(training) // 2)
        chosen = (training[rows[:half]], training[rows[half : 2 * half]], wide[seeded_rows(len(wide), MOST)])
        fitted, others, shown = (_standardised(part, mean, deviation) for part in chosen)
        floor = _unlikeliness(others, fitted, shown)
        return cls(mean=mean, deviation=deviation, training=fitted, test=shown, floor=floor)


def likelihood_divergence(samples: Float, reference: LikelihoodReference) -> float:
    """A hundred times the nats a feature by which the test images are less likely than real images make them.

    For features (n, d): about 0 for new images of the data's kind; higher is worse. NaN where a value is not finite.
    """
    if not np.isfinite(samples).all():
        return float("nan")
    centres = _standardised(samples[seeded_rows(len(samples), MOST)], reference.mean, reference.deviation)
    return 100 * (_unlikeliness(centres, reference.training, reference.test) - reference.floor)


def _standardised(features: Float, mean: Float64, deviation: Float64) -> Float32:
    return ((features - mean) / deviation).astype(np.float32)


def _unlikeliness(centres: Float32, training: Float32, test: Float32) -> float:
    """Nats a feature of the test images under the Gaussians at the centres, fitted to the training images."""
    widths = fitted_widths(centres, training)
    logs = _log_densities(_squared_distances(test, centres), widths, centres.shape[1])
    return float(-(_log_sums(logs) - np.log(len(centres))).mean() / centres.shape[1])


def fitted_widths(centres: Float32, training: Float32) -> Float64:
    """The variance of a round Gaussian at each centre (n, d) that makes the training images (m, d) likely: (n,)."""
    width = centres.shape[1]
    distances = _squared_distances(training, centres)
    outer = PULL * ((training - training.mean(0)) ** 2).sum(1).astype(np.float64)
    widths: Float64 = np.maximum(distances.min(0) / width, NARROWEST)
    outer_width = max(float(outer.mean()) / width, NARROWEST)
    for _ in range(STEPS):
        shares = _log_densities(distances, widths, width)
        aside = -0.5 * (outer / outer_width + width * np.log(2 * np.pi * outer_width)) + np.log(len(centres))
        highest = shares.max(1, keepdims=True)
        shares -= highest
        np.exp(shares, out=shares)
        total = np.logaddexp(np.log(shares.sum(1, dtype=np.float64)) + highest[:, 0], aside)
        # Of each row by its sum: a second exponential would take as long as all the rest.
        shares *= np.exp(highest - total[:, None]).astype(np.float32)
        aside_shares = np.exp(aside - total)
        taken = shares.sum(0, dtype=np.float64)
        new = np.einsum("ij,ij->j", shares, distances) / np.maximum(taken * width, TINY)
        # A Gaussian that explains nothing any more keeps its width.
        widths = np.where(taken > TINY, np.maximum(new, NARROWEST), widths)
        outer_width = max(float((aside_shares @ outer) / max(float(aside_shares.sum()) * width, TINY)), NARROWEST)
    return widths


def _log_densities(distances: Float32, widths: Float64, width: int) -> Float32:
    """For squared distances (m, n) and variances (n,)."""
    logs = distances * (-0.5 / widths).astype(np.float32)
    logs -= (0.5 * width * np.log(2 * np.pi * widths)).astype(np.float32)
    return logs


def _log_sums(logs: Float32) -> Float64:
    """The logarithm of the sum of the exponentials of each row; it spoils `logs`, for it needs no other memory."""
    highest = logs.max(1, keepdims=True)
    logs -= highest
    sums: Float64 = np.log(np.exp(logs, out=logs).sum(1, dtype=np.float64)) + highest[:, 0]
    return sums


def _squared_distances(x: Float32, y: Float32) -> Float32:
    distances: Float32 = (x**2).sum(1)[:, None] + (y**2).sum(1) - 2 * (x @ y.T)
    np.maximum(distances, 0, out=distances)
    return distances


def _reference(reference: Reference) -> LikelihoodReference:
    return LikelihoodReference.of(reference.training.features, reference.test.features)


@computes("likelihood_divergence")
def _likelihood_divergence(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (likelihood_divergence(samples.seen.features, reference.once(_reference)),)
