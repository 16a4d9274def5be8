import math

import numpy as np
import pytest

from ablations.config import Contrast
from reports import words
from reports.analysis.paired import Interval
from reports.analysis.statistics import Comparison, Rules, compare
from reports.analysis.variance import Components

REFERENCE = [500.0, 510, 490, 505, 495]


def judged(treatment: list[float], rules: Rules | None = None) -> Comparison:
    contrast = Contrast(axis="optimizer", question="Adam instead of SGD", treatment="adam", reference="sgd")
    scores = {"adam": dict(enumerate(treatment)), "sgd": dict(enumerate(REFERENCE))}
    return compare(scores, [contrast], rules)[0]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.01234, "0.0123"), (12.34, "12.3"), (1234.5, "1,234"), (-3.0, "\N{MINUS SIGN}3.00"), (9.999, "10.00")],
)
def test_numbers_have_three_digits(value: float, text: str) -> None:
    assert words.number(value) == text


def test_numbers_that_are_none() -> None:
    assert words.number(math.nan) == "\N{EN DASH}"
    assert words.number(math.inf) == "\N{INFINITY}"


def test_an_effect_in_words() -> None:
    item = judged([190.0, 200, 180, 195, 185])
    assert item.verdict == "better"
    assert words.effect(item, "frechet_10k") == "frechet_10k lower by 310 [310, 310] (\N{MINUS SIGN}62%)"
    assert words.effect(judged([x + 50 + i for i, x in enumerate(REFERENCE)]), "f").startswith(
        "f higher by 52.0 [50.0, "
    )


def test_an_effect_that_is_not_shown_keeps_its_sign() -> None:
    item = judged([400.0, 650, 420, 600, 500])
    assert item.verdict == "no difference shown"
    assert words.effect(item, "frechet_10k").startswith("frechet_10k differs by +14.0 [")


def test_the_seeds_needed_are_for_the_difference_that_was_named() -> None:
    scattered, steady = [400.0, 650, 420, 600, 500], [501.0, 511, 492, 506, 494]
    item = judged(scattered)
    assert item.seeds_needed is not None
    more = item.seeds_needed - 5
    assert words.needed(item, Rules()) == (
        f"a difference of 10% of the reference takes {item.seeds_needed} seeds ({more} more)"
    )
    rules = Rules().for_difference("40")
    assert words.needed(judged(steady, rules), rules) == "a difference of 40.0 takes 2 seeds"
    tiny = Rules().for_difference("0.001%")
    assert words.needed(judged(scattered, tiny), tiny) == (
        "a difference of 0.001% of the reference takes more than 10,000 seeds"
    )
    assert words.needed(judged([400.0]), Rules()) == ""


def test_runs_without_a_score_are_named() -> None:
    assert "2 of 5 runs ended without a score" in words.caveat(judged([190.0, math.inf, 180, math.inf, 185]), Rules())
    assert words.effect(judged([math.inf] * 5), "f") == "f: no pair of seeds has a score on both sides"


def test_the_evidence_states_the_least_possible_rank_p() -> None:
    assert words.evidence(judged([190.0, 201, 180, 195, 185])) == (
        "better in 5 of 5 paired seeds; Holm p < 0.001; Wilcoxon p 0.0625 (least possible 0.0625)"
    )


def test_durations_and_ranks() -> None:
    assert [words.duration(s) for s in (0.45, 75, 3_700, math.nan)] == [
        "0.45 s", "1 min 15 s", "1 h 01 min", "\N{EN DASH}"
    ]  # fmt: skip
    assert [words.ordinal(n) for n in (1, 2, 3, 4, 11, 22)] == ["1st", "2nd", "3rd", "4th", "11th", "22nd"]


def test_the_tally_counts_every_question_once() -> None:
    items = [judged(list(np.array(REFERENCE) * scale)) for scale in (0.5, 0.6, 2.0)]
    assert words.tally(items) == "2 better, 1 worse"


def test_shares_tell_almost_all_from_all() -> None:
    given = (0.0, 0.0004, 0.034, 0.5, 0.934, 0.9996, 1.0, math.nan)
    assert [words.share(part) for part in given] == [
        "0%", "< 0.1%", "3.4%", "50%", "93.4%", "> 99.9%", "100%", "\N{EN DASH}"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("share", "advice"), [(0.99, "only more seeds"), (0.7, "a little"), (0.1, "more samples before")]
)
def test_what_the_variance_is_made_of_says_what_would_help(share: float, advice: str) -> None:
    unknown = Interval(math.nan, math.nan, "none")
    part = Components(
        seeds=5, parts=5, seed=share, samples=1 - share, real=9, seed_by_real=0, rest=0, seed_interval=unknown
    )
    assert advice in words.scatter([part])
    assert words.scatter([]) == ""
