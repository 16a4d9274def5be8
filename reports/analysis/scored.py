"""What stored results say of their scores: which metrics, each run's last number, the noise floor. Pure, no pandas."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from ablations.catalog.metrics import primary
from ablations.store.outcomes import FINISHED, outcome
from ablations.store.result import Result
from reports.analysis.statuses import INTERRUPTED


def metric_names(results: Iterable[Result]) -> list[str]:
    """Of all metrics that any evaluation of these results has, in the order in which they first stand."""
    return list(dict.fromkeys(name for result in results for item in result.evaluations for name in item.metrics))


def primary_metric(results: Iterable[Result]) -> str:
    """What the metric that verdicts are given on is called in these results; the usual name if nothing was scored."""
    return primary(metric_names(results))


def score_of(result: Result, metric: str) -> float:
    """The metric of the last evaluation; NaN unless the run counts as finished and the value is finite."""
    value = float(result.scores.get(metric, float("nan")))
    return value if np.isfinite(value) and outcome(result).status == FINISHED else float("nan")


def scores(results: Iterable[Result], metric: str) -> dict[str, dict[int, float]]:
    """Variant to seed to score, `inf` for a run that ended without one; runs that were interrupted are left out."""
    table: dict[str, dict[int, float]] = {}
    for result in results:
        value = score_of(result, metric)
        if np.isfinite(value) or result.status != INTERRUPTED:
            table.setdefault(result.run.variant.name, {})[result.run.seed] = value if np.isfinite(value) else np.inf
    return table


def stated_floor(results: tuple[Result, ...]) -> float:
    """The largest noise floor among the runs, 0 if none states one."""
    return max((result.noise_floor for result in results if math.isfinite(result.noise_floor)), default=0.0)
