"""How a run ended is an outcome of its own: counted, compared by an exact test, never put into a mean. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

import numpy as np

from ablations.store.outcomes import FINISHED

Statuses = Mapping[str, Mapping[int, str]]
"""Variant to seed to status. A run that is not named in it is finished."""

INTERRUPTED = "interrupted"
"""Says nothing about its variant: such a run is missing."""


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
    from scipy import stats  # takes a second, and most comparisons end above

    return float(stats.fisher_exact(np.array(table)).pvalue)


def paired_p(treatment: Collection[int], reference: Collection[int]) -> float:
    """The exact test of McNemar (1947), two-sided: are the seeds without a usable score as many on one side alone as
    on the other alone? 1 if there are none.

    For two measures of the same runs, which Fisher's test would take for independent ones.
    """
    ours, theirs = len({*treatment} - {*reference}), len({*reference} - {*treatment})
    if not ours + theirs:
        return 1.0
    from scipy import stats

    return float(stats.binomtest(min(ours, theirs), ours + theirs).pvalue)


def unscored(counts: Mapping[str, int]) -> int:
    """Runs that ended in any other way than finished."""
    return sum(counts.values()) - counts.get(FINISHED, 0)


def share_unscored(counts: Mapping[str, int]) -> float:
    """Of all runs of one side; 0 if there are none."""
    return unscored(counts) / max(sum(counts.values()), 1)
