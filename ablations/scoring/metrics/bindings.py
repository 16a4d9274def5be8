"""Which function computes which rows of `catalog.metrics`: each metric's file binds its own with `computes`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ablations.catalog.metric_facts import Metric, of_extractor
from ablations.catalog.metrics import METRICS
from ablations.config.errors import ConfigError, unknown
from ablations.scoring.metrics.values import Reference, Samples

Compute = Callable[[Samples, Reference], Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Computation:
    """A function, and the rows whose numbers it yields; of one row that stands for many, the numbers of the classes."""

    rows: tuple[Metric, ...]
    compute: Compute

    @property
    def facts(self) -> Metric:
        """The first row: those of one function are of one tier, and of one kind."""
        return self.rows[0]

    def names(self, samples: int, references: int, classes: int, extractor: str) -> list[str]:
        """What its numbers by an extractor are called in a result."""
        bare = [of_extractor(row, extractor).named(samples, references) for row in self.rows]
        return [bare[0].format(label) for label in range(classes)] if self.facts.many else bare


COMPUTATIONS: dict[str, Computation] = {}
"""By the name of the first row."""


def computes(*names: str) -> Callable[[Compute], Compute]:
    """Bind a function to the rows of these names; it yields a number for each, in this order.

    Raises:
        ConfigError: a row that is not there, or that another function computes.
    """
    if missing := [name for name in names if name not in METRICS]:
        raise unknown("metric", missing[0], METRICS)
    bound = {row.name for item in COMPUTATIONS.values() for row in item.rows}
    if twice := bound & {*names}:
        raise ConfigError(f"another function computes {', '.join(sorted(twice))} already")

    def bind(compute: Compute) -> Compute:
        COMPUTATIONS[names[0]] = Computation(rows=tuple(METRICS[name] for name in names), compute=compute)
        return compute

    return bind
