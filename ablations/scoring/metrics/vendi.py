"""The Vendi score (Friedman and Dieng 2023, arXiv:2210.02410): how many wholly different images a set is worth."""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ablations.scoring.metrics.array_types import Float
from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.values import Reference, Samples


def vendi_score(features: Float) -> float:
    """Exp of the entropy of the eigenvalues of K / n, for cosines K of features (n, d): 1 (all alike) to min(n, d).

    Those eigenvalues are the ones of the (d, d) matrix of the directions, beside zeros: n does not matter for the cost.
    A row of zeros has no direction and is like no other row. NaN where a value is not finite.
    """
    wide = np.asarray(features, dtype=np.float64)
    if not np.isfinite(wide).all():
        return float("nan")
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    directions = np.divide(wide, lengths, out=np.zeros_like(wide), where=lengths > 0)
    # Each row of zeros is an eigenvector of K of its own, with the eigenvalue 1, as a cosine with itself must be.
    alone = int((lengths == 0).sum())
    values = scipy.linalg.eigvalsh(directions.T @ directions / len(wide))
    shares = np.concatenate([values[values > 0], np.full(alone, 1 / len(wide))])
    return float(np.exp(-(shares * np.log(shares)).sum()))


@computes("vendi_score")
def _vendi_score(samples: Samples, reference: Reference) -> tuple[float, ...]:
    return (vendi_score(samples.seen.features),)
