"""What results say of their scores."""

import math

from reports.analysis import scored
from tests.reports.factories import quick_study, stored

STORED = stored(quick_study(), statuses={("sgd", 1): "diverged", ("sgd", 2): "interrupted", ("sgd", 3): "failed"})


def test_the_score_is_the_frechet_distance_whatever_its_size() -> None:
    assert scored.primary_metric(STORED.results) == "balanced_frechet_10k"
    assert scored.primary_metric(()) == "balanced_frechet_10k"


def test_runs_without_a_score_rank_worst_and_interrupted_ones_are_missing() -> None:
    scores = scored.scores(STORED.results, "balanced_frechet_10k")
    assert [seed for seed, score in scores["sgd"].items() if math.isinf(score)] == [1, 3]
    assert 2 not in scores["sgd"]
    assert set(scores["cnn"]) == {0, 1, 2, 3, 4}


def test_a_score_before_the_end_is_no_final_score() -> None:
    diverged = next(r for r in STORED.results if r.status == "diverged")
    assert diverged.scores["balanced_frechet_10k"] > 0
    assert math.isnan(scored.score_of(diverged, "balanced_frechet_10k"))
