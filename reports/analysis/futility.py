"""Will more seeds decide a contrast? Vectorised, pure.

Stopping where they will not costs no error: it only leaves a contrast without an answer that it would hardly have got.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import stats

from reports.analysis.groups import Estimate
from reports.analysis.guarded import critical


def chance(found: Estimate, growth: float, level: float, margin: Any) -> Any:
    """The chance that the interval decides once there are `growth` times the seeds, in [0, 1].

    Given the scores so far and nothing else, the later effect scatters around the present one by the error of the
    present minus that of the later (squared), times a t value, since that error is itself uncertain. It decides where
    it is further from 0 than the later half-width, or nearer than the margin less that half-width. The half-width is
    that without skewness, the least that it can become.
    """
    if growth <= 1:
        return np.zeros_like(found.effect)
    later = found.error / np.sqrt(growth)
    reach = critical(level, (found.freedom + 1) * growth - 1) * later
    scatter = np.sqrt(found.error**2 - later**2)
    with np.errstate(divide="ignore", invalid="ignore"):
        differs = 1 - _within(found, reach, scatter)
        equals = np.where(margin > reach, _within(found, np.maximum(margin - reach, 0.0), scatter), 0.0)
    return np.where(scatter > 0, np.minimum(differs + equals, 1.0), 1.0)


def _within(found: Estimate, bound: Any, scatter: Any) -> Any:
    """The probability that the later effect lies in (-bound, bound)."""
    above, below = (bound - found.effect) / scatter, (-bound - found.effect) / scatter
    return stats.t.cdf(above, found.freedom) - stats.t.cdf(below, found.freedom)
