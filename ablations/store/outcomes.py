"""How a run counts, in every table: as it ended, unless what it drew says that it collapsed. Pure.

The archive keeps `finished` for a run that was trained to its end; whether its samples can be scored follows from its
metrics by the rule of `collapse`, at the time when it is read.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ablations.catalog.collapse import why_collapsed
from ablations.catalog.metric_facts import SHARES
from ablations.catalog.metrics import facts
from ablations.store.result import Result

FINISHED = "finished"
COLLAPSED = "collapsed"
USUAL_CLASSES = 10
"""Where the scores do not say how many classes the data have."""


@dataclass(frozen=True)
class Outcome:
    status: str
    reason: str


def outcome(result: Result) -> Outcome:
    """Of a whole run, by its last evaluation."""
    return _counted(result.status, result.reason, result.scores)


def outcome_at(metrics: Mapping[str, float]) -> Outcome:
    """As if training had ended with the evaluation that took these metrics."""
    return _counted(FINISHED, "", metrics)


def statuses(results: Iterable[Result]) -> dict[str, dict[int, str]]:
    """Variant to seed to status, of all runs that ended."""
    table: dict[str, dict[int, str]] = {}
    for result in results:
        table.setdefault(result.run.variant.name, {})[result.run.seed] = outcome(result).status
    return table


def _counted(status: str, reason: str, metrics: Mapping[str, float]) -> Outcome:
    if status != FINISHED:
        return Outcome(status, reason)
    collapsed = why_collapsed(metrics, classes=_classes(frozenset(metrics)))
    return Outcome(status, reason) if collapsed is None else Outcome(COLLAPSED, collapsed)


@functools.lru_cache
def _classes(names: frozenset[str]) -> int:
    return sum(facts(name).group == SHARES for name in names) or USUAL_CLASSES
