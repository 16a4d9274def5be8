"""How a run ended is an outcome of its own: counted, compared by an exact test, never put into a mean. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

Statuses = Mapping[str, Mapping[int, str]]
"""Variant to seed to status. A run that is not named in it is finished."""

FINISHED = "finished"
INTERRUPTED = "interrupted"
"""Says nothing about its variant: such a run is missing."""
COLLAPSED = "collapsed"


@dataclass(frozen=True, kw_only=True)
class CollapseRule:
    """When a finished run has collapsed. Then its score says which heap it fell into, not how good its images are."""

    least_readable: float = 0.1
    """Of its images, the share in which a digit is read; below, there is nothing to score. In [0, 1]."""
    most_classes: int = 2
    """It has collapsed if it draws no more classes than this, where the data have at least three times as many."""
    readable: str = "readable"
    """The metric of the first, by its name before the protocol: "readable_10k" counts too."""
    classes: str = "mode_count"
    """The metric of the second."""


def why_collapsed(metrics: Mapping[str, float], rule: CollapseRule | None = None, classes: int = 10) -> str | None:
    """The reason why a run with these metrics has collapsed; None if it has not. A missing metric speaks for nothing.

    Args:
        metrics: of the run's last evaluation.
        rule: the thresholds.
        classes: how many classes the data have.
    """
    rule = rule or CollapseRule()
    readable, drawn = _metric(metrics, rule.readable), _metric(metrics, rule.classes)
    if readable is not None and readable < rule.least_readable:
        return f"{100 * readable:.3g}% of the images are readable, fewer than {100 * rule.least_readable:.3g}%"
    if drawn is not None and drawn <= rule.most_classes and classes >= 3 * rule.most_classes:
        return f"{drawn:.0f} of {classes} classes are drawn, no more than {rule.most_classes}"
    return None


def count(statuses: Iterable[str]) -> dict[str, int]:
    """Runs by status, the most frequent first; interrupted ones are left out."""
    return dict(Counter(status for status in statuses if status != INTERRUPTED).most_common())


def exact_p(treatment: Mapping[str, int], reference: Mapping[str, int]) -> float:
    """Fisher's exact test, two-sided: do both sides end without a usable score equally often? 1 if there are no runs.

    It is exact for any numbers of runs, since it holds the total of such ends fixed; so it leaves the scores of the
    finished runs as they are, and a test of these can stand beside it at its own share of the error.
    """
    table = [[side.get(FINISHED, 0), unscored(side)] for side in (treatment, reference)]
    if not unscored(treatment) + unscored(reference) or not all(map(sum, table)):
        return 1.0
    return float(stats.fisher_exact(np.array(table)).pvalue)


def unscored(counts: Mapping[str, int]) -> int:
    """Runs that ended in any other way than finished."""
    return sum(counts.values()) - counts.get(FINISHED, 0)


def share_unscored(counts: Mapping[str, int]) -> float:
    """Of all runs of one side; 0 if there are none."""
    return unscored(counts) / max(sum(counts.values()), 1)


def _metric(metrics: Mapping[str, float], name: str) -> float | None:
    for key, value in metrics.items():
        if key == name or key.startswith(f"{name}_"):
            return float(value)
    return None
