"""What one test of a claim rests on: both kinds of features, the noise floor of the score, whole windows of curves."""

from __future__ import annotations

import pytest

from ablations.config.claim import Check, Claim, Curve, Value
from reports.analysis import claim_answers
from reports.analysis.claim_measures import values
from reports.analysis.decision_rules import Rules
from tests.reports.made_up_runs import about, run, runs

A, B = Value(of="s/a"), Value(of="s/b")
PLAIN = Value(of="s/a", metric="frechet"), Value(of="s/b", metric="frechet")
RISE = Curve(of="s/a", curve="g_loss", stop=0.5), Curve(of="s/b", curve="g_loss", start=0.5)


def judged(check: Check, reader: float, label_free: float, floor: float = 0.0) -> claim_answers.Tested:
    """`s/a` has a score of 20 by both kinds of features, `s/b` one that is higher by so much by either."""
    found = runs(
        24,
        a={"reader": about(20.0, 1), "label_free": about(20.0, 2)},
        b={"reader": about(20.0 + reader, 3), "label_free": about(20.0 + label_free, 4)},
    )
    (item,) = claim_answers.answer([Claim(name="S9-x", text="x", tests=(check,))], found, Rules(noise_floor=floor))
    return item.tests[0]


@pytest.mark.parametrize(
    ("reader", "label_free", "outcome"),
    [(0.1, 0.1, "holds"), (0.1, 10.0, "not shown"), (10.0, 0.1, "not shown"), (10.0, 10.0, "contrary")],
)
def test_means_are_equal_where_they_are_by_both_kinds_of_features(
    reader: float, label_free: float, outcome: str
) -> None:
    same = Check(says="the same", measure=A, expect="equal", against=B)
    assert judged(same, reader, label_free).outcome == outcome


@pytest.mark.parametrize(("reader", "label_free", "outcome"), [(10.0, 2.0, "holds"), (2.0, 10.0, "not shown")])
def test_the_noise_floor_bounds_the_score_that_is_shown_alone(reader: float, label_free: float, outcome: str) -> None:
    lower = Check(says="lower", measure=A, expect="lower", against=B)
    assert judged(lower, reader, label_free, floor=5.0).outcome == outcome
    assert judged(lower, reader, label_free).outcome == "holds"


@pytest.mark.parametrize(("measure", "against"), [PLAIN, RISE, (A, 22.0), (A, 22)])
def test_the_noise_floor_bounds_no_other_metric_no_curve_and_no_distance_from_a_number(
    measure: Value | Curve, against: Value | Curve | float
) -> None:
    """It is of differences between two scores."""
    lower = Check(says="lower", measure=measure, expect="lower", against=against)
    item = judged(lower, 2.0, 2.0, floor=5.0)
    assert -5 < item.difference < 0
    assert item.outcome == "holds"


def test_a_run_that_ended_inside_the_window_of_a_curve_has_no_number_there() -> None:
    found = {"s/a": {0: run(0, about(1.0)), 1: run(1, about(1.0), status="diverged", last_step=60)}}
    means = {stop: values(Curve(of="s/a", curve="g_loss", stop=stop), found) for stop in (0.5, 0.6, 0.61, 1.0)}
    assert {stop: set(mean) for stop, mean in means.items()} == {0.5: {0, 1}, 0.6: {0, 1}, 0.61: {0}, 1.0: {0}}
    assert means[0.6] == pytest.approx({0: 0.295, 1: 0.295})
