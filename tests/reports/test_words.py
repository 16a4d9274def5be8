import math

import numpy as np
import pytest

from ablations.config import Contrast
from reports import words
from reports.analysis.agreement import Answer
from reports.analysis.comparison import NO_INTERVAL, Comparison
from reports.analysis.decision_rules import Rules
from reports.analysis.lengths import Course
from reports.analysis.variance import Components
from reports.analysis.verdicts import compare
from tests.reports.analysis.answered import answered

REFERENCE = [500.0, 510, 490, 505, 495]
SCATTERED = [400.0, 650, 420, 600, 500]


def judged(treatment: list[float], rules: Rules | None = None) -> Comparison:
    contrast = Contrast(axis="optimizer", question="Adam instead of SGD", treatment="adam", reference="sgd")
    scores = {"adam": dict(enumerate(treatment)), "sgd": dict(enumerate(REFERENCE))}
    return compare(scores, [contrast], rules)[0]


def caveat(item: Comparison, rules: Rules | None = None, course: Course | None = None) -> str:
    return words.caveat(Answer(main=item, splits=()), course, rules or Rules())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.01234, "0.0123"),
        (12.34, "12.3"),
        (1234.5, "1,234"),
        (-3.0, "\N{MINUS SIGN}3.00"),
        (9.999, "10.0"),
        (0.0099999, "0.0100"),
    ],
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
    assert words.effect(judged([x + 50 + i for i, x in enumerate(REFERENCE)]), "f").startswith("f higher by 52.0 [")


def test_an_effect_that_is_not_shown_keeps_its_sign() -> None:
    item = judged(SCATTERED)
    assert item.verdict == "no difference shown"
    assert words.effect(item, "frechet_10k").startswith("frechet_10k differs by +14.0 [")


def test_the_power_is_for_the_difference_that_was_named() -> None:
    item = judged(SCATTERED)
    assert item.more_seeds is not None
    assert f"takes {item.more_seeds} more seeds, about {item.more_seeds * 2} minutes" in words.power(item, Rules(), 2.0)
    tiny = Rules().for_difference("0.001%")
    assert "more than 10,000 seeds" in words.power(judged(SCATTERED, tiny), tiny)
    assert words.power(judged([190.0, 200, 180, 195, 185]), Rules()) == ""


def test_runs_without_a_score_are_named() -> None:
    assert "adam: 2 no score of 5; sgd: none of 5" in caveat(judged([190.0, math.inf, 180, math.inf, 185]))
    assert words.effect(judged([math.inf] * 5), "f") == "f: too few runs have a score on both sides"


def test_a_caveat_says_what_holds_a_verdict_back() -> None:
    assert caveat(judged(REFERENCE)) == "the whole difference lies within 10% of the reference"
    assert "4 scored seeds on one side, at least 5 are needed" in caveat(judged([190.0, 200, 180, 195]))
    floored = Rules(noise_floor=20, margin=0.01)
    assert caveat(judged(SCATTERED, floored), floored) == "no larger than the noise floor"
    assert caveat(judged([190.0, 200, 180, 195, 185])) == ""


def test_the_evidence_counts_pairs_and_seeds() -> None:
    assert words.evidence(judged([190.0, 201, 180, 195, 185])).startswith("lower in 5 of 5 seeds; p < 0.001")
    assert words.evidence(judged([190.0])) == "lower in 1 of 1 shared seed (1 and 5 scored)"


def test_a_split_adds_up_in_words() -> None:
    answer = answered(images=-5.0, shares=-3.0)
    assert all(part.startswith(("whole ", "images ")) for part in map(words.split, answer.splits))
    assert " = images \N{MINUS SIGN}4.95 [" in words.split(answer.splits[0])
    assert " + class shares \N{MINUS SIGN}2.92 [" in words.split(answer.splits[0])


def test_durations_and_ranks() -> None:
    assert [words.duration(s) for s in (0.45, 59.6, 75, 3_700, math.nan)] == [
        "0.45 s", "1 min 00 s", "1 min 15 s", "1 h 01 min", "\N{EN DASH}"
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
    part = Components(
        seeds=5, parts=5, seed=share, samples=1 - share, real=9, seed_by_real=0, rest=0, seed_interval=NO_INTERVAL
    )
    assert advice in words.scatter([part])
    assert words.scatter([]) == ""
