"""One stack of seeds to train, as data that can be sent to another process or machine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from ablations.config import Run, Variant

CHECKPOINT_SECONDS = 30.0
"""How often a group in training is checkpointed, unless asked otherwise."""


@dataclass(frozen=True, kw_only=True)
class GroupJob:
    """One stack of seeds to train. It can be sent to another process or machine."""

    name: str
    study: str
    runs: tuple[Run, ...]
    """One for each slot, in order."""
    wanted: tuple[int, ...]
    """The slots whose results are to be recorded; the others are stored already, and train along as they did before."""
    data_folder: Path | None
    work: Path
    """Holds `spool` and `checkpoints`."""
    time_limit: float | None = None
    """Training seconds of the group after which it is given up."""
    fresh: bool = False
    """Start from step 0 although there is a checkpoint."""
    checkpoint_seconds: float = CHECKPOINT_SECONDS

    @property
    def variant(self) -> Variant:
        return self.runs[0].variant

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(run.seed for run in self.runs)

    @property
    def identity(self) -> str:
        """Of the whole stack: a checkpoint of another identity is not used."""
        return hashlib.sha256("/".join(run.key for run in self.runs).encode()).hexdigest()[:20]

    @property
    def checkpoints(self) -> Path:
        return self.work / "checkpoints" / self.identity
