"""Budgets: what lies beyond one has no part in the result, whatever was trained before; the page says what it was."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from ablations.catalog import AXES, BASELINE
from ablations.config.errors import ConfigError
from ablations.search.charges import counted, spent
from ablations.search.generations import Found
from ablations.search.settings import Settings
from ablations.search.trial import Outcome
from ablations.search.tuning import tuning_searches
from ablations.search.tuning_page import budget_in_words
from tests.ablations.search.clock import Clock
from tests.ablations.search.factories import SETTINGS, TINY, made, search, table

LEVELS = tuning_searches(
    AXES["normalization"],
    BASELINE.override(TINY),
    narrowed={},
    fixed={},
    trials=6,
    seconds=5.0,
    parallel=2,
    dataset="digits",
)


def tuned(work: Path, settings: Settings, seconds: float, life: int = 10**9) -> Found:
    return search(work, settings, Clock(seconds, life))


@pytest.mark.parametrize("life", [1, 2])
def test_every_level_has_the_same_seconds_also_when_it_is_killed(life: int, tmp_path: Path) -> None:
    costs = (0.4, 1.2, 2.0)
    for settings, cost in zip(LEVELS, costs, strict=True):
        undisturbed = tuned(tmp_path / "undisturbed", settings, cost)
        with pytest.raises(SystemExit):
            tuned(tmp_path / "killed", settings, cost, life)
        killed = tuned(tmp_path / "killed", settings, cost)
        assert table(killed) == table(undisturbed)
        used = spent(killed).seconds
        assert used <= 5.0
        assert len(killed.trials) == 6 or used > 5.0 - cost


@pytest.mark.parametrize("changes", [{"seconds": 7.0}, {"seconds": None}, {"trials": 8, "seconds": 30.0}])
def test_a_level_that_was_granted_more_before_has_no_advantage(changes: dict[str, Any], tmp_path: Path) -> None:
    (settings, *_) = LEVELS
    fresh = tuned(tmp_path / "fresh", settings, 1.5)
    more = tuned(tmp_path / "more", dataclasses.replace(settings, **changes), 1.5)
    assert len(more.trials) > len(fresh.trials) == 3
    again = tuned(tmp_path / "more", settings, 1.5)
    assert table(again) == table(fresh)
    assert again.best == fresh.best
    assert again.beyond == len(more.trials) + more.beyond - 3


def test_fewer_trials_asked_for_are_the_first(tmp_path: Path) -> None:
    more = tuned(tmp_path, dataclasses.replace(SETTINGS, trials=6), 1.0)
    fewer = tuned(tmp_path, dataclasses.replace(SETTINGS, trials=3), 1.0)
    assert table(fewer) == table(more)[:3]
    assert fewer.beyond == 3


def test_trials_left_running_beyond_those_asked_for_wait(tmp_path: Path) -> None:
    six = dataclasses.replace(SETTINGS, trials=6)
    with pytest.raises(SystemExit):
        tuned(tmp_path, six, 1.0, life=3)
    assert len(tuned(tmp_path, dataclasses.replace(SETTINGS, trials=2), 1.0, life=0).trials) == 2
    assert len(tuned(tmp_path, six, 1.0, life=4).trials) == 6


def test_a_trial_that_ends_with_the_budget_counts_and_the_next_does_not() -> None:
    trials = made(5.0, 4.0, 3.0, 2.0, 1.0)  # they take 0, 1, 2, 3 and 4 seconds
    settings = dataclasses.replace(SETTINGS, trials=5)
    assert counted(trials, settings) == tuple(trials)
    for seconds, count in ((0.5, 1), (3.0, 3), (5.9, 3), (6.0, 4), (10.0, 5)):
        assert len(counted(trials, dataclasses.replace(settings, seconds=seconds))) == count


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_no_seconds_are_refused(seconds: float) -> None:
    with pytest.raises(ConfigError, match="seconds must be above 0"):
        dataclasses.replace(SETTINGS, seconds=seconds)


def founds(seconds: float | None, *costs: float) -> list[Found]:
    settings = [dataclasses.replace(item, trials=4, seconds=seconds) for item in LEVELS]
    outcomes = [Outcome(state="finished", steps=18, charged_steps=18, train_seconds=cost) for cost in costs]
    trial = made(1.0)[0]
    return [
        Found(settings=s, metric="m", trials=(dataclasses.replace(trial, outcome=outcome),) * 4, beyond=1)
        for s, outcome in zip(settings, outcomes, strict=True)
    ]


def test_equal_steps_are_not_called_equal_seconds() -> None:
    text = budget_in_words(founds(None, 1.0, 30.0, 2.0))
    assert "4 trials of 18 steps of 2 seeds" in text
    assert "steps were equal and seconds were not" in text
    assert "4.00 s (layer-norm, 28 ms a step of one seed)" in text
    assert "120 s (no-norm, 833 ms a step of one seed), 30 times as many" in text
    assert "seconds were not limited" in budget_in_words(founds(None, 1.0, 1.01, 1.02))


def test_equal_seconds_are_stated_with_what_was_left_out() -> None:
    text = budget_in_words(founds(200.0, 1.0, 30.0, 2.0))
    assert "200 seconds of training and scoring" in text
    assert "4.00 s" in text
    assert "120 s" in text
    assert "3 trials ended beyond that" in text
