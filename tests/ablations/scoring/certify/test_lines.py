"""Judgements: monotone, beyond the noise, and never passed by a metric that stands still or turns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablations.scoring.certify.lines import failed, line, moves, tolerances


def status(claim: str, values: Sequence[float], tolerance: float = 0.1, distinct: Sequence[float] | None = None) -> str:
    return moves("Blur", "frechet", claim, values, tolerance, distinct or [1.0] * len(values)).status


@pytest.mark.parametrize(
    ("claim", "values", "expected"),
    [
        ("rises", [0, 1, 2], "holds"),
        ("rises", [0, 0.05, 0.09], "fails"),  # no farther than two real sets lie apart
        ("rises", [0, 1, 0.95, 2], "holds"),  # a step back within the tolerance
        ("rises", [0, 1, 0.8, 2], "fails"),
        ("rises", [2, 1, 0], "fails"),
        ("falls", [2, 1, 0], "holds"),
        ("falls", [2, 0, 0], "holds"),  # at its limit
        ("falls", [0, 1, 2], "fails"),
        ("stays", [1, 1.1, 0.9], "holds"),
        ("stays", [1, 1.2, 1], "fails"),
        ("rises", [0, np.nan, 2], "fails"),
        ("stays", [0, 0, np.inf], "fails"),
    ],
)
def test_claims(claim: str, values: list[float], expected: str) -> None:
    assert status(claim, values) == expected


def test_what_must_stay_exactly_may_not_move_at_all() -> None:
    assert status("stays", [10, 10, 10], tolerance=0) == "holds"
    assert status("stays", [10, 9, 10], tolerance=0) == "fails"
    assert status("falls", [10, 10, 10], tolerance=0) == "fails"


def test_repeated_images_widen_the_tolerance_by_the_root_of_their_share() -> None:
    assert status("stays", [1, 1.9], distinct=[1, 0.01]) == "holds"
    assert status("stays", [1, 2.1], distinct=[1, 0.01]) == "fails"
    assert status("stays", [1.9, 1], distinct=[0.01, 1]) == "fails"


@given(st.lists(st.integers(-10, 10), min_size=2, max_size=8), st.integers(0, 5))
def test_rising_is_falling_upside_down_and_excludes_it(values: list[int], tolerance: int) -> None:
    mirrored = [-value for value in values]
    assert status("rises", values, tolerance) == status("falls", mirrored, tolerance)
    assert (status("rises", values, tolerance), status("falls", values, tolerance)) != ("holds", "holds")
    # The last value has moved beyond the tolerance in one and not in the other.
    assert "holds" not in {status("rises", values, tolerance)} & {status("stays", values, tolerance)}


def test_the_tolerance_holds_differences_of_two_sets_but_for_1_in_100() -> None:
    draw = np.random.default_rng(0)
    outside = 0
    for _ in range(2000):
        sets = draw.normal(size=6)
        first, second = draw.normal(size=2)
        outside += abs(first - second) > tolerances([{"x": value} for value in sets])["x"]
    assert 0.003 < outside / 2000 < 0.02


def test_a_metric_that_is_left_out_with_a_reason_fails_no_certificate() -> None:
    lines = [line("x", metric, "rises", False, "") for metric in ("precision", "frechet")]
    assert [item.status for item in lines] == ["left out", "fails"]
    assert failed(lines) == [lines[1]]
