"""What a search is: everything that decides its trials. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ablations.catalog.spaces import Space
from ablations.config.errors import ConfigError
from ablations.config.rules import check_name

SamplerName = Literal["tpe", "gp", "random", "grid"]
PrunerName = Literal["halving", "hyperband", "median", "none"]
ObjectiveName = Literal["score", "score-and-seconds"]

REPORTS: Mapping[PrunerName, int] = {"halving": 4, "hyperband": 3, "median": 5, "none": 3}
"""How often a trial is scored, unless asked otherwise."""
REDUCTION: Mapping[PrunerName, int] = {"halving": 2, "hyperband": 3}
"""Of the trials that reach a rung, one in so many goes on to the next, so many times as far."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One search. Two searches with equal settings, data and code have the same trials."""

    name: str
    space: Space
    trials: int
    """To be made in all. It decides when a search ends, not what its trials are."""
    seeds: int = 2
    """Trained by each trial, in one stack; its value is their mean score."""
    reports: int | None = None
    sampler: SamplerName = "tpe"
    pruner: PrunerName = "halving"
    objective: ObjectiveName = "score"
    seed: int = 0
    parallel: int = 2
    """Trials that are asked for together, before any of them is known, and told together."""
    grid_points: int = 3
    """Values of each range in a grid."""
    dataset: str = "mnist"
    seconds: float | None = None
    """Of training and evaluation, in which a trial must have ended to count; no generation begins after them. They make
    the result depend on the machine."""

    def __post_init__(self) -> None:
        check_name("search", self.name)
        for key in ("trials", "seeds", "parallel", "grid_points"):
            if getattr(self, key) < 1:
                raise ConfigError(f"search {self.name!r}: {key} must be at least 1, not {getattr(self, key)}")
        if self.reports is not None and self.reports < 1:
            raise ConfigError(f"search {self.name!r}: reports must be at least 1, not {self.reports}")
        if self.seconds is not None and not self.seconds > 0:
            raise ConfigError(f"search {self.name!r}: seconds must be above 0, not {self.seconds}")
        if self.sampler == "grid":
            self.space.grid(self.grid_points)  # refuses one that is too large
        if self.objective != "score" and self.pruner != "none":
            raise ConfigError(
                f"search {self.name!r}: a trial with two objectives cannot be pruned; take --pruner none with "
                f"--objective {self.objective}"
            )

    @property
    def steps(self) -> int:
        """Of a trial that is not pruned."""
        return self.space.variant.steps

    @property
    def evaluation_steps(self) -> tuple[int, ...]:
        """Where a trial is scored and may be pruned; the last is its end.

        Where the pruner has a `REDUCTION`, each is so many times the one before; otherwise they are equally spaced.
        """
        count = self.reports or REPORTS[self.pruner]
        if reduction := REDUCTION.get(self.pruner):
            steps = {-(-self.steps // reduction**index) for index in range(count)}
        else:
            steps = {-(-self.steps * (index + 1) // count) for index in range(count)}
        return tuple(sorted(steps))

    @property
    def facts(self) -> dict[str, Any]:
        """What must be equal for a stored search to be gone on with, as plain data with one line for each fact."""
        variant = {f"setting {key}": value for key, value in self.space.variant.flat().items() if key != "name"}
        space = {f"space of {key}": domain for key, domain in self.space.as_dict().items()}
        kind = {"sampler": self.sampler, "pruner": self.pruner, "objective": self.objective, "seed": self.seed}
        size = {"seeds": self.seeds, "parallel": self.parallel, "evaluation steps": list(self.evaluation_steps)}
        grid = {"grid points": self.grid_points} if self.sampler == "grid" else {}
        return {**kind, **size, **grid, "dataset": self.dataset, **space, **variant}
