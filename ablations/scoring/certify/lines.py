"""The lines of a certificate: what was claimed, and whether the numbers bear it out. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.stats

from ablations.catalog.metrics import facts

Status = Literal["holds", "fails", "left out", "not checked"]
CONFIDENCE = 0.99
ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Line:
    """One claim about one metric."""

    subject: str
    """The damage or check it belongs to."""
    metric: str
    claim: str
    status: Status
    detail: str
    """The numbers behind the status, in words."""


def tolerances(folds: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """How far two sets of real images lie apart in each metric, but for 1 case in 100.

    From the scores of independent sets: Student's t at 99% times the standard deviation of a difference.
    """
    reach = float(scipy.stats.t.ppf((1 + CONFIDENCE) / 2, len(folds) - 1)) * 2**0.5
    return {name: reach * float(np.std([fold[name] for fold in folds], ddof=1)) for name in folds[0]}


def moves(
    subject: str, metric: str, claim: str, values: Sequence[float], tolerance: float, distinct: Sequence[float]
) -> Line:
    """Judge a metric's values, the undamaged one first, against "rises", "falls" or "stays".

    A metric rises if its last value lies above its first by more than the tolerance and no step leads down by more than
    that. It stays if no value differs from the first by more than the tolerance over the root of the share of images
    that are `distinct` at that grade.
    """
    ranges = f"{values[0]:.4g} to {values[-1]:.4g}, tolerance {tolerance:.2g}"
    if not all(math.isfinite(value) for value in values):
        return line(subject, metric, claim, False, f"not finite: {ranges}")
    if claim == "stays":
        allowed = [tolerance / share**0.5 for share in distinct]
        excess = [abs(v - values[0]) - a for v, a in zip(values, allowed, strict=True)]
        farthest = max(values, key=lambda value: abs(value - values[0]))
        detail = f"from {values[0]:.4g} no farther than to {farthest:.4g}, tolerance {tolerance:.2g}"
        return line(subject, metric, claim, max(excess) <= ROUNDING, detail)
    sign = 1 if claim == "rises" else -1
    steps = sign * np.diff(values)
    total = sign * (values[-1] - values[0])
    how = "every step" if (steps > 0).all() else "no step back" if (steps >= 0).all() else "steps back within tolerance"
    ok = bool(total > tolerance and steps.min() >= -tolerance)
    if steps.min() < -tolerance:
        how = f"a step back of {-steps.min():.2g}"
    return line(subject, metric, claim, ok, f"{ranges}, {how}")


def line(subject: str, metric: str, claim: str, holds: bool, detail: str) -> Line:
    """A failed line of a metric that carries no verdict, for a reason that its row states, is left out."""
    status: Status = "holds" if holds else "left out" if facts(metric).left_out else "fails"
    return Line(subject=subject, metric=metric, claim=claim, status=status, detail=detail)


def failed(lines: Sequence[Line]) -> list[Line]:
    return [item for item in lines if item.status == "fails"]
