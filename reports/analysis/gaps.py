"""Metrics of a user's own that gave no number: a run goes on without one, and the report says so. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ablations.catalog.metrics import built_in
from ablations.catalog.quantities import RUN_FACTS
from ablations.store.result import Result


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One metric, and how often it is missing."""

    metric: str
    missing: int
    evaluations: int
    """At which it was asked for."""
    why: str
    """What the first run said that missed it; empty where it said nothing."""

    def __str__(self) -> str:
        said = f"the metric {self.metric!r} gave no number at {self.missing} of {self.evaluations} evaluations"
        return f"{said}: {self.why}" if self.why else said


def gaps(results: Sequence[Result]) -> tuple[Gap, ...]:
    """Of the metrics that are not built in, by name."""
    asked: dict[str, list[bool]] = {}
    reasons: dict[str, str] = {}
    for result in results:
        for name in dict.fromkeys(name for item in result.evaluations for name in item.metrics):
            if built_in(name) is not None or name in RUN_FACTS:
                continue
            numbers = [item.metrics[name] for item in result.evaluations if name in item.metrics]
            asked.setdefault(name, []).extend(not math.isfinite(number) for number in numbers)
            if not all(map(math.isfinite, numbers)) and name not in reasons and (why := _why(result, name)):
                reasons[name] = why
    return tuple(
        Gap(metric=name, missing=sum(lost), evaluations=len(lost), why=reasons.get(name, ""))
        for name, lost in sorted(asked.items())
        if any(lost)
    )


def _why(result: Result, name: str) -> str:
    """What the run's own code printed of a metric that failed, without the name where it stands before it."""
    metric = f"the metric {name!r}"
    lines = (line.strip() for line in result.environment.get("printed", "").splitlines())
    return next((line.removeprefix(f"{metric}: ") for line in lines if metric in line), "")
