import math

import numpy as np
import pytest
from scipy import stats

from reports.analysis.aggregate import failure_rate, interquartile_mean, profile, profile_frame, spread


def test_the_interquartile_mean_is_the_trimmed_mean() -> None:
    values = np.random.default_rng(0).normal(size=(3, 21))
    assert interquartile_mean(values) == pytest.approx(stats.trim_mean(values, 0.25, axis=1))


def test_a_run_without_a_score_moves_the_median_but_not_the_mean() -> None:
    item = spread([1.0, 2.0, 3.0, math.inf])
    assert (item.runs, item.scored, item.mean, item.median) == (4, 3, 2.0, 2.5)
    assert spread([1.0, math.inf]).median == math.inf
    assert item.interquartile_mean == 2.5


def test_no_scores_at_all() -> None:
    item = spread([math.inf] * 3)
    assert math.isnan(item.mean)
    assert item.median == math.inf
    assert math.isnan(spread([]).interquartile_mean)


def test_the_interval_of_the_interquartile_mean_covers_the_truth() -> None:
    random = np.random.default_rng(5)
    intervals = [spread([*random.normal(size=20)], resamples=500).interquartile_interval for _ in range(300)]
    covered = np.mean([not interval.excludes(0.0) for interval in intervals])
    assert 0.87 <= covered <= 0.98


def test_a_profile_is_the_distribution_of_the_scores() -> None:
    shares = profile(np.array([1.0, 2.0, 3.0, math.inf]), np.array([0.5, 1.0, 2.5, 1e9]))
    assert shares.tolist() == [0, 0.25, 0.5, 0.75]


def test_the_band_of_a_profile_holds_it_and_narrows_with_seeds() -> None:
    random, thresholds = np.random.default_rng(6), np.array([-9.0, 0.0, 9.0])
    few, many = (profile_frame([*random.normal(size=n)], thresholds) for n in (5, 80))
    for frame in (few, many):
        assert (frame.low <= frame["mean"]).all()
        assert (frame["mean"] <= frame.high).all()
        assert frame["mean"].tolist()[::2] == [0, 1]
    assert many.high[1] - many.low[1] < few.high[1] - few.low[1]


def test_the_failure_rate_leaves_interrupted_runs_out() -> None:
    failed, total, rate = failure_rate({"finished": 3, "diverged": 1, "failed": 1, "interrupted": 4})
    assert (failed, total) == (2, 5)
    # Wilson (1927) for 2 of 5.
    assert (rate.low, rate.high) == pytest.approx((0.1176, 0.7693), abs=1e-4)
    assert math.isnan(failure_rate({"interrupted": 1})[2].low)
