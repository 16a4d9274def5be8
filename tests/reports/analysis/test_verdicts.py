"""Verdicts of whole studies: what they say, and that intervals, p values and words never contradict each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower

from ablations.config import Contrast
from reports.analysis.comparison import Comparison
from reports.analysis.critical_values import LEVELS
from reports.analysis.decision_rules import Rules
from reports.analysis.power import detectable, power
from reports.analysis.verdicts import compare, measure, side

STATUSES = ("finished", "finished", "finished", "collapsed", "diverged", "interrupted")


def contrast(treatment: str = "t", reference: str = "r") -> Contrast:
    return Contrast(axis="a", question="q", treatment=treatment, reference=reference)


def judge(treatment: list[float], reference: list[float], rules: Rules | None = None) -> Comparison:
    return compare({"t": dict(enumerate(treatment)), "r": dict(enumerate(reference))}, [contrast()], rules)[0]


def noisy(seed: int, size: int, mean: float = 100.0, deviation: float = 1.0) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).normal(mean, deviation, size)]


def test_a_large_difference_is_found_in_both_directions() -> None:
    low, high = noisy(1, 12, 80), noisy(2, 12)
    better, worse = judge(low, high), judge(high, low)
    assert (better.verdict, worse.verdict) == ("better", "worse")
    assert better.matters
    assert worse.matters
    assert better.effect == pytest.approx(-worse.effect)
    assert (better.interval.low, better.interval.high) == pytest.approx((-worse.interval.high, -worse.interval.low))
    assert better.superiority == 1


def test_the_same_scores_are_equivalent() -> None:
    same = judge(noisy(1, 5), noisy(1, 5))
    assert same.verdict == "equivalent"
    assert (same.p_difference, same.p_equivalence) == (1, LEVELS[-1]), "never below what was tabulated"
    assert (same.interval.low, same.interval.high) == (0, 0)
    assert same.seeds_for_margin == 5


def test_little_noise_within_the_margin_is_equivalent_and_much_is_not() -> None:
    assert judge(noisy(1, 20), noisy(2, 20)).verdict == "equivalent"
    assert judge(noisy(1, 20), noisy(2, 20), Rules(difference=0.1)).verdict == "no difference shown"


def test_a_difference_below_the_noise_floor_is_never_called_one() -> None:
    low, high = noisy(1, 20, 99, 0.1), noisy(2, 20, 100, 0.1)
    assert judge(low, high, Rules(margin=0.001)).verdict == "better"
    floored = judge(low, high, Rules(margin=0.001, noise_floor=1.5))
    assert floored.verdict == "no difference shown"
    assert not floored.interval.excludes(0.0)
    assert floored.p_difference == 1


def test_four_seeds_are_too_few() -> None:
    few = judge(noisy(1, 4, 10), noisy(2, 4))
    assert few.verdict == "too few scores"
    assert math.isnan(few.interval.low)
    assert few.more_seeds is None


def test_contrasts_share_the_error() -> None:
    scores = {"t": dict(enumerate(noisy(1, 12, 99))), "r": dict(enumerate(noisy(2, 12)))}
    alone = compare(scores, [contrast()])[0]
    of_three = compare(scores, [contrast(), contrast("r", "t"), contrast()])[0]
    assert of_three.p_difference == pytest.approx(min(1, 3 * alone.p_difference))
    assert of_three.interval.low < alone.interval.low
    assert compare(scores, []) == ()


def test_runs_that_end_otherwise_are_counted_and_not_averaged() -> None:
    scores = {"t": dict(enumerate([*noisy(1, 12), 1e6, math.inf, math.nan])), "r": dict(enumerate(noisy(2, 15)))}
    found = compare(scores, [contrast()], statuses={"t": {12: "collapsed", 13: "diverged"}})[0]
    assert found.treatment_counts == {"finished": 12, "collapsed": 1, "diverged": 1, "no score": 1}
    assert found.reference_counts == {"finished": 15}
    assert abs(found.effect) < 2
    assert found.p_statuses == pytest.approx(2 * stats.fisher_exact(np.array([[12, 3], [15, 0]])).pvalue)


def test_interrupted_runs_are_missing() -> None:
    scores = {"t": dict(enumerate(noisy(1, 10))), "r": dict(enumerate(noisy(2, 10)))}
    found = compare(scores, [contrast()], statuses={"t": {3: "interrupted"}})[0]
    assert found.treatment_counts == {"finished": 9}
    assert found.seeds == (0, 1, 2, 4, 5, 6, 7, 8, 9)


def test_a_variant_whose_runs_all_collapse_is_worse_by_its_statuses() -> None:
    scores = {"t": dict(enumerate(noisy(1, 12, 1))), "r": dict(enumerate(noisy(2, 12)))}
    statuses = {"t": dict.fromkeys(range(12), "collapsed")}
    forth, back = compare(scores, [contrast(), contrast("r", "t")], statuses=statuses)
    assert (forth.verdict, back.verdict) == ("worse", "better")
    assert (forth.rests_on, back.rests_on) == ("statuses", "statuses")
    assert math.isnan(forth.effect)
    statuses["t"] = dict.fromkeys(range(10), "collapsed")
    assert compare(scores, [contrast()], statuses=statuses)[0].verdict == "worse"


def test_runs_that_end_in_different_shares_are_not_equivalent() -> None:
    scores = {"t": dict(enumerate(noisy(1, 20))), "r": dict(enumerate(noisy(2, 20)))}
    one = {0: "collapsed"}
    assert compare(scores, [contrast()], statuses={"t": one})[0].verdict == "no difference shown"
    assert compare(scores, [contrast()], statuses={"t": one, "r": one})[0].verdict == "equivalent"


def test_a_reference_of_more_seeds_makes_intervals_shorter() -> None:
    """Of half the error at most where the treatment hardly scatters."""
    few = judge(noisy(1, 10, 100, 0.1), noisy(2, 10))
    more = judge(noisy(1, 10, 100, 0.1), noisy(2, 80))
    assert more.error < 0.6 * few.error
    assert (more.treatment_scores, more.reference_scores, len(more.seeds)) == (10, 80, 10)


@given(
    seed=st.integers(0, 10_000),
    sizes=st.tuples(st.integers(2, 25), st.integers(2, 40)),
    shift=st.floats(-30, 30),
    ended=st.booleans(),
)
def test_an_interval_leaves_out_0_exactly_beside_better_or_worse(
    seed: int, sizes: tuple[int, int], shift: float, ended: bool
) -> None:
    random = np.random.default_rng(seed)
    tables = [
        random.lognormal(3, random.uniform(0.001, 0.5), size) + move
        for size, move in zip(sizes, (shift, 0), strict=True)
    ]
    scores = {name: dict(enumerate(map(float, table))) for name, table in zip("tr", tables, strict=True)}
    statuses = {
        name: {key: str(random.choice(STATUSES)) for key in by_seed} for name, by_seed in scores.items() if ended
    }
    rules = Rules(noise_floor=float(random.choice([0.0, 1.0])))
    found = compare(scores, [contrast(), contrast("r", "t")], rules, statuses)[0]
    if found.rests_on == "scores":
        assert found.interval.excludes(0.0) == (found.verdict in {"better", "worse"})
        if not math.isnan(found.effect):
            assert (found.p_difference < rules.alpha) == (found.verdict in {"better", "worse"})
    if found.verdict == "equivalent":
        assert -found.margin < found.interval.low <= 0 <= found.interval.high < found.margin
        assert found.p_equivalence < rules.alpha


def test_what_is_detectable_is_found_in_about_eighty_of_a_hundred_studies() -> None:
    random = np.random.default_rng(5)
    reference = random.normal(50, 1, (400, 12))
    size = np.median(
        [judge([*row + 0.0], [*other]).detectable for row, other in zip(reference[:50], reference[50:100], strict=True)]
    )
    treatments = random.normal(50 + size, 1, (400, 12))
    found = [judge([*t], [*r]).verdict == "worse" for t, r in zip(treatments, reference, strict=True)]
    assert 0.7 < np.mean(found) < 0.92


def test_the_seeds_for_the_margin_are_the_fewest_that_make_it_detectable() -> None:
    scores = {"t": dict(enumerate(noisy(1, 10, 101, 3))), "r": dict(enumerate(noisy(2, 10, 100, 3)))}
    found = compare(scores, [contrast()], Rules(difference=1.0))[0]
    assert found.seeds_for_margin is not None
    assert found.more_seeds == found.seeds_for_margin - 10
    estimate = measure(side(scores, None, "t"), side(scores, None, "r"))
    at, before = (detectable(estimate, 0.05, growth=(found.seeds_for_margin - less) / 10) for less in (0, 1))
    assert at <= 1.0 < before
    assert compare(scores, [contrast()], Rules(difference=1e-3))[0].seeds_for_margin is None


@pytest.mark.parametrize("wanted", [12, 700, 5_121, 8_000, 10_000, 10_001])
def test_a_need_is_told_up_to_ten_thousand_seeds(wanted: int) -> None:
    scores = {"t": dict(enumerate(noisy(1, 10, 101, 3))), "r": dict(enumerate(noisy(2, 10, 100, 3)))}
    found = measure(side(scores, None, "t"), side(scores, None, "r"))
    margin = float(detectable(found, 0.05, growth=wanted / 10))
    assert power(found, 0.05, margin, 10).seeds_for_margin == (wanted if wanted <= 10_000 else None)


def test_the_seeds_for_the_margin_are_about_those_of_the_t_test() -> None:
    """In the middle of many studies of normal noise, with a margin of a third of it."""
    found = [
        judge(noisy(seed, 20, 100, 3), noisy(1_000 + seed, 20, 100, 3), Rules(difference=1.0)).seeds_for_margin
        for seed in range(60)
    ]
    expected = TTestPower().solve_power(effect_size=1 / np.sqrt(18), alpha=0.05, power=0.8)
    assert float(np.median([seeds or math.inf for seeds in found])) == pytest.approx(
        float(np.squeeze(expected)), rel=0.35
    )
