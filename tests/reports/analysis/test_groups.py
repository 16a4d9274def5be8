"""Effects and errors of pairs and of runs without a partner."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.analysis.groups import LEAST_GROUP, enough, estimate, moments

NONE = np.empty(0)


def scores(seed: int, *sizes: int) -> list[np.ndarray]:
    random = np.random.default_rng(seed)
    return [random.lognormal(size=size) for size in sizes]


def test_pairs_alone_are_the_paired_t_test() -> None:
    t, r = scores(1, 12, 12)
    found = estimate(t, r, NONE, NONE)
    expected = stats.ttest_rel(t, r)
    assert found.effect / found.error == pytest.approx(expected.statistic)
    assert found.freedom == pytest.approx(expected.df)
    assert found.skewness == pytest.approx(stats.skew(t - r, bias=False))


def test_runs_without_partner_are_the_test_of_welch_with_the_freedom_of_the_smaller_side() -> None:
    t, r = scores(2, 8, 30)
    found = estimate(NONE, NONE, t, r)
    expected = stats.ttest_ind(t, r, equal_var=False)
    assert found.effect / found.error == pytest.approx(expected.statistic)
    assert found.freedom == pytest.approx(min(expected.df, 7))
    assert found.saved == pytest.approx(0)


def test_moments_are_unbiased() -> None:
    """Of samples of five from an exponential distribution: 1, 1 and 2."""
    found = moments(np.random.default_rng(3).exponential(size=(200_000, 5)))
    means = [float(part.mean()) for part in found]
    assert means == pytest.approx([1, 1, 2], rel=0.03)


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_more_runs_of_the_reference_lower_the_error_that_is_stated_and_the_true_one(correlation: float) -> None:
    """The stated variance is the true one on average, and less than that of pairs alone or of no pairs."""
    random = np.random.default_rng(4)
    common = np.sqrt(correlation) * random.normal(size=(20_000, 40))
    t = common[:, :15] + np.sqrt(1 - correlation) * random.normal(size=(20_000, 15)) + 50
    r = common + np.sqrt(1 - correlation) * random.normal(size=(20_000, 40)) + 50
    found = estimate(t, r[:, :15], t[:, :0], r[:, 15:])
    assert abs(float(found.effect.mean())) < 0.01
    assert float((found.error**2).mean()) == pytest.approx(float(found.effect.var()), rel=0.06)
    pairs = estimate(t, r[:, :15], t[:, :0], r[:, :0])
    apart = 1 / 15 + 1 / 40
    assert found.effect.var() < pairs.effect.var()
    assert found.effect.var() < 1.05 * apart
    assert float(np.median(found.saved)) == pytest.approx(1 - float(found.effect.var()) / apart, abs=0.08)


def test_identical_scores_differ_by_exactly_nothing_whoever_has_more_runs() -> None:
    t, more = scores(5, 12, 9)
    found = estimate(t, t, NONE, more)
    assert (found.effect, found.error, found.saved) == (0, 0, 1)


def test_what_pairs_have_in_common_is_saved() -> None:
    t, noise = scores(6, 200, 200)
    assert estimate(t + 0.01 * noise, t, NONE, NONE).saved > 0.99
    assert abs(float(estimate(t, noise, NONE, NONE).saved)) < 0.2


def test_adding_a_constant_moves_the_effect_alone() -> None:
    t, r, alone_t, alone_r = scores(7, 9, 9, 6, 14)
    one, other = estimate(t, r, alone_t, alone_r), estimate(t + 3, r, alone_t + 3, alone_r)
    assert other.effect == pytest.approx(one.effect + 3)
    for name in ("error", "freedom", "skewness"):
        assert getattr(other, name) == pytest.approx(getattr(one, name)), name


def test_many_contrasts_at_once_are_the_same_as_one_by_one() -> None:
    random = np.random.default_rng(8)
    t, r, alone = (
        random.exponential(size=(4, 3, 10)),
        random.exponential(size=(4, 3, 10)),
        random.normal(size=(4, 3, 7)),
    )
    found = estimate(t, r, t[..., :0], alone)
    single = estimate(t[2, 1], r[2, 1], NONE, alone[2, 1])
    for name in ("effect", "error", "freedom", "skewness", "saved"):
        assert getattr(found, name)[2, 1] == pytest.approx(getattr(single, name)), name


def test_a_few_runs_without_partner_are_left_out_and_too_few_runs_are_refused() -> None:
    t, r, few = scores(9, 10, 10, LEAST_GROUP - 1)
    assert estimate(t, r, few, NONE).effect == estimate(t, r, NONE, NONE).effect
    assert not enough(4, 0, 9)
    assert enough(4, 1, 1)
    with pytest.raises(ValueError, match="needs 5 scored runs"):
        estimate(t[:4], r[:4], NONE, NONE)
