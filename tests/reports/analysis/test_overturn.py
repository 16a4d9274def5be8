"""What would turn an answer: the numbers that are named, held against answers of runs that were made to have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ablations.config.claim import Check, Claim, Value
from reports.analysis.claim_answers import Answered, answer
from reports.analysis.decision_rules import Rules
from reports.analysis.overturn import Move, move, overturn
from reports.pages.overturn_words import overturned_by
from tests.reports.made_up_runs import Score, about, run, runs

RULES = Rules()


def asked(one: str, expect: Any, other: str | float, says: str = "") -> Check:
    against = other if isinstance(other, float) else Value(of=f"s/{other}")
    return Check(says=says or f"{one} {expect} {other}", measure=Value(of=f"s/{one}"), expect=expect, against=against)


LOWER = asked("a", "lower", "b")


def answered(found: Any, *tests: Check, **facts: Any) -> Answered:
    return answer([Claim(name="S9-x", text="x", tests=tests or (LOWER,), **facts)], found)[0]


def pair(seeds: int, level: float, **a: Score) -> Any:
    return runs(seeds, a={"reader": about(level, 1), **a}, b={"reader": about(20.0, 2)})


def only_move(item: Answered) -> Move:
    found = overturn(item, len(item.tests), RULES)
    assert found is not None
    (made,) = found.moves
    return made


@pytest.mark.parametrize("level", [18.5, 16.0, 5.0])
def test_the_seeds_that_would_turn_a_confirmed_answer_do_turn_it(level: float) -> None:
    """As many seeds again whose mean difference is beyond the stated one leave it open, short of it not."""
    item = answered(pair(20, level))
    made = only_move(item)
    assert (item.answer, made.to) == ("confirmed", "not shown")
    assert made.gap == pytest.approx(-item.tests[0].interval.high)
    room = made.again - item.tests[0].difference

    def again(shift: float) -> str:
        both = pair(20, level)
        for seed in range(20):
            both["s/a"][20 + seed] = run(20 + seed, lambda q, t: about(level, 1)(q - 20, t) + shift)
            both["s/b"][20 + seed] = run(20 + seed, lambda q, t: about(20.0, 2)(q - 20, t))
        return answered(both).answer

    assert (again(0.85 * room), again(1.15 * room)) == ("confirmed", "not shown")


def test_so_many_more_seeds_of_the_same_kind_decide_an_open_test() -> None:
    made = only_move(answered(pair(10, 19.6)))
    assert made.more_seeds is not None

    def repeated(seeds: int) -> str:
        ours, theirs = about(19.6, 1), about(20.0, 2)
        found = runs(
            seeds,
            a={"reader": lambda seed, step: ours(seed % 10, step)},
            b={"reader": lambda seed, step: theirs(seed % 10, step)},
        )
        return answered(found).answer

    assert repeated(10 + made.more_seeds) == "confirmed"
    assert repeated(10 + made.more_seeds // 2) == "not shown"


def test_an_open_equality_needs_the_seeds_of_its_wider_side() -> None:
    """Its difference is below 0, but the long tail of its noise is above."""

    def skewed(seed: int, step: int) -> float:
        return 17.8 + 0.4 * float(np.random.default_rng([seed % 10, 7]).lognormal(0.0, 1.2))

    def found(seeds: int) -> Any:
        return runs(seeds, a={"reader": skewed}, b={"reader": lambda seed, step: 20.0})

    item = answered(found(10), asked("a", "equal", "b"))
    comparison = item.tests[0].comparison
    assert comparison is not None
    assert item.answer == "not shown"
    assert comparison.effect < 0 < comparison.margin < comparison.interval.high
    made = only_move(item)
    assert made.to == "holds"
    assert made.limit == pytest.approx(comparison.margin)
    assert made.gap == pytest.approx(comparison.interval.high - comparison.margin)
    assert made.more_seeds is not None
    answers = [
        answered(found(10 + more), asked("a", "equal", "b")).answer for more in (made.more_seeds // 2, made.more_seeds)
    ]
    assert answers == ["not shown", "confirmed"]


def test_the_kind_of_features_that_lies_nearer_to_its_limit_is_named() -> None:
    item = answered(pair(20, 10.0, label_free=about(18.5, 1)))
    made = only_move(item)
    assert item.answer == "confirmed"
    assert made.by_other
    assert made.gap == pytest.approx(-item.tests[0].other.interval.high)  # type: ignore[union-attr]
    assert "by the label-free features, its interval ends" in overturned_by(item, 1, RULES)


def test_kinds_that_point_to_different_sides_are_decided_by_no_number_of_seeds() -> None:
    item = answered(pair(20, 19.9, label_free=about(20.3, 5)))
    assert item.answer == "not shown"
    assert overturn(item, 1, RULES) is None
    assert "would turn this answer" in overturned_by(item, 1, RULES)


def test_the_nearest_of_several_tests_is_named_and_the_others_are_counted() -> None:
    found = runs(
        20, a={"reader": about(10.0, 1)}, b={"reader": about(20.0, 2)}, c={"reader": about(18.0, 3)},
    )  # fmt: skip
    item = answered(found, LOWER, asked("c", "lower", "b", "the near one"), asked("a", "lower", "c"))
    turned = overturn(item, 3, RULES)
    assert turned is not None
    assert (turned.to, [made.one.test.says for made in turned.moves], turned.others) == (
        "not shown",
        ["the near one"],
        2,
    )


def test_where_no_single_test_turns_it_all_that_are_needed_are_named() -> None:
    found = runs(20, a={"reader": about(10.0, 1)}, b={"reader": about(20.0, 2)}, c={"reader": about(18.0, 3)})
    contrary = [asked("b", "lower", "c"), asked("b", "lower", "a"), asked("c", "lower", "a")]
    both = [LOWER, asked("a", "lower", "c")]
    item = answered(found, *both, *contrary)
    turned = overturn(item, 5, RULES)
    assert item.answer == "depends"
    assert turned is not None
    assert {made.one.test for made in turned.moves} == {*both}
    assert overturned_by(item, 5, RULES).startswith("It would become “not shown” only if these change together:")


def test_an_equality_is_held_against_its_margin() -> None:
    item = answered(pair(20, 20.4), asked("a", "equal", "b"))
    made = only_move(item)
    comparison = item.tests[0].comparison
    assert comparison is not None
    assert item.answer == "confirmed"
    assert made.limit == pytest.approx(comparison.margin)
    assert made.gap == pytest.approx(comparison.margin - comparison.interval.high)
    far = answered(pair(20, 30.0), asked("a", "equal", "b"))
    assert (far.answer, only_move(far).limit > 0) == ("refuted", True)


def test_of_runs_without_a_score_it_is_the_number_of_runs_that_would_turn_it() -> None:
    def ending(lost: int) -> Answered:
        found = pair(20, 20.0)
        found["s/a"] = {s: run(s, about(20.0, 1), status="diverged" if s < lost else "finished") for s in range(20)}
        return answered(found)

    item = ending(19)
    made = only_move(item)
    assert (item.answer, item.tests[0].comparison.rests_on) == ("refuted", "statuses")  # type: ignore[union-attr]
    assert ending(19 - made.runs).answer == "not shown"
    assert ending(19 - made.runs + 1).answer == "refuted"


@pytest.mark.parametrize(("seeds", "answer"), [(5, "not shown"), (6, "not shown"), (7, "confirmed"), (20, "confirmed")])
def test_the_same_runs_at_two_steps_are_compared_in_pairs(seeds: int, answer: str) -> None:
    """At the first none of them has a score, at the last all have. With an error of 5%, half of it for how runs end,
    seven pairs are the fewest of which a sign test can be sure; Fisher's, of twice as many runs, needs five.
    """
    later = Check(says="later", measure=Value(of="s/a"), expect="lower", against=Value(of="s/a", step=0))
    found = runs(seeds, a={"reader": about(20.0, 1), "readable": lambda seed, step: float(step > 0)})
    item = answered(found, later)
    [one] = item.tests
    assert one.comparison is not None
    assert one.comparison.same_runs
    assert item.answer == answer
    said = overturned_by(item, 1, RULES)
    if answer == "confirmed":
        made = only_move(item)
        assert seeds - made.runs == 6
    else:
        assert f"{7 - seeds} more seed" in said
        assert "of the same kind would show what the test states" in said


def test_what_says_nothing_has_nothing_to_turn() -> None:
    assert overturned_by(answered({}), 1, RULES) == ""
    few = answered(pair(3, 10.0))
    assert overturned_by(few, 1, RULES) == "Too few scores to say what would turn this answer."
    assert move(answered({}).tests[0], 1, RULES) is None
    question = answered(pair(20, 10.0), kind="question")
    assert overturned_by(question, 1, RULES).startswith("What is described would change first with “a lower b”")
