"""What the change of the score did to a verdict, in words that follow from the numbers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from reports.analysis.agreement import Measures
from reports.analysis.findings import find
from reports.analysis.old_and_new import Both, Deviations, deviations, mean_ratio, seed_deviations
from tests.reports.analysis.answered import ASKED, answered
from tests.reports.factories import quick_study, stored


def reasons(**moved: float) -> tuple[str, str, str]:
    answer = answered(**moved)  # type: ignore[arg-type]
    old = answer.splits[0].whole
    assert old is not None
    both = Both(contrast=ASKED[0], old=old, new=answer)
    return old.verdict, answer.main.verdict, "; ".join(both.reasons())


def test_what_was_all_class_shares_is_called_so() -> None:
    old, new, said = reasons(shares=-20.0)
    assert (old, new) == ("better", "equivalent")
    share, rest = said.split("% ")
    assert int(share) == pytest.approx(100, abs=3)
    assert rest == "of the old difference was class shares; of the images alone: equivalent"


def test_shares_that_hid_the_images() -> None:
    old, new, said = reasons(images=-3.0, shares=3.0)
    assert old not in ("better", "worse")
    assert new == "depends on the score"
    assert "class shares, which differ the other way and vary from seed to seed, hid it" in said


def test_opposite_directions() -> None:
    old, _, said = reasons(images=3.0, shares=-20.0)
    assert old == "better"
    assert "the images differ one way and the class shares, by more, the other way" in said


def test_features_that_do_not_bear_it_out() -> None:
    old, new, said = reasons(images=-3.0, other=0.0)
    assert (old, new) == ("better", "depends on the score")
    assert said == "the label-free features do not bear it out: equivalent"


def test_the_same_verdict_says_what_part_was_class_shares() -> None:
    old, new, said = reasons(images=-5.0, shares=-5.0)
    assert old == new == "better"
    share = int(said.removeprefix("the same; ").split("%")[0])
    assert share == pytest.approx(50, abs=3)
    assert reasons()[2] == ""


def test_deviations_are_of_the_seeds_that_have_a_score() -> None:
    old = {"a": {0: 1.0, 1: 3.0, 2: math.inf}, "b": {0: 1.0}, "c": {0: math.inf, 1: math.inf}}
    new = {"a": {0: 2.0, 1: 3.0, 2: math.inf}, "b": {0: 1.0}, "c": {0: math.inf, 1: math.inf}}
    (found,) = deviations(old, new)
    assert (found.variant, found.seeds) == ("a", 2)
    assert found.old == pytest.approx(2**0.5)
    assert found.new == pytest.approx(0.5**0.5)


def test_the_mean_of_ratios_is_geometric() -> None:
    pairs = [Deviations(variant=name, seeds=2, old=old, new=new) for name, old, new in (("a", 1, 4), ("b", 2, 2))]
    assert mean_ratio(pairs) == pytest.approx(2)
    assert mean_ratio([*pairs, Deviations(variant="c", seeds=2, old=0, new=0)]) == pytest.approx(2)
    assert math.isnan(mean_ratio([]))


def test_a_study_with_one_score_alone_has_no_such_deviations() -> None:
    found = find(stored(quick_study()))
    assert [item.variant for item in seed_deviations(found)] == [item.name for item in found.study.variants]
    assert not seed_deviations(replace(found, metric="frechet_10k", measures=Measures.of(["frechet_10k"])))
