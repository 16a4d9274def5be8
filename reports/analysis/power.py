"""What a study could have found, and what more seeds would find. Pure.

The plan behind the figures: the noise of one seed stays what it was, and the reference's seeds grow in proportion.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from reports.analysis.critical_values import SEEDS
from reports.analysis.groups import Estimate
from reports.analysis.guarded import critical

MOST_SEEDS = 10_000
"""Above this no number is given."""


@dataclass(frozen=True, kw_only=True)
class Power:
    detectable: float
    """The smallest difference that a study like this one finds with the demanded probability."""
    seeds_for_margin: int | None
    """Seeds of the treatment for which that difference is the margin; None above `MOST_SEEDS` or without a margin."""


NO_POWER = Power(detectable=float("nan"), seeds_for_margin=None)


def power(found: Estimate, level: float, margin: float, seeds: int, wanted: float = 0.8) -> Power:
    """Of a contrast whose treatment has `seeds` scores."""
    return Power(
        detectable=float(detectable(found, level, wanted)),
        seeds_for_margin=_seeds_for(found, level, margin, seeds, wanted),
    )


def detectable(found: Estimate, level: float, wanted: float = 0.8, growth: float = 1.0) -> Any:
    """The smallest difference that is found with probability `wanted`, if there were `growth` times the seeds.

    A difference is found where the effect is further from 0 than the half-width of its interval, and the effect
    scatters around the difference by its error. The skewness counts half: it widens one side of the two. Of its square,
    6 over the seeds is what normal scores have by chance; with more seeds only the rest stays.
    """
    seeds = found.freedom + 1
    freedom = seeds * growth - 1
    lasting = np.maximum(0.0, found.skewness**2 - 6 / seeds)
    reach = critical(level, freedom) * (1 + np.sqrt(lasting + 6 / (seeds * growth)) / 2)
    return found.error / np.sqrt(growth) * (reach + stdtrit(freedom, wanted))


def _seeds_for(found: Estimate, level: float, margin: float, seeds: int, wanted: float) -> int | None:
    """By bisection: what is detectable falls as seeds are added."""
    if not margin > 0:
        return None
    # No fewer seeds than the table of critical values begins with.
    least = max(SEEDS[0], int(np.ceil(SEEDS[0] * seeds / (float(found.freedom) + 1))))

    def reached(n: int) -> bool:
        return bool(detectable(found, level, wanted, n / seeds) <= margin)

    counts = range(least, MOST_SEEDS + 1)
    first = bisect_left(counts, True, key=reached)
    return counts[first] if first < len(counts) else None
