"""Whether a trial goes on, decided in the process that trains it.

Optuna's pruners compare a trial with others that run at the same time, so that their verdicts depend on timing. Here
a trial is held against a copy of the study as it was when the trial's generation was asked for: the same trials before
it, the same verdict, whoever trains it and when.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

import optuna
from optuna.distributions import BaseDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from ablations.search.settings import REDUCTION, ObjectiveName, PrunerName


@contextmanager
def quiet() -> Iterator[None]:
    """Optuna says what is new or slow in itself; a user of a search can do nothing about it."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            warnings.filterwarnings("ignore", category=UserWarning, module="optuna")
            yield
    finally:
        optuna.logging.set_verbosity(before)


def directions(objective: ObjectiveName) -> list[StudyDirection]:
    return [StudyDirection.MINIMIZE] * (1 if objective == "score" else 2)


def copied_study(
    history: Mapping[int, FrozenTrial],
    number: int,
    *,
    sampler: optuna.samplers.BaseSampler | None = None,
    pruner: optuna.pruners.BasePruner | None = None,
    objective: ObjectiveName = "score",
) -> optuna.Study:
    """A study in memory whose next trial has the number `number`; numbers that `history` lacks are running trials."""
    study = optuna.create_study(
        study_name="search",  # Hyperband hashes it: another name of a search must not make other trials
        storage=optuna.storages.InMemoryStorage(),
        sampler=sampler or optuna.samplers.RandomSampler(seed=0),
        pruner=pruner or optuna.pruners.NopPruner(),
        directions=directions(objective),
    )
    study.add_trials([history.get(index) or create_trial(state=TrialState.RUNNING) for index in range(number)])
    return study


@dataclass(frozen=True, kw_only=True)
class Judge:
    """What a trial is held against. It can be sent to another process."""

    pruner: PrunerName
    steps: tuple[int, ...]
    """At which trials are scored."""
    number: int
    params: Mapping[str, Any]
    distributions: Mapping[str, BaseDistribution]
    history: Mapping[int, FrozenTrial]
    """The trials that were told before this one's generation was asked for."""

    @classmethod
    def lenient(cls, steps: int) -> Self:
        """One that prunes nothing: a trial with it still ends with its first seed that diverges."""
        return cls(pruner="none", steps=(steps,), number=0, params={}, distributions={}, history={})

    def session(self) -> PruningSession:
        return PruningSession(self)


class PruningSession:
    """A judge at work on one trial."""

    def __init__(self, judge: Judge) -> None:
        with quiet():
            study = copied_study(judge.history, judge.number, pruner=build_pruner(judge.pruner, judge.steps))
            template = create_trial(
                state=TrialState.RUNNING, params=dict(judge.params), distributions=dict(judge.distributions)
            )
            study.add_trial(template)
            self._study = study
            self._trial = optuna.trial.Trial(study, study.trials[-1]._trial_id)

    def report(self, step: int, value: float) -> bool:
        """Take a trial's score in; true where it is to be pruned."""
        with quiet():
            self._trial.report(value, step)
            return self._trial.should_prune()

    @property
    def notes(self) -> dict[str, Any]:
        """What the pruner noted of the trial and wants to find with it later: the rungs it reached."""
        return dict(self._study.trials[-1].system_attrs)


def build_pruner(name: PrunerName, steps: Sequence[int]) -> optuna.pruners.BasePruner:
    """Halving is one bracket for all trials; Hyperband has several, and never prunes in the last of them."""
    if name == "none":
        return optuna.pruners.NopPruner()
    if name == "median":
        return optuna.pruners.MedianPruner()
    # Optuna's rungs are multiples of the first: with that rounded up, the next would lie behind the step that is scored
    first = max(1, steps[-1] // REDUCTION[name] ** (len(steps) - 1))
    if name == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(min_resource=first, reduction_factor=REDUCTION[name])
    return optuna.pruners.HyperbandPruner(min_resource=first, max_resource=steps[-1], reduction_factor=REDUCTION[name])
