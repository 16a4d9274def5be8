"""Metrics of a user's own, beside those of `catalog.metrics`: what they are called, who wrote them, what they give."""

from __future__ import annotations

import sys
from typing import Any

from ablations.catalog.metrics import METRICS, built_in, facts
from ablations.catalog.quantities import RUN_FACTS
from ablations.config.errors import ConfigError, unknown
from ablations.config.own_modules import line_of_function
from ablations.config.own_parts import PartError, failing_in_a_sentence
from ablations.config.parts import METRIC_PARTS
from ablations.scoring.metrics.bindings import Computation
from ablations.scoring.metrics.values import Reference, Samples


def own_digests() -> list[list[str]]:
    """Name and digest of the source of each: part of a scorer's identity.

    Raises:
        ConfigError: a built-in metric has that name, or another column of the reports.
    """
    for name in METRIC_PARTS:
        if built_in(name):
            raise ConfigError(f"the metric {name!r} is built in; take another name")
        if name in RUN_FACTS:
            raise ConfigError(f"the metric {name!r} is called like a column of every report; take another name")
    return [[name, part.origin.sha256] for name in METRIC_PARTS if (part := METRIC_PARTS[name]).origin]


def check_own_claims() -> None:
    """Raise `ConfigError` where a metric of the user's own says what a damage must do that none of ours speaks of."""
    names = sorted({damage for row in METRICS.values() for damage in (*row.rises, *row.falls, *row.stays)})
    for metric in METRIC_PARTS:
        part = METRIC_PARTS[metric]
        for damage in (*part.rises, *part.falls, *part.stays):
            if damage not in names:
                raise unknown(f"damage that the metric {metric!r} names:", damage, names)


def own_computations() -> list[Computation]:
    """One that fails gives NaN, and says why in a line: the run that it looks at goes on."""
    return [Computation(rows=(facts(name),), compute=_Tolerant(name)) for name in METRIC_PARTS]


def measured(name: str, samples: Samples, reference: Reference) -> float:
    """What a user's metric gives.

    Raises:
        PartError: it fails, or gives no number.
    """
    function = METRIC_PARTS[name].load()
    what, place = f"the metric {name!r}", line_of_function(function)
    with failing_in_a_sentence(what, place):
        value: Any = function(samples, reference)
        if isinstance(value, str | bool) or not hasattr(value, "__float__"):
            raise PartError(f"{place}: {what} must give a number, not {type(value).__name__}")
        return float(value)


class _Tolerant:
    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, samples: Samples, reference: Reference) -> tuple[float, ...]:
        try:
            return (measured(self._name, samples, reference),)
        except PartError as error:
            print(error, file=sys.stderr)
            return (float("nan"),)
