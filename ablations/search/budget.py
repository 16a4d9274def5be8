"""What trials were worth: the expected best score for a budget, and the trials that no other beats. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ablations.search.trial_storage import Trial


def expected_best(values: Sequence[float]) -> NDArray[np.float64]:
    """The expected lowest of n values drawn with replacement from `values`, for n = 1, ..., len(values).

    Dodge et al. 2019, "Show Your Work", equation 7, for a score that is better when lower. It holds for trials drawn
    independently; for a sampler that learns it describes the trials made, not the course they were made in.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    count = len(ordered)
    survive = (count - np.arange(count + 1)) / count  # the chance that one draw is beyond the i lowest
    budgets = np.arange(1, count + 1)[:, None]
    chances = survive[None, :-1] ** budgets - survive[None, 1:] ** budgets  # that the lowest of n is the i-th
    return np.asarray(chances @ ordered)


def scored(trials: Sequence[Trial]) -> list[float]:
    """A score for each trial: a pruned one has its last; one without any the worst of the others."""
    found = [_score(trial) for trial in trials]
    worst = max((value for value in found if math.isfinite(value)), default=math.nan)
    return [value if math.isfinite(value) else worst for value in found]


def _score(trial: Trial) -> float:
    outcome = trial.outcome
    if outcome.state in ("finished", "pruned") and outcome.scores:
        return outcome.scores[-1].mean
    return math.inf


def front(trials: Sequence[Trial]) -> tuple[Trial, ...]:
    """The finished trials for which no other has both a better score and fewer training seconds; fastest first."""
    found: list[Trial] = []
    best = math.inf
    ended = [trial for trial in trials if trial.outcome.value is not None]
    for trial in sorted(ended, key=lambda item: (item.outcome.train_seconds, item.outcome.value)):
        value = trial.outcome.value
        if value is not None and value < best:
            best = value
            found.append(trial)
    return tuple(found)
