"""Frechet distance between Gaussians fitted to two sets of features (Heusel et al. 2017, arXiv:1706.08500).

    |m1 - m2|^2 + tr(C1) + tr(C2) - 2 tr((C1 C2)^(1/2))

with covariances by N - 1, in float64. The last trace is taken as the sum of the singular values of C1^(1/2) C2^(1/2):
equal to it for all positive semidefinite C1 and C2 and, unlike a square root of the matrix product, real and accurate
where they are singular.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.values import Float, Reference, Samples

Float64 = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Gaussian:
    """A mean (d,) and a covariance (d, d)."""

    mean: Float64
    covariance: Float64

    @classmethod
    def of(cls, features: Float) -> Gaussian:
        """The Gaussian fitted to features (n, d): covariance by n - 1, float64.

        Raises:
            ValueError: fewer than two rows.
        """
        if len(features) < 2:
            raise ValueError(f"a covariance needs at least 2 samples, not {len(features)}")
        wide = np.asarray(features, dtype=np.float64)
        # What is not finite stays so and is `frechet_distance`'s business.
        with np.errstate(invalid="ignore"):
            mean = wide.mean(0)
            centred = wide - mean
            return cls(mean, centred.T @ centred / (len(wide) - 1))

    @property
    def finite(self) -> bool:
        return bool(np.isfinite(self.mean).all() and np.isfinite(self.covariance).all())

    @cached_property
    def root(self) -> Float64:
        """The symmetric square root of the covariance; eigenvalues that rounding made negative count as zero."""
        values, vectors = scipy.linalg.eigh(self.covariance)
        root: Float64 = (vectors * np.sqrt(values.clip(min=0.0))) @ vectors.T
        return root


def frechet_distance(first: Float | Gaussian, second: Float | Gaussian) -> float:
    """The squared Frechet distance, at least 0, of two sets of features (n, d) or of their Gaussians.

    It is NaN where a value is not finite: a diverged generator has no score, and one run's divergence is no reason to
    lose the evaluation of the others.
    """
    x, y = (value if isinstance(value, Gaussian) else Gaussian.of(value) for value in (first, second))
    if not (x.finite and y.finite):
        return float("nan")
    overlap = scipy.linalg.svdvals(x.root @ y.root).sum()
    shift = x.mean - y.mean
    distance = shift @ shift + np.trace(x.covariance) + np.trace(y.covariance) - 2 * overlap
    # Equal sets come out as plus or minus a rounding error.
    return max(float(distance), 0.0)


def reference_gaussian(reference: Reference) -> Gaussian:
    """Of all test images."""
    return Gaussian.of(reference.test.features)


def samples_gaussian(samples: Samples) -> Gaussian:
    """Of all samples."""
    return Gaussian.of(samples.seen.features)


@computes("frechet")
def _frechet(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (frechet_distance(samples.once(samples_gaussian), reference.once(reference_gaussian)),)
