"""A study and what an archive has of it. No torch."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ablations.config import Study
from ablations.config.errors import StoreError, nearest
from ablations.store.noise_check import NoiseCheck
from ablations.store.result import Result


@dataclass(frozen=True, kw_only=True)
class StoredStudy:
    """A study and what the archive has of it, with the scores of one scorer."""

    study: Study
    results: tuple[Result, ...]
    """One for each variant and seed, of every status, in the study's order; without weights."""
    scorer: str = ""
    """Who gave the scores. Runs that it has not scored are among the results, without scores."""
    unreadable: Mapping[str, str] = field(default_factory=dict)
    """Keys of runs whose files are missing or altered, each with the reason: they are not among the results."""
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Of each result, by key, as they were when it was written: the weights themselves are left out."""
    noise_checks: tuple[NoiseCheck, ...] = ()
    """The sanity checks of its recipes."""

    @property
    def failures(self) -> tuple[Result, ...]:
        """Everything that did not finish, diverged runs included."""
        return tuple(result for result in self.results if result.status != "finished")

    @property
    def unscored(self) -> tuple[Result, ...]:
        """Runs that should have scores and have none of this scorer."""
        return tuple(result for result in self.results if result.is_done and result.scorer != self.scorer)


@dataclass(frozen=True, kw_only=True)
class Member:
    """A run of a study: what the study calls it, and its key."""

    variant: str
    seed: int
    key: str


def no_study(location: str | Path, name: str, studies: Collection[str]) -> StoreError:
    """What is said of a study that is none of those of an archive."""
    return StoreError(
        f"the store {location} has no runs of a study {name!r} yet (studies: {', '.join(studies) or 'none'})"
        f"{nearest(name, studies)}; train it with `ablations run {name}`, or name another --store"
    )
