"""What the tests of claims measure: numbers of runs, and how runs count that have none."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from ablations.config.claim import Check, Curve, Value
from ablations.store.result import Result, Status
from reports.analysis.claim_answers import answer
from reports.analysis.claim_measures import ended, values
from tests.reports.analysis.made_claims import LOWER, SEEDS, claim, noise, run, runs


def test_what_a_measure_reads() -> None:
    made = {"s/a": {3: run(3, 10.0, metrics={"label_accuracy": 0.5})}, "s/b": {3: run(3, 10.0, seconds=5.0)}}
    metrics = {f"label_accuracy_{n}": n / 10 for n in range(10)}
    made["s/c"] = {3: run(3, 10.0, metrics=metrics)}
    expected: Mapping[Value | Curve, float] = {
        Value(of="s/a"): 10.0,
        Value(of="s/a", step=50): 15.0,
        Value(of="s/a", step=0, scale=0.5): 10.0,
        Value(of="s/a", metric="label_accuracy"): 0.5,
        Value(of="s/a", same_seconds="s/b"): 15.0,  # 5 of its 10 seconds
        Value(of="s/b", same_seconds="s/a"): 10.0,  # its own end
        Value(of="s/c", metric="worst_label_accuracy"): 0.0,
        Curve(of="s/a", curve="d_loss", start=0.5): 0.745,
        Curve(of="s/a", curve="g_loss", stop=0.1): 0.045,
    }
    for measure, value in expected.items():
        assert values(measure, made)[3] == pytest.approx(value, abs=1e-6), measure
    assert values(Value(of="s/a", metric="coverage"), made) == {}


def test_a_run_without_a_score_counts_by_how_it_ended_and_is_not_dropped() -> None:
    lost = {"s/a": {seed: run(seed, 1.0, "diverged") for seed in range(SEEDS)}}
    lost |= runs(b=lambda s: 20 + noise(s))
    assert values(Value(of="s/a"), lost) == {}
    assert set(ended(Value(of="s/a"), lost).values()) == {"diverged"}
    assert answer([claim(LOWER)], lost)[0].answer == "refuted"
    assert values(Curve(of="s/a", curve="g_loss"), lost) != {}
    interrupted = {"s/a": {0: run(0, 1.0, "interrupted")}}
    assert ended(Value(of="s/a"), interrupted) == {}


def test_a_run_that_diverged_draws_nothing_and_is_no_gap_among_the_counts_either() -> None:
    """It is the likeliest to end where a network is too strong, and the claim is of what is drawn then."""
    lost = {"s/a": {seed: run(seed, 1.0, "diverged", metrics={"mode_count": 10.0}) for seed in range(SEEDS)}}
    assert values(Value(of="s/a", metric="mode_count"), lost) == dict.fromkeys(range(SEEDS), 0.0)
    assert values(Value(of="s/a", metric="worst_label_accuracy"), lost)[0] == 0.0
    assert values(Value(of="s/a", metric="mode_count", step=50), lost)[0] == 10.0, "there it had not diverged yet"
    assert values(Value(of="s/a", metric="memorization"), lost) == {}, "which is no better for being higher"
    assert values(Value(of="s/a", metric="own"), lost) == {}
    interrupted = {"s/a": {0: run(0, 1.0, "interrupted", metrics={"mode_count": 10.0})}}
    assert values(Value(of="s/a", metric="mode_count"), interrupted) == {}
    fewer = Check(says="fewer", measure=Value(of="s/a", metric="mode_count"), expect="lower", against=9.0)
    assert answer([claim(fewer)], lost)[0].answer == "confirmed"


def test_a_score_counts_by_what_can_be_read_at_its_own_step() -> None:
    """Not by the run's end: where nothing can be read there is no score, before the end as at the end."""

    def at(seed: int, *readable: float, status: Status = "finished") -> Result:
        made = run(seed, 10.0 + noise(seed), status)
        own = zip(made.evaluations, readable, strict=True)
        changed = tuple(dataclasses.replace(e, metrics={**e.metrics, "readable": share}) for e, share in own)
        return dataclasses.replace(made, evaluations=changed)

    late = {"s/a": {seed: at(seed, 0.0, 0.0, 1.0) for seed in range(SEEDS)}}
    start, middle, end = (Value(of="s/a", step=step) for step in (0, 50, None))
    assert values(middle, late) == {}
    assert set(ended(middle, late).values()) == {"collapsed"}
    assert len(values(end, late)) == SEEDS
    assert ended(end, late) == {}
    between = Check(says="noise falls", measure=middle, expect="lower", against=start)
    assert answer([claim(between)], late)[0].answer == "not shown", "at neither step there is a score"
    whole = Check(says="falls", measure=end, expect="lower", against=start)
    assert answer([claim(whole)], late)[0].answer == "confirmed", "at the start no run has a score, at the end all"
    same = dataclasses.replace(whole, says="stays", expect="equal")
    assert answer([claim(same)], late)[0].answer == "refuted"

    early = {"s/a": {seed: at(seed, 1.0, 1.0, 0.0) for seed in range(SEEDS)}}
    assert len(values(middle, early)) == SEEDS, "what collapsed later had a score here"
    assert values(end, early) == {}
