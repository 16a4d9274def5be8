"""What the ends of its seeds make of a trial, and which of the trials wins."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ablations.config import Run
from ablations.execution.job import GroupJob
from ablations.search.generations import Found
from ablations.search.trial import Outcome, outcome_of
from ablations.store import Archive
from ablations.store.result import Result, Status
from tests.ablations.factories import make_result
from tests.ablations.search.clock import METRIC, Clock
from tests.ablations.search.factories import SETTINGS, made, search

STEPS, HALF = 40, 20
"""Of a run of `make_result`, and where it stops that does not finish."""


def ended(folder: Path, *results: Result) -> Outcome | None:
    archive = Archive.open(folder)
    for result in results:
        archive.put(result)
    runs = [result.run for result in results]
    job: Any = SimpleNamespace(archive=folder, runs=runs, variant=runs[0].variant)
    return outcome_of(job, "score")


def seed(number: int, status: Status = "finished", score: float = 1.0, **changes: Any) -> Result:
    return dataclasses.replace(make_result(seed=number, status=status, metrics={"score": score}), **changes)


def test_a_trial_that_finished_is_worth_the_mean_of_its_seeds(tmp_path: Path) -> None:
    found = ended(tmp_path, seed(0, score=1.0), seed(1, score=4.0))
    assert found is not None
    assert (found.state, found.value, found.steps, found.charged_steps) == ("finished", 2.5, STEPS, STEPS)
    assert [(score.step, score.seeds) for score in found.scores] == [(step, (1.0, 4.0)) for step in (0, HALF, STEPS)]


@pytest.mark.parametrize(
    ("states", "state", "reason", "charged"),
    [
        (("pruned", "pruned"), "pruned", "", HALF),
        (("diverged", "finished"), "diverged", "seed 0: it diverged in a test", STEPS),
        (("diverged", "failed"), "failed", "it failed in a test", STEPS),
        (("finished", "timed_out"), "failed", "it timed_out in a test", STEPS),
    ],
)
def test_a_trial_without_an_end_of_all_seeds_has_no_value(
    states: tuple[Status, Status], state: str, reason: str, charged: int, tmp_path: Path
) -> None:
    found = ended(tmp_path, *(seed(number, status) for number, status in enumerate(states)))
    assert found is not None
    assert (found.state, found.reason, found.value) == (state, reason, None)
    assert (found.steps, found.charged_steps) == (HALF, charged)


def test_the_first_seed_that_diverged_is_the_reason(tmp_path: Path) -> None:
    found = ended(tmp_path, seed(0, "diverged", last_step=9), seed(1, "diverged", last_step=7), seed(2))
    assert found is not None
    assert (found.steps, found.reason) == (7, "seed 1: it diverged in a test")


def test_a_last_score_that_is_no_number_is_a_divergence(tmp_path: Path) -> None:
    found = ended(tmp_path, seed(0), seed(1, score=math.nan))
    assert found is not None
    assert (found.state, found.value, found.charged_steps) == ("diverged", None, STEPS)


def test_a_trial_that_was_interrupted_has_not_ended(tmp_path: Path) -> None:
    assert ended(tmp_path, seed(0), seed(1, "interrupted")) is None


def test_without_a_selection_the_lowest_score_of_those_that_finished_wins() -> None:
    trials = [*made(5.0, None, 2.0, 3.0), dataclasses.replace(made(1.0, state="pruned")[0], number=4)]
    found = Found(settings=SETTINGS, metric="score", trials=tuple(trials))
    assert found.best is not None
    assert found.best.number == 2


class Descending(Clock):
    """Every trial has a lower score than the one before it, and so has every finalist."""

    def result(self, run: Run, job: GroupJob) -> Result:
        result = super().result(run, job)
        (last,) = result.evaluations
        score = 100.0 - int(job.name.rpartition(" ")[2])
        return dataclasses.replace(result, evaluations=(dataclasses.replace(last, metrics={METRIC: score}),))


def test_the_best_trials_are_trained_again_and_the_best_of_them_then_wins(tmp_path: Path) -> None:
    found = search(tmp_path, dataclasses.replace(SETTINGS, trials=4), Descending(1.0), finalists=2)
    assert [trial.outcome.value for trial in found.trials] == [100.0, 99.0, 98.0, 97.0]
    assert [(item.trial.number, item.outcome.value) for item in found.finalists] == [(2, 98.0), (3, 99.0)]
    assert found.best == found.finalists[0].trial
