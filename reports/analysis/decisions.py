"""From an estimate to an interval and what it says. Vectorised, pure: one contrast, or an array of simulated ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from reports.analysis.groups import Estimate
from reports.analysis.guarded import bounds, p_beyond, p_within

Verdict = Literal["better", "worse", "equivalent", "no difference shown", "too few scores", "depends on the score"]
VERDICTS: tuple[Verdict, ...] = ("better", "worse", "equivalent", "no difference shown", "too few scores")
"""Those of one score. Their order is the code that an array of verdicts holds; the last of all is of several scores:
see `agreement`."""
OPPOSITE: Mapping[Verdict, Verdict] = {"better": "worse", "worse": "better"}
BETTER, WORSE, EQUIVALENT, OPEN, TOO_FEW = range(len(VERDICTS))


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What an interval says, field by field of the shape of the estimate."""

    low: Any
    high: Any
    p_difference: Any
    """The level at which the interval ends at 0."""
    p_equivalence: Any
    """The level at which the interval reaches the margin."""
    verdict: Any
    """An index of `VERDICTS`."""


def decide(found: Estimate, level: float, margin: Any, noise_floor: float = 0.0) -> Decision:
    """The verdict is read off the interval, so the two can never contradict each other:

    better: it lies below 0; worse: above; equivalent: it holds 0 and lies within the margin; else no difference shown.

    All four say where the true effect lies, and all are right as long as the interval holds it; so difference and
    equivalence together are wrong with probability `level` at most.

    Args:
        found: the effect and its error.
        level: the probability with which the interval may miss the truth.
        margin: the least difference that matters, in units of the score; 0 where equivalence cannot be shown.
        noise_floor: how far a score may be off for reasons that more seeds do not cure; the interval is at least that
            wide to either side.
    """
    low, high = bounds(found, level)
    low, high = np.minimum(low, found.effect - noise_floor), np.maximum(high, found.effect + noise_floor)
    clear = np.abs(found.effect) > noise_floor
    near = np.abs(found.effect) + noise_floor < margin
    verdict = np.select(
        [high < 0, low > 0, (low > -margin) & (high < margin)], [BETTER, WORSE, EQUIVALENT], default=OPEN
    )
    return Decision(
        low=low,
        high=high,
        p_difference=np.where(clear, p_beyond(found, 0.0), 1.0),
        p_equivalence=np.where(near, p_within(found, margin), 1.0),
        verdict=verdict,
    )
