"""Scores that cannot stand in one table: of different classifiers, data or numbers of samples. Pure."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from ablations.catalog.metrics import carries_verdicts, facts
from ablations.config.errors import StoreError
from ablations.store.result import Result

if TYPE_CHECKING:
    from ablations.store.stored_study import StoredStudy

FACTS: Mapping[str, Callable[[Result], str]] = {
    "scorers": lambda result: result.scorer,
    "data": lambda result: f"{result.run.dataset}, SHA-256 {result.run.data_digest}",
    "numbers of samples": lambda result: " and ".join(sorted(_protocols(result))),
}
"""What all scores of a table have in common."""


def check_comparable(study: str, results: Iterable[Result]) -> None:
    """Refuse results whose scores do not measure the same; runs without a score go with any.

    Raises:
        StoreError: with both digests, or both protocols, and the way out.
    """
    scored = [result for result in results if _protocols(result)]
    for name, fact in FACTS.items():
        values: dict[str, list[Result]] = {}
        for result in scored:
            values.setdefault(fact(result), []).append(result)
        if len(values) > 1:
            found = "; ".join(f"{value} ({_named(group)})" for value, group in sorted(values.items()))
            raise StoreError(
                f"the runs of study {study!r} were scored with different {name}, so their scores cannot stand in one "
                f"table: {found}. Keep them in different archives (--store), or score them alike: ablations "
                f"rescore {study}"
            )


def check_scored(stored: StoredStudy) -> None:
    """Refuse a study of which some runs have scores of the asked scorer and others have not.

    Raises:
        StoreError: with the way out.
    """
    if missing := stored.unscored:
        raise StoreError(
            f"{_named(list(missing))} of study {stored.study.name!r} have no scores of the scorer {stored.scorer}; "
            f"give them some without training anything: ablations rescore {stored.study.name}"
        )


def _protocols(result: Result) -> set[str]:
    """The endings of the metrics that may carry verdicts, which state their number of samples; of a run all alike."""
    return set().union(*(_endings(frozenset(item.metrics)) for item in result.evaluations))


@functools.lru_cache
def _endings(names: frozenset[str]) -> frozenset[str]:
    carrying = filter(carries_verdicts, names)
    return frozenset(name.removeprefix(facts(name).name).strip("_") or name for name in carrying)


def _named(group: list[Result]) -> str:
    first = group[0].run
    count = f"{len(group)} runs" if len(group) > 1 else "1 run"
    return f"{count}, such as {first.variant.name} seed {first.seed}"
