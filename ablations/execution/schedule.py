"""Which group begins when, on so many places: the one rule of every executor, the first of the list on the first free
place. The same rule makes the plan's expected end and the simulation of machines that are not here.
"""

from __future__ import annotations

import heapq
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ablations.config.errors import ConfigError

OVERHEAD_SECONDS = {"serial": 0.0, "processes": 0.05, "ray": 0.2}
"""Of each group, beside its work: at most, as docs/cluster.md measures it."""
START_SECONDS = 8.0
"""Of a worker's first imports and its data."""
ROWS_A_SECOND = 13_500.0
"""Metric rows that one MLflow writer brings into a database: 10,000 in 0.74 s."""


@dataclass(frozen=True, kw_only=True)
class Span:
    """One group: from when to when, in seconds from the start, and on which place."""

    place: int
    start: float
    end: float


def schedule(seconds: Iterable[float], places: int, *, start: float = 0.0, overhead: float = 0.0) -> list[Span]:
    """The groups in the order of the list."""
    free = [(start, place) for place in range(places)]
    spans = []
    for work in seconds:
        begin, place = heapq.heappop(free)
        spans.append(Span(place=place, start=begin, end=begin + overhead + work))
        heapq.heappush(free, (spans[-1].end, place))
    return spans


@dataclass(frozen=True, kw_only=True)
class Group:
    """What the simulation has to know of a group."""

    seconds: float
    runs: int
    bytes: float
    """That its runs' folders take."""
    rows: float
    """That the mirror writes for them."""


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """A plan on machines that are not here."""

    places: int
    runs: int
    seconds: float
    utilisation: float
    """The share of the places' time that is work."""
    runs_a_second: float
    """That reach the archive, on average; `peak` in the fullest minute."""
    peak: float
    bytes: float
    bytes_a_second: float
    mirror_seconds: float
    """That one writer needs for all rows: where it is more than `seconds`, the page is behind by the difference."""

    def as_dict(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def simulate(groups: Sequence[Group], places: int, *, overhead: float, start: float = START_SECONDS) -> Simulation:
    """Groups in the order in which they would begin."""
    spans = schedule([group.seconds for group in groups], places, start=start, overhead=overhead)
    wall = max((span.end for span in spans), default=0.0)
    minutes: dict[int, int] = {}
    for span, group in zip(spans, groups, strict=True):
        minutes[int(span.end // 60)] = minutes.get(int(span.end // 60), 0) + group.runs
    runs, size = sum(group.runs for group in groups), sum(group.bytes for group in groups)
    return Simulation(
        places=places,
        runs=runs,
        seconds=wall,
        utilisation=sum(group.seconds for group in groups) / (places * wall) if wall else 0.0,
        runs_a_second=runs / wall if wall else 0.0,
        peak=max(minutes.values(), default=0) / 60,
        bytes=size,
        bytes_a_second=size / wall if wall else 0.0,
        mirror_seconds=sum(group.rows for group in groups) / ROWS_A_SECOND,
    )


def places_of(text: str, cores: int, gpus_per_group: float = 1.0) -> int:
    """Places of `nodes=64` (each with so many cores as this machine) or `gpus=8`.

    Raises:
        ConfigError: it is neither.
    """
    found = re.fullmatch(r"(nodes|gpus)=([1-9]\d*)", text)
    if found is None:
        raise ConfigError(f"--simulate {text} is neither nodes=NUMBER, such as nodes=64, nor gpus=NUMBER")
    number = int(found[2])
    return number * cores if found[1] == "nodes" else groups_on(number, gpus_per_group)


def groups_on(gpus: int, share: float) -> int:
    """How many groups find room on the GPUs of one machine, of which each takes a share: less than a GPU on one of
    them, or several whole ones.
    """
    return gpus * math.floor(1 / share + 1e-9) if share <= 1 else gpus // math.ceil(share)
