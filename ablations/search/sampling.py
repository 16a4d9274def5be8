"""What a trial tries: a function of the settings, the trials known and the trial's number, and of nothing else.

The sampler is made anew for each trial, with a seed derived from the search's and the trial's number: so a search that
is taken up again does not repeat its first draws, and one that was killed asks what it would have asked.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import cast

import optuna
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from ablations.catalog.domains import Choice, Value
from ablations.catalog.hyperparameters import Hyperparameter
from ablations.search.judge import copied_study, quiet
from ablations.search.settings import SamplerName, Settings


def propose(
    settings: Settings, known: Mapping[int, FrozenTrial], number: int, point: dict[str, Value] | None = None
) -> FrozenTrial:
    """The trial `number`, about to run. `known` are trials before it; those without an end count as running.

    It tries `point`, if there is one. Trial 0 is the variant as it is, where that lies in the space: no search ends
    worse than it began.
    """
    fixed = settings.space.own_values() if point is None and number == 0 else point
    with quiet():
        study = copied_study(
            known,
            number,
            sampler=build_sampler(settings.sampler, _seed(settings.seed, number)),
            objective=settings.objective,
        )
        if fixed is not None:
            study.enqueue_trial(fixed)
        trial = study.ask()
        settings.space.walk(lambda item: _suggest(trial, item))
        return create_trial(state=TrialState.RUNNING, params=trial.params, distributions=trial.distributions)


def build_sampler(name: SamplerName, seed: int) -> optuna.samplers.BaseSampler:
    if name == "tpe":
        return optuna.samplers.TPESampler(seed=seed)
    if name == "gp":
        return optuna.samplers.GPSampler(seed=seed)
    return optuna.samplers.RandomSampler(seed=seed)


def points_left(settings: Settings, known: Iterable[FrozenTrial]) -> Iterator[dict[str, Value] | None]:
    """What the trials after these must try: of a grid its other points, in their order; else None, without end.

    Numbers do not tell which these are: a trial that was lost is made again under another one.
    """
    if settings.sampler != "grid":
        return itertools.repeat(None)
    tried = {frozenset(trial.params.items()) for trial in known}
    grid = settings.space.grid(settings.grid_points)
    return (point for point in grid if frozenset(point.items()) not in tried)


def _seed(seed: int, number: int) -> int:
    return int.from_bytes(hashlib.sha256(f"search/{seed}/{number}".encode()).digest()[:4], "little")


def _suggest(trial: Trial, item: Hyperparameter) -> Value:
    domain = item.domain
    if isinstance(domain, Choice):
        return cast(Value, trial.suggest_categorical(item.key, domain.values))
    if domain.whole:
        return trial.suggest_int(item.key, int(domain.low), int(domain.high), log=domain.log)
    return trial.suggest_float(item.key, domain.low, domain.high, log=domain.log)
