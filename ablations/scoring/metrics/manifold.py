"""Precision and recall (Kynkaanniemi et al. 2019, arXiv:1904.06991), density and coverage (Naeem et al. 2020,
arXiv:2002.09797): quality and variety told apart.

Around each real feature lies a ball that reaches to its k-th nearest other real feature; around each generated one
likewise. k is 5 for all four, as in the comparison of Naeem et al.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.neighbours import distance_blocks, squared_radii
from ablations.scoring.metrics.values import Arrays, Float, Reference, Samples

NEIGHBOURS = 5


@dataclass(frozen=True, kw_only=True)
class ManifoldScores:
    precision: float
    """Share of samples inside some real ball: are they realistic?"""
    recall: float
    """Share of real images inside some sample's ball: are they all within reach?"""
    density: float
    """How many real balls a sample lies in, over k: precision that one outlier cannot lift. About 1 for real images."""
    coverage: float
    """Share of real balls that hold a sample: recall that outliers among the samples cannot lift."""


def manifold_scores(
    samples: Float, real: Float, real_radii: NDArray[np.floating[Any]] | None = None, *, neighbours: int = NEIGHBOURS
) -> ManifoldScores:
    """The four scores of features (n, d) against real features (m, d); `real_radii` of `squared_radii`, if at hand."""
    if real_radii is None:
        real_radii = squared_radii(real, neighbours)
    sample_radii = squared_radii(samples, neighbours)
    realistic = np.zeros(len(samples), dtype=bool)
    reached = np.zeros(len(real), dtype=bool)
    covered = np.zeros(len(real), dtype=bool)
    hits = 0
    for block, distances in distance_blocks(real, samples):
        inside = distances <= real_radii[block, None]
        realistic |= inside.any(0)
        covered[block] = inside.any(1)
        hits += int(np.count_nonzero(inside))
        reached[block] = (distances <= sample_radii).any(1)
    return ManifoldScores(
        precision=float(realistic.mean()),
        recall=float(reached.mean()),
        density=hits / (neighbours * len(samples)),
        coverage=float(covered.mean()),
    )


def _radius_arrays(reference: Reference) -> Arrays:
    return {"squared": squared_radii(reference.test.features, NEIGHBOURS)}


def _radii(reference: Reference) -> NDArray[np.floating[Any]]:
    return reference.stored(_radius_arrays)["squared"]


@computes("precision", "recall", "density", "coverage")
def _manifold(samples: Samples, reference: Reference) -> tuple[float, ...]:
    found = manifold_scores(samples.seen.features, reference.test.features, reference.once(_radii))
    return found.precision, found.recall, found.density, found.coverage
