import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

from reports.analysis import paired

DIFFERENCES = np.array([-3.1, -0.4, 1.2, -5.5, -2.0, -1.7])


def test_the_t_test_and_its_interval_agree_with_scipy() -> None:
    expected = stats.ttest_1samp(DIFFERENCES, 0.0)
    bounds = expected.confidence_interval(0.95)
    interval = paired.student_interval(DIFFERENCES)
    assert paired.student_p(DIFFERENCES) == pytest.approx(expected.pvalue, rel=1e-12)
    assert (interval.low, interval.high) == pytest.approx((bounds.low, bounds.high), rel=1e-12)


def test_the_one_sided_p_values_add_up_to_one() -> None:
    assert paired.student_p(DIFFERENCES, "less") + paired.student_p(DIFFERENCES, "greater") == pytest.approx(1)


def test_differences_that_are_all_equal_are_certain() -> None:
    assert paired.student_p(np.full(5, 0.0)) == 1
    assert paired.student_p(np.full(5, 2.0)) == 0
    interval = paired.bootstrap_interval(np.full(5, 2.0))
    assert (interval.low, interval.high, interval.method) == (2, 2, "percentile bootstrap")


def test_one_pair_decides_nothing() -> None:
    one = np.array([1.0])
    assert math.isnan(paired.student_p(one))
    assert math.isnan(paired.student_interval(one).low)
    assert math.isnan(paired.bootstrap_interval(one).high)
    assert paired.seeds_needed(one, 1.0, 0.05, 0.8) is None


def test_the_bootstrap_is_the_same_every_time_and_states_its_method() -> None:
    assert paired.bootstrap_interval(DIFFERENCES) == paired.bootstrap_interval(DIFFERENCES)
    assert paired.bootstrap_interval(DIFFERENCES).method == "BCa bootstrap"


def test_the_signed_rank_test_agrees_with_an_enumeration_of_all_signs() -> None:
    ranks = stats.rankdata(np.abs(DIFFERENCES))
    sums = [sum(s * r for s, r in zip(signs, ranks, strict=True)) for signs in itertools.product((-1, 1), repeat=6)]
    observed = abs(float((np.sign(DIFFERENCES) * ranks).sum()))
    assert paired.signed_rank_p(DIFFERENCES) == pytest.approx(np.mean([abs(s) >= observed for s in sums]))


def test_tied_magnitudes_are_tested_exactly_too() -> None:
    assert paired.signed_rank_p(np.array([1.0, 1.0, 1.0, 2.0, 3.0])) == pytest.approx(2 / 32)
    assert paired.signed_rank_p(np.zeros(4)) == 1


def test_sign_flips_agree_with_an_enumeration() -> None:
    flips = np.array(list(itertools.product((-1, 1), repeat=6)))
    means = np.abs((flips * np.abs(DIFFERENCES)).mean(axis=1))
    expected = np.mean(means >= abs(DIFFERENCES.mean()) - 1e-12)
    assert paired.sign_flip_p(DIFFERENCES, 9_999) == pytest.approx(expected)


def test_five_pairs_cannot_bring_a_rank_test_below_one_in_sixteen() -> None:
    assert paired.signed_rank_p(np.array([1.0, 2, 3, 4, 5])) == 0.0625


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_never_lowers_a_p_value_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = paired.holm(p_values)
    assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))
    assert adjusted[int(np.argmin(p_values))] == pytest.approx(min(1.0, min(p_values) * len(p_values)))
    ranked = [adjusted[i] for i in np.argsort(p_values, kind="stable")]
    assert ranked == sorted(ranked)


def test_holm_agrees_with_statsmodels() -> None:
    p_values = np.random.default_rng(3).uniform(0, 0.2, size=12)
    assert paired.holm([*p_values]) == pytest.approx(multipletests(p_values, method="holm")[1], rel=1e-12)


def test_holm_counts_a_question_without_an_answer() -> None:
    assert paired.holm([0.01, math.nan, math.nan]) == pytest.approx([0.03, 1, 1])
    assert paired.holm([]) == []


@pytest.mark.parametrize("effect", [0.5, 1.0, 3.0])
def test_the_seeds_needed_agree_with_statsmodels(effect: float) -> None:
    size = effect / DIFFERENCES.std(ddof=1)
    expected = TTestPower().solve_power(effect_size=size, alpha=0.01, power=0.8)
    assert paired.seeds_needed(DIFFERENCES, effect, 0.01, 0.8) == math.ceil(float(np.squeeze(expected)))


def test_seeds_needed_gives_up_on_an_effect_far_below_the_noise() -> None:
    assert paired.seeds_needed(DIFFERENCES, 1e-6, 0.05, 0.8) is None
    assert paired.seeds_needed(DIFFERENCES, math.nan, 0.05, 0.8) is None


def test_equivalence_is_shown_only_within_the_margin() -> None:
    reference = np.array([100.0, 103, 98, 101, 99, 102])
    same = reference + np.array([0.5, -0.3, 0.2, -0.6, 0.1, 0.4])
    for size in (0.1 * reference, 10.0):
        assert paired.equivalence_p(same - reference, size) < 0.001
        assert paired.equivalence_p(same * 1.1 - reference, size) > 0.3
        assert paired.equivalence_p(same * 1.3 - reference, size) > 0.99


def test_equivalence_agrees_with_the_interval_of_twice_the_level() -> None:
    """Shown at 5% exactly where the 90% interval lies within the margin."""
    bounds = paired.student_interval(DIFFERENCES, 0.9)
    reach = max(abs(bounds.low), abs(bounds.high))
    assert paired.equivalence_p(DIFFERENCES, reach) == pytest.approx(0.05)
    assert paired.equivalence_p(DIFFERENCES, 1.01 * reach) < 0.05 < paired.equivalence_p(DIFFERENCES, 0.99 * reach)


def test_fisher_counts_failures() -> None:
    assert paired.fisher_p(5, 0, 5) == pytest.approx(2 / math.comb(10, 5))
    assert paired.fisher_p(0, 0, 5) == 1
