"""The loop: ticks where they are due, whatever the pace."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ablations.config.digest import digest_of_arrays
from ablations.config.study import evaluation_steps
from ablations.training.loop import train
from tests.ablations.training.small_groups import group


@pytest.mark.parametrize(
    ("steps", "evaluations", "expected"),
    [(100, 4, (0, 25, 50, 75, 100)), (3, 5, (0, 1, 2, 3)), (1, 1, (0, 1)), (10, 3, (0, 3, 7, 10))],
)
def test_evaluations_are_spread_over_the_training(steps: int, evaluations: int, expected: tuple[int, ...]) -> None:
    assert evaluation_steps(steps, evaluations) == expected


def test_steps_that_are_asked_for_are_scored_where_the_training_reaches_them() -> None:
    assert evaluation_steps(100, 2, (30, 50, 101)) == (0, 30, 50, 100)


def test_every_evaluation_has_its_tick_and_every_step_its_curve() -> None:
    for pace in (1e-9, 0.01, 10.0):
        one = group(seeds=(0, 1))
        ticks = list(train(one, (0, 7, 20, 31), pace=pace))
        assert [tick.step for tick in ticks if tick.evaluation_due] == [0, 7, 20, 31]
        assert sum(len(tick.curves) for tick in ticks) == 31
        assert all(tick.train_seconds >= 0 for tick in ticks)


def test_the_pace_and_the_cadence_do_not_change_a_bit() -> None:
    ends = []
    for pace, evaluations in ((1e-9, (0, 31)), (10.0, (0, 5, 6, 31))):
        one = group(seeds=(0, 1))
        curves = np.concatenate([tick.curves for tick in train(one, evaluations, pace=pace)])
        ends.append((digest_of_arrays(one.weights(0)), curves.tobytes()))
    assert ends[0] == ends[1]


def test_a_slow_device_is_looked_at_after_every_step() -> None:
    clock = itertools.count(step=5.0)
    ticks = list(train(group(seeds=(0, 1)), (0, 6), pace=0.5, clock=lambda: next(clock)))
    assert [tick.step for tick in ticks] == [0, 1, 2, 3, 4, 5, 6]
