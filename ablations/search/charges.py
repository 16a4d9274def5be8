"""What searches were granted and what they used of it: trials, steps, seconds. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ablations.search.settings import Settings
from ablations.search.trial_storage import Trial

if TYPE_CHECKING:
    from ablations.search.generations import Found


def counted(trials: Sequence[Trial], settings: Settings) -> tuple[Trial, ...]:
    """Of trials in their order, those within the budget: no other has a part in the result.

    More may be stored: the rest of the generation in which the seconds ran out, or those of a command that was granted
    more. So the same budget gives the same result, whatever a search did before.
    """
    found, seconds = list[Trial](), 0.0
    for trial in trials[: settings.trials]:
        seconds += trial.outcome.seconds
        if settings.seconds is not None and seconds > settings.seconds:
            break
        found.append(trial)
    return tuple(found)


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What the trials of one search that count have used."""

    name: str
    trials: int
    beyond: int
    """Trials that are stored too and do not count."""
    charged_steps: int
    """Of every seed, by the rules of `trial`."""
    trained_steps: int
    """Of every seed."""
    train_seconds: float
    evaluation_seconds: float

    @property
    def seconds(self) -> float:
        return self.train_seconds + self.evaluation_seconds

    @property
    def milliseconds_a_step(self) -> float:
        """Of training, for one step of one seed; not a number where nothing was trained."""
        return 1000 * self.train_seconds / self.trained_steps if self.trained_steps else math.nan


def spent(found: Found) -> Spent:
    outcomes = [trial.outcome for trial in found.trials]
    return Spent(
        name=found.settings.space.variant.name,
        trials=len(outcomes),
        beyond=found.beyond,
        charged_steps=found.charged_steps,
        trained_steps=found.settings.seeds * sum(outcome.steps for outcome in outcomes),
        train_seconds=sum(outcome.train_seconds for outcome in outcomes),
        evaluation_seconds=sum(outcome.evaluation_seconds for outcome in outcomes),
    )
