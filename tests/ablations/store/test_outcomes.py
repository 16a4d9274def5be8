"""How a run counts: as it ended, unless what it drew says that it collapsed."""

from __future__ import annotations

import dataclasses

import pytest

from ablations.store import StoredStudy
from ablations.store.outcomes import outcome, outcome_at, statuses
from ablations.store.result import Result
from reports.analysis.findings import find
from tests.reports.factories import quick_study, stored

RESULTS = stored(quick_study(seeds=6), statuses={("sgd", 1): "diverged"}).results


def drawing(result: Result, **metrics: float) -> Result:
    evaluations = tuple(dataclasses.replace(item, metrics={**item.metrics, **metrics}) for item in result.evaluations)
    return dataclasses.replace(result, evaluations=evaluations)


def test_a_run_is_what_it_was_unless_it_draws_nothing() -> None:
    assert outcome(RESULTS[0]).status == "finished"
    nothing = outcome(drawing(RESULTS[0], readable=0.02))
    assert (nothing.status, nothing.reason) == ("collapsed", "2% of the images are readable, fewer than 10%")
    one = outcome(drawing(RESULTS[0], mode_count_10k=1.0))
    assert (one.status, one.reason) == ("collapsed", "1 of 10 classes are drawn, no more than 2")


def test_a_run_that_diverged_stays_diverged() -> None:
    lost = next(item for item in RESULTS if item.status == "diverged")
    assert outcome(drawing(lost, readable=0.0)).status == "diverged"
    assert outcome_at({"readable": 0.0}).status == "collapsed"
    assert statuses(RESULTS)["sgd"] == {0: "finished", 1: "diverged", **dict.fromkeys(range(2, 6), "finished")}


def with_collapses(variant: str, seeds: set[int]) -> StoredStudy:
    material = stored(quick_study(seeds=8))
    results = tuple(
        drawing(item, mode_count_10k=1.0, balanced_frechet_10k=1e6)
        if item.run.variant.name == variant and item.run.seed in seeds
        else item
        for item in material.results
    )
    return dataclasses.replace(material, results=results)


def test_collapsed_runs_are_counted_and_never_averaged() -> None:
    found = find(with_collapses("mse", {2, 5}))
    item = next(one for one in found.comparisons if one.contrast.treatment == "mse")
    assert item.treatment_counts == {"finished": 6, "collapsed": 2}
    assert abs(item.effect) < 1_000
    assert found.spreads["mse"].mean < 1_000
    (failures,) = found.failures
    assert (failures.variant, failures.failed, failures.total) == ("mse", 2, 8)
    assert failures.reasons == ("collapsed: 1 of 10 classes are drawn, no more than 2 (2\N{MULTIPLICATION SIGN})",)
    assert set(found.runs[found.runs.status == "collapsed"].seed) == {2, 5}


def test_a_variant_that_always_collapses_is_worse_by_how_its_runs_end() -> None:
    found = find(with_collapses("mse", set(range(8))))
    item = next(one for one in found.comparisons if one.contrast.treatment == "mse")
    assert (item.verdict, item.rests_on) == ("worse", "statuses")
    assert item.p_statuses == pytest.approx(7 * 2 * 1 / 6435 * 1, rel=1e-3)
