"""The sceptic's views, on made-up runs in which a known view turns a known answer, and on some in which none does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ablations.catalog.claims import CLAIMS
from ablations.config.claim import Check, Claim, Curve, Value
from ablations.store.result import Result
from reports.analysis.claim_answers import answer
from reports.analysis.decision_rules import Rules
from reports.analysis.sceptic import VIEWS, Doubted, View, at_share, doubt, of_the_end
from tests.reports.made_up_runs import Score, about, noise, run, runs

NAMES = tuple(view.name for view in VIEWS)
LOW, HIGH = about(10.0, 1), about(20.0, 2)
LOWER = Check(says="a below b", measure=Value(of="s/a"), expect="lower", against=Value(of="s/b"))


def claim(*tests: Check, **facts: Any) -> Claim:
    return Claim(name="S9-x", text="x", tests=tests, **facts)


def doubted(found: Mapping[str, Mapping[int, Result]], *claims: Claim, rules: Rules | None = None) -> Doubted:
    rules = rules or Rules()
    return doubt(answer(claims or [claim(LOWER)], found, rules), found, rules)[0]


def said(item: Doubted) -> dict[str, str]:
    return {name: cell.said for name, cell in item.cells.items()}


def changes(item: Doubted) -> dict[str, str]:
    return {name: cell.change for name, cell in item.cells.items() if cell.change != "same"}


def test_where_all_scores_steps_and_seeds_say_the_same_no_view_changes_the_answer() -> None:
    item = doubted(runs(24, a={"reader": LOW}, b={"reader": HIGH}))
    assert item.said == "confirmed"
    assert said(item) == dict.fromkeys(NAMES, "confirmed")
    assert (item.changed, changes(item)) == (False, {})
    assert {(cell.kept, cell.of) for cell in item.cells.values()} == {(1, 1)}


def test_label_free_features_that_say_the_opposite_turn_their_own_view() -> None:
    found = runs(24, a={"reader": LOW, "label_free": HIGH}, b={"reader": HIGH, "label_free": LOW})
    item = doubted(found)
    assert item.said == "not shown"  # both kinds must agree
    assert said(item)["reader alone"] == "confirmed"
    assert said(item)["label-free alone"] == "refuted"
    assert set(changes(item)) == {"reader alone", "label-free alone"}


def test_class_shares_that_hide_the_images_turn_the_view_of_the_plain_distance() -> None:
    item = doubted(runs(24, a={"reader": LOW, "plain": HIGH}, b={"reader": HIGH, "plain": LOW}))
    assert (item.said, said(item)["plain distance"]) == ("confirmed", "refuted")
    assert changes(item) == {"plain distance": "turned"}
    cell = item.cells["plain distance"]
    assert (cell.kept, cell.of) == (0, 1)


def early(first: float, last: float, salt: int) -> Score:
    return lambda seed, step: (last if step == 100 else first) + noise(seed, step, salt)


def test_an_answer_that_was_another_at_half_time_changes_there_alone() -> None:
    item = doubted(runs(24, a={"reader": early(20, 10, 1)}, b={"reader": early(10, 20, 2)}))
    assert changes(item) == {"half length": "turned"}
    assert said(item)["half length"] == "refuted"


def test_an_answer_of_one_half_of_the_seeds_changes_in_the_other() -> None:
    def by_parity(even: float, odd: float, salt: int) -> Score:
        return lambda seed, step: (odd if seed % 2 else even) + noise(seed, step, salt)

    item = doubted(runs(24, a={"reader": by_parity(10, 20, 1)}, b={"reader": by_parity(20, 10, 2)}))
    assert item.said == "not shown"
    assert changes(item) == {"even seeds": "changed", "odd seeds": "changed"}
    assert (said(item)["even seeds"], said(item)["odd seeds"]) == ("confirmed", "refuted")


def test_a_view_that_a_claim_cannot_have_says_so() -> None:
    found = runs(8, a={"reader": LOW}, b={"reader": HIGH})
    curve = Check(says="above", measure=Curve(of="s/a", curve="g_loss"), expect="higher", against=0.1)
    item = doubted(found, claim(curve))
    absent = {name: cell.said for name, cell in item.cells.items() if cell.change == "none"}
    assert absent == {
        "reader alone": "no score in its tests",
        "label-free alone": "no score in its tests",
        "plain distance": "no score in its tests",
        "half length": "no test of the end",
        "even seeds": "too few scores",
        "odd seeds": "too few scores",
    }
    assert not item.changed
    nothing = doubted({}, claim(LOWER))
    assert set(said(nothing).values()) == {"no answer to change"}


def test_without_a_score_of_the_other_kind_its_view_says_what_is_missing() -> None:
    found = runs(24, a={"reader": LOW}, b={"reader": HIGH})
    for own in found.values():
        for item in own.values():
            for evaluation in item.evaluations:
                for name in [name for name in evaluation.metrics if name.startswith("contrastive")]:
                    del evaluation.metrics[name]  # type: ignore[attr-defined]
    cell = doubted(found).cells["label-free alone"]
    assert cell.change == "none"
    assert "no finished run of s/a has this score" in cell.said


def test_a_question_changes_where_what_its_tests_say_does() -> None:
    found = runs(24, a={"reader": LOW, "plain": HIGH}, b={"reader": HIGH, "plain": LOW})
    item = doubted(found, claim(LOWER, kind="question"))
    assert (item.item.answer, item.said) == ("described", "1 true")
    assert changes(item) == {"plain distance": "changed"}
    assert said(item)["plain distance"] == "1 the contrary"


def test_a_view_of_nothing_else_is_the_answer_itself() -> None:
    """The views go through the code of the answers: with the same inputs every number is the same."""
    found = runs(12, a={"reader": about(10.0, 1)}, b={"reader": about(10.4, 2)})
    first = answer([claim(LOWER)], found, Rules(noise_floor=0.1))
    plain = View(name="same", says="")
    (item,) = doubt(first, found, Rules(noise_floor=0.1), [plain])
    assert (item.cells["same"].change, item.cells["same"].said) == ("same", first[0].answer)
    assert answer([claim(LOWER)], found, Rules(noise_floor=0.1), scores=plain.scores) == first


@pytest.mark.parametrize(("reader", "label_free", "expected"), [(10.0, 2.0, "confirmed"), (2.0, 10.0, "not shown")])
def test_the_noise_floor_is_that_of_the_score_and_a_view_of_another_has_none(
    reader: float, label_free: float, expected: str
) -> None:
    found = runs(
        24,
        a={"reader": about(20.0, 1), "label_free": about(20.0, 2)},
        b={"reader": about(20.0 + reader, 3), "label_free": about(20.0 + label_free, 4)},
    )
    item = doubted(found, rules=Rules(noise_floor=5.0))
    assert item.said == expected
    seen = said(item)
    assert {seen[name] for name in ("half length", "even seeds", "odd seeds")} == {expected}
    assert seen["label-free alone"] == "confirmed"


def test_half_the_training_is_read_as_if_it_had_ended_there() -> None:
    own = {
        0: run(0, LOW),
        1: run(1, LOW, status="diverged", last_step=60),
        2: run(2, LOW, status="failed", last_step=9),
    }
    half = at_share(own, 0.5)
    assert [half[seed].status for seed in own] == ["finished", "finished", "failed"]
    assert [half[seed].evaluations[-1].step for seed in own] == [50, 50, 0]
    assert [item.status for item in at_share(own, 0.9).values()] == ["finished", "diverged", "failed"]
    assert at_share({0: run(0, LOW)}, 0.25) == {}  # neither step 0 nor step 50 is near enough


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        (LOWER, True),
        (Check(says="f", measure=Value(of="s/a"), expect="lower", against=Value(of="s/a", step=0)), True),
        (Check(says="f", measure=Value(of="s/a"), expect="lower", against=Value(of="s/a", step=50)), False),
        (Check(says="f", measure=Value(of="s/a", step=50), expect="lower", against=3.0), False),
        (Check(says="f", measure=Value(of="s/a", metric="coverage"), expect="lower", against=3.0), True),
        (Check(says="f", measure=Curve(of="s/a", curve="g_loss"), expect="lower", against=3.0), False),
        (Check(says="f", measure=Value(of="s/a", same_seconds="s/b"), expect="lower", against=3.0), False),
    ],
)
def test_what_a_test_of_the_end_is(test: Check, expected: bool) -> None:
    assert of_the_end(test) is expected


def test_every_view_touches_a_claim_of_the_documents() -> None:
    tests = [test for item in CLAIMS for test in item.tests]
    for view in VIEWS:
        touched = [view.changes(test) for test in tests]
        assert any(touched), view.name
        assert view.parity is not None or not all(touched), view.name
