"""What stands beside the verdicts of a study."""

from __future__ import annotations

import dataclasses

import pytest

from reports.analysis.findings import find
from reports.pages.answers import minutes_a_seed, rows, seconds_a_seed
from tests.reports.factories import quick_study, stored


def test_one_more_seed_costs_its_own_minutes_and_its_share_of_the_references() -> None:
    """The baseline's, two of which come with each seed, serve both variants: 300 + 120 and 60 + 120 seconds."""
    study = quick_study(seeds=5, steps=100).restricted({"baseline", "mse", "batch_norm"})
    study = dataclasses.replace(study, reference_seeds=10, evaluations=1)
    made = stored(study, scores={"baseline": 180.0, "mse": 186.0, "batch_norm": 176.0})
    seconds = {"baseline": 120.0, "mse": 300.0, "batch_norm": 60.0}
    results = tuple(dataclasses.replace(item, train_seconds=seconds[item.run.variant.name]) for item in made.results)
    found = find(dataclasses.replace(made, results=results))
    costs = [minutes_a_seed(item, found, seconds_a_seed(found)) for item in found.comparisons]
    assert costs == [pytest.approx(7.0), pytest.approx(3.0)]
    for row, minutes in zip(rows(found), (7, 3), strict=True):
        more = row.answer.main.more_seeds
        assert more is not None
        assert f"{more} more seed" in row.power
        assert row.power.endswith(f", about {minutes * more} minutes.")
