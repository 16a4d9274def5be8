"""Copies of training images among samples: how many, and how surely more than chance (S4-b).

A sample counts as a copy where it lies nearer to the training images than all but `QUANTILE` of the test images do. The
test is exact: where samples are as new as test images, ranks are exchangeable, and the number of n samples below the
k-th smallest of m test distances has a beta-binomial distribution with k and m + 1 - k, whatever the distances.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.special
import scipy.stats

from ablations.scoring.metrics.array_types import Float64

QUANTILE = 0.001


@dataclass(frozen=True, kw_only=True)
class Copies:
    """What was found among n samples."""

    share: float
    """Of the samples that count as copies: about `QUANTILE` where nothing is copied."""
    p: float
    """The probability of so many or more where samples are as new as test images."""


def copies(samples: Float64, test: Float64) -> Copies:
    """From distances to the nearest training image, (n,) and (m,)."""
    n, m = len(samples), len(test)
    rank = max(round(QUANTILE * m), 1)
    limit = sorted(test)[rank - 1]
    # A tie with the limit would be no nearer; copies lie at 0, below every new image.
    found = int((samples < limit).sum())
    # The sum of the tail: one minus the rest would lose all digits of a small p.
    tail = scipy.stats.betabinom.logpmf(np.arange(found, n + 1), n, rank, m + 1 - rank)
    p = float(np.exp(scipy.special.logsumexp(tail)))
    return Copies(share=found / n, p=min(p, 1.0))
