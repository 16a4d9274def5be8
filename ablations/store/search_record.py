"""A search and its trials, as they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ablations.config import sha256_of

State = Literal["finished", "pruned", "diverged", "failed"]


@dataclass(frozen=True, kw_only=True)
class TrialRecord:
    """One trial, as it is stored."""

    number: int
    params: Mapping[str, object]
    """The hyperparameters it tried."""
    state: State
    reason: str
    value: float | None
    """The objective: None unless it finished."""
    curve: Sequence[tuple[int, float]]
    """Training step and score."""
    facts: Mapping[str, float]
    """What else is known of it in numbers: steps, seconds."""


@dataclass(frozen=True, kw_only=True)
class SearchRecord:
    """One search, as it is stored."""

    experiment: str
    """The MLflow experiment: all searches of one purpose side by side."""
    name: str
    metric: str
    """Of the curve and, at its end, the objective; lower is better."""
    settings: Mapping[str, object]
    """All that decides the trials."""
    hyperparameters: Sequence[str]
    """Those that every trial has."""
    begun: str
    """When it was first begun: another time, another search."""

    @property
    def identity(self) -> str:
        return sha256_of([self.begun, {key: str(value) for key, value in self.settings.items()}])
