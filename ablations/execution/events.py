"""What happens while a plan is carried out, as data: executors emit it, the progress display draws it. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ablations.store.result import Status


@dataclass(frozen=True, kw_only=True)
class GroupStarted:
    """A worker began to train a group of seeds of one variant, at `step` (above 0 where a checkpoint was resumed)."""

    group: str
    variant: str
    seeds: tuple[int, ...]
    step: int
    steps: int


@dataclass(frozen=True, kw_only=True)
class Progressed:
    """The group stands at `step`; about twice a second a group."""

    group: str
    step: int
    train_seconds: float


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """The group was scored at `step`; `scores` are means over its finite seeds."""

    group: str
    step: int
    scores: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class Printed:
    """What a job printed on another machine."""

    group: str
    node: str
    text: str


@dataclass(frozen=True, kw_only=True)
class GroupEnded:
    """The group's results lie in the archive: the status and reason of each seed."""

    group: str
    variant: str
    statuses: Mapping[int, Status]
    reasons: Mapping[int, str]
    elsewhere: bool = False
    """Another command has done it in the meantime."""


Event = GroupStarted | Progressed | Evaluated | Printed | GroupEnded
