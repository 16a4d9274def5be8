"""What stands in words beside a verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ablations.config import Contrast
from reports.analysis.comparison import Comparison
from reports.analysis.decisions import Verdict
from reports.analysis.sentences import pairing_in_words, power_in_words, statuses_in_words

ITEM = Comparison(
    contrast=Contrast(axis="a", question="q", treatment="relu", reference="baseline"),
    treatment_counts={"finished": 20},
    reference_counts={"finished": 20},
    treatment_scores=20,
    reference_scores=20,
    seeds=tuple(range(20)),
    differences=(),
    wins=11.0,
    reference_mean=20.0,
    effect=-0.5,
    detectable=5.0,
    margin=2.0,
    seeds_for_margin=71,
    pairing_saved=0.3,
    p_statuses=0.004,
    verdict="no difference shown",
)


def test_what_was_not_found_is_told_with_what_would_have_been() -> None:
    assert power_in_words(ITEM) == (
        "This study would have found a difference of 5.00 (25% of the reference's score) in 80% of cases. "
        "To find a difference of 2.00, the least that matters, takes 51 more seeds."
    )


@pytest.mark.parametrize(
    ("item", "end"),
    [
        (replace(ITEM, seeds_for_margin=21), "takes 1 more seed."),
        (
            replace(ITEM, seeds_for_margin=12),
            "It had the seeds to find a difference of 2.00, the least that matters, as well.",
        ),
        (replace(ITEM, seeds_for_margin=None), "it would take more than 10,000 seeds."),
        (replace(ITEM, margin=0.0), "in 80% of cases."),
    ],
)
def test_the_end_of_the_sentence(item: Comparison, end: str) -> None:
    assert power_in_words(item).endswith(end)


@pytest.mark.parametrize(
    ("minutes", "end"), [(2.0, "about 102 minutes."), (10.0, "about 8 hours."), (0.01, "a minute.")]
)
def test_seeds_cost_time(minutes: float, end: str) -> None:
    assert power_in_words(ITEM, minutes_per_seed=minutes).endswith(end)


@pytest.mark.parametrize("verdict", ["better", "worse", "equivalent", "too few scores"])
def test_an_answer_needs_no_excuse(verdict: Verdict) -> None:
    assert power_in_words(replace(ITEM, verdict=verdict)) == ""


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        (0.3, "Comparing seed by seed saved 30% of the seeds that intervals of this width take otherwise."),
        (-0.2, "Comparing seed by seed made intervals of this width take 20% more seeds."),
        (-0.012, "Comparing seed by seed neither saved nor cost seeds."),
        (float("nan"), ""),
    ],
)
def test_pairing(saved: float, words: str) -> None:
    assert pairing_in_words([replace(ITEM, pairing_saved=saved)]) == words


def test_the_median_contrast_speaks_for_the_study() -> None:
    items = [replace(ITEM, pairing_saved=saved) for saved in (0.0, 0.1, 0.9, float("nan"))]
    assert pairing_in_words(items).startswith("Comparing seed by seed saved 10% of the seeds")


def test_runs_that_ended_otherwise_are_told() -> None:
    assert statuses_in_words(ITEM) == ""
    ended = replace(ITEM, treatment_counts={"finished": 11, "collapsed": 8, "diverged": 1}, treatment_scores=11)
    assert statuses_in_words(ended) == (
        "The score is of the finished runs alone "
        "(relu: 8 collapsed, 1 diverged of 20; baseline: none of 20; p = 0.004)."
    )
    assert statuses_in_words(replace(ended, rests_on="statuses")) == (
        "The verdict rests on how runs ended (relu: 8 collapsed, 1 diverged of 20; baseline: none of 20; p = 0.004)."
    )
