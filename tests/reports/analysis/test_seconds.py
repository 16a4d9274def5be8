"""What a study cost, from made-up runs."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from reports.analysis.seconds import cost_frame, total_seconds

RUNS = pd.DataFrame(
    [
        ("slow", "finished", 1_000, 20.0, 3.0),
        ("slow", "finished", 1_000, 22.0, 5.0),
        ("slow", "diverged", 500, 12.0, 1.0),
        ("fast", "finished", 1_000, 5.0, 2.0),
        ("lost", "failed", 0, 0.0, 0.0),
    ],
    columns=["variant", "status", "last_step", "train_seconds", "evaluation_seconds"],
)


def test_a_seed_costs_what_its_finished_runs_took() -> None:
    table = cost_frame(RUNS).set_index("variant")
    assert table.train_seconds_a_seed["slow"] == pytest.approx(21)
    assert table.evaluation_seconds_a_seed["slow"] == pytest.approx(4)
    assert list(table.index) == ["slow", "fast", "lost"]


def test_a_step_is_timed_over_all_runs_however_they_ended() -> None:
    table = cost_frame(RUNS).set_index("variant")
    assert table.step_ms["slow"] == pytest.approx(1_000 * 54 / 2_500)
    assert (table.step_ms_low["slow"], table.step_ms_high["slow"]) == pytest.approx((20, 24))
    assert table.step_ms["fast"] == pytest.approx(5)


def test_what_never_ran_costs_nothing_and_has_no_speed() -> None:
    table = cost_frame(RUNS).set_index("variant")
    assert table.total_seconds["lost"] == 0
    assert math.isnan(table.step_ms["lost"])
    assert math.isnan(table.train_seconds_a_seed["lost"])


def test_the_variants_add_up_to_the_study() -> None:
    assert cost_frame(RUNS).total_seconds.sum() == pytest.approx(sum(total_seconds(RUNS)))
    assert total_seconds(RUNS) == pytest.approx((59, 11))
