"""Scores of different scorers, data or numbers of samples are never put in one table."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ablations.config.errors import StoreError
from ablations.store.result import Result
from reports.analysis.comparable import check_comparable
from reports.analysis.findings import find
from tests.ablations.factories import SCORER
from tests.reports.factories import quick_study, stored

STORED = stored(quick_study(seeds=2))


def altered(result: Result, *, scorer: str = SCORER, **run: Any) -> Result:
    return dataclasses.replace(result, scorer=scorer, run=dataclasses.replace(result.run, **run))


def with_metrics(result: Result, metrics: dict[str, float]) -> Result:
    evaluations = tuple(dataclasses.replace(item, metrics=metrics) for item in result.evaluations)
    return dataclasses.replace(result, evaluations=evaluations)


def test_results_of_one_scorer_are_no_problem() -> None:
    check_comparable("quick", STORED.results)
    check_comparable("quick", [])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scorer": "e" * 16}, ["scorers", "c" * 16, "e" * 16, "ablations rescore quick"]),
        ({"data_digest": "e" * 64, "dataset": "digits"}, ["data", "mnist", "digits", "d" * 64, "e" * 64]),
    ],
)
def test_another_digest_is_refused_with_both(change: dict[str, str], words: list[str]) -> None:
    first, *others = STORED.results
    with pytest.raises(StoreError) as refusal:
        find(dataclasses.replace(STORED, results=(altered(first, **change), *others)))
    for word in [*words, "1 run,", f"{len(others)} runs", "baseline seed 0", "--store"]:
        assert word in str(refusal.value)


def test_runs_that_the_scorer_has_not_scored_are_refused_with_the_way_out() -> None:
    first, second, *others = STORED.results
    bare = [with_metrics(dataclasses.replace(item, scorer=""), {"d_real_test": 0.5}) for item in (first, second)]
    with pytest.raises(StoreError, match=f"2 runs, such as baseline seed 0.*{SCORER}.*ablations rescore quick"):
        find(dataclasses.replace(STORED, results=(*bare, *others)))
    failed = dataclasses.replace(bare[0], status="failed")
    find(dataclasses.replace(STORED, results=(failed, second, *others)))


def test_another_number_of_samples_is_refused_with_both() -> None:
    first, *others = STORED.results
    with pytest.raises(StoreError, match=r"10k \(.*; 2k \("):
        check_comparable("quick", [with_metrics(first, {"frechet_2k": 1.0, "frechet_inf": 1.0}), *others])


def test_a_run_without_a_score_goes_with_any() -> None:
    first, *others = STORED.results
    unscored = dataclasses.replace(altered(first, scorer="e" * 16), evaluations=(), status="failed")
    check_comparable("quick", [unscored, *others])


def test_the_full_tier_of_some_evaluations_is_no_other_protocol() -> None:
    first, *others = STORED.results
    full = with_metrics(first, {"frechet_10k": 1.0, "frechet_inf": 0.9, "frechet_inf_low": 0.8})
    check_comparable("quick", [full, *others])
