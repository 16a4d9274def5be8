"""One stack of seeds to train: the one kind of training job, for studies and searches alike, as data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

from ablations.config import Run, Variant, own_parts
from ablations.config.origin import Origin
from ablations.execution.choice import folder_in_reach
from ablations.execution.events import GroupEnded
from ablations.execution.executors.contract import Emit, Stop
from ablations.store.archive import Archive
from ablations.store.leases import Lease
from ablations.store.result import Status

CHECKPOINT_SECONDS = 30.0
"""How often a group in training is checkpointed, unless asked otherwise."""
Keep = Literal["all", "last"]


class PruningSession(Protocol):
    """A judge at work on one stack of seeds."""

    def report(self, step: int, value: float) -> bool:
        """Take in the mean score of the stack at a step; true where it is to be pruned."""
        ...

    @property
    def notes(self) -> dict[str, Any]:
        """What the judge noted and wants to find with the runs later; plain data."""
        ...


class Judge(Protocol):
    """Decides in the worker whether a stack goes on: how a search ends trials early. It can be pickled."""

    def session(self) -> PruningSession: ...


@dataclass(frozen=True, kw_only=True)
class GroupJob:
    """One stack of seeds to train; it implements the executors' contract."""

    name: str
    study: str
    runs: tuple[Run, ...]
    """One for each slot, in order."""
    wanted: tuple[int, ...]
    """The slots whose results are to be recorded; the others are stored already, and train along as they did before."""
    steps: tuple[int, ...]
    """At which the wanted slots are scored; the last is the end."""
    archive: str | Path
    """Where the runs' folders go."""
    checkpoint_root: Path
    data_folder: Path | None = None
    estimate_seconds: float = 0.0
    """On one core, roughly."""
    time_limit: float | None = None
    """Training seconds of the group after which it is given up."""
    fresh: bool = False
    """Start from step 0 although there is a checkpoint, and train what the archive has."""
    checkpoint_seconds: float = CHECKPOINT_SECONDS
    keep: Keep = "all"
    """G's weights at all scored steps, or at the last only."""
    judge: Judge | None = None
    """Of a search's trial. A trial ends with the first of its seeds that diverges."""
    parts: tuple[Origin, ...] = field(default_factory=own_parts.loaded)
    """The user's sources that the worker needs, as the process which makes the job has read them."""

    @property
    def variant(self) -> Variant:
        return self.runs[0].variant

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(run.seed for run in self.runs)

    @property
    def wanted_seeds(self) -> tuple[int, ...]:
        return tuple(self.runs[slot].seed for slot in self.wanted)

    @property
    def wanted_steps(self) -> Mapping[str, tuple[int, ...]]:
        """Of each wanted run, by key: at which steps the archive must have its scores."""
        return {self.runs[slot].key: self.steps for slot in self.wanted}

    @cached_property
    def identity(self) -> str:
        """Of the whole stack: a checkpoint of another identity is not used."""
        return hashlib.sha256("/".join(run.key for run in self.runs).encode()).hexdigest()[:20]

    @property
    def checkpoints(self) -> Path:
        return self.checkpoint_root / self.identity

    def lease(self) -> Lease | None:
        return Archive.reopened(self.archive).lease(self.identity)

    def settled(self) -> GroupEnded | None:
        """Not of a group that is to be trained afresh."""
        if self.fresh or Archive.reopened(self.archive).done(self.wanted_steps) != self.wanted_steps.keys():
            return None
        from ablations.execution.worker import ended

        archive = Archive.reopened(self.archive)
        results = [archive.get(key, weights=False) for key in self.wanted_steps]
        return replace(ended(self, results), elsewhere=True)

    def run(self, emit: Emit, stop: Stop) -> None:
        """Train, score and archive; see `worker.train_group`."""
        from ablations.execution.worker import train_group

        train_group(self, emit, stop)

    def pack(self, outbound: Path) -> None:
        """Nothing: the dataset is not copied but compared by its digest."""

    def moved(self, outbound: Path, inbound: Path) -> GroupJob:
        """Its checkpoints stay where they are if that folder is in reach: so whoever begins it again goes on."""
        checkpoints = self.checkpoint_root if self.checkpoint_root.is_dir() else inbound.parent / "checkpoints"
        return replace(
            self,
            archive=inbound,
            checkpoint_root=checkpoints,
            data_folder=folder_in_reach(self.data_folder),
            parts=own_parts.sent(self.parts),
        )

    def unpack(self, inbound: Path) -> None:
        Archive.reopened(self.archive).adopt(inbound, again=self.fresh)

    def lost(self, status: Status, reason: str) -> GroupEnded:
        """Leave results for a group that could not leave them itself."""
        from ablations.execution.worker import record_lost

        return record_lost(self, status, reason)
