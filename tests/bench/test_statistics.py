from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from bench.gate import THRESHOLD
from bench.ratios import decide, ratio_interval

Array = NDArray[np.float64]
PAIRS = 12


def noisy_times(rng: np.random.Generator, scale: float = 1.0, pairs: int = PAIRS, noise: float = 0.03) -> Array:
    """Times of blocks on a busy machine: a few percent of noise, and one block in six much slower."""
    disturbed = (rng.random(pairs) < 1 / 6) * rng.exponential(0.4, pairs)
    return np.asarray(scale * np.exp(noise * rng.normal(size=pairs) + disturbed))


def test_equal_times_have_a_ratio_of_one() -> None:
    times = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    interval = ratio_interval(times, times)
    assert (interval.low, interval.estimate, interval.high) == (1.0, 1.0, 1.0)


def test_swapping_the_sides_inverts_the_interval() -> None:
    rng = np.random.default_rng(0)
    a, b = noisy_times(rng, 2.0), noisy_times(rng)
    there, back = ratio_interval(a, b), ratio_interval(b, a)
    assert there.estimate == pytest.approx(1 / back.estimate)
    # logarithms between two resamples are interpolated alike, so only the order of the quantiles changes
    assert there.low == pytest.approx(1 / back.high)
    assert there.high == pytest.approx(1 / back.low)


def test_a_machine_that_is_slow_for_a_pair_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    a, b = noisy_times(rng), noisy_times(rng)
    weather = rng.uniform(1, 5, PAIRS)
    assert ratio_interval(a * weather, b * weather).estimate == pytest.approx(ratio_interval(a, b).estimate)


def test_one_disturbed_block_hardly_moves_the_estimate() -> None:
    times = np.ones(PAIRS)
    disturbed = times.copy()
    disturbed[3] = 50.0
    assert ratio_interval(disturbed, times).estimate == 1.0


@pytest.mark.parametrize("pairs", [6, 12, 40])
def test_the_interval_covers_the_true_ratio_as_often_as_it_says(pairs: int) -> None:
    rng = np.random.default_rng(pairs)
    covered = 0
    for trial in range(400):
        interval = ratio_interval(noisy_times(rng, 1.7, pairs), noisy_times(rng, 1.0, pairs), seed=trial)
        covered += interval.low <= 1.7 <= interval.high
    assert 0.92 <= covered / 400 <= 0.995


def test_more_pairs_give_a_shorter_interval() -> None:
    rng = np.random.default_rng(2)
    widths = []
    for pairs in (8, 32):
        found = [ratio_interval(noisy_times(rng, 1, pairs), noisy_times(rng, 1, pairs)) for _ in range(40)]
        widths.append(np.mean([interval.high - interval.low for interval in found]))
    assert widths[1] < 0.7 * widths[0]


def test_one_pair_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two pairs of times, not 1"):
        ratio_interval(np.ones(1), np.ones(1))


def alarms(slowdown: float, tries: int, *, bias: float = 0.004, pairs: int = 30, steps: int = 3) -> float:
    """The share of simulated comparisons with an alarm in any step.

    Old and new differ by `slowdown`, and by what two processes of the same code differ by.
    """
    rng = np.random.default_rng(round(1000 * (1 + slowdown)))
    count = 0
    for _ in range(tries):
        factors = (1 + slowdown) * np.exp(bias * rng.normal(size=steps))
        old = {str(step): noisy_times(rng, pairs=pairs, noise=0.02) for step in range(steps)}
        new = {str(step): noisy_times(rng, factors[step], pairs=pairs, noise=0.02) for step in range(steps)}
        count += any(decision.slower for decision in decide(old, new, threshold=THRESHOLD).values())
    return count / tries


def test_the_gate_finds_a_slowdown_of_five_percent() -> None:
    assert alarms(0.05, tries=100) >= 0.9


def test_the_gate_is_silent_about_equal_code() -> None:
    assert alarms(0.0, tries=200) <= 0.05


def test_the_gate_is_silent_about_code_that_became_faster() -> None:
    assert alarms(-0.05, tries=50) == 0


def test_a_small_difference_is_no_alarm_however_certain_it_is() -> None:
    old = {"s3": np.full(50, 1.0)}
    decision = decide(old, {"s3": np.full(50, 1.015)}, threshold=0.02)["s3"]
    assert decision.ratio.low > 1
    assert not decision.slower
    assert decide(old, {"s3": np.full(50, 1.03)}, threshold=0.02)["s3"].slower


def test_an_uncertain_difference_is_no_alarm_however_large_it_is() -> None:
    old, new = {"s3": np.ones(4)}, {"s3": np.array([0.5, 0.8, 1.5, 2.0])}
    decision = decide(old, new, threshold=THRESHOLD)["s3"]
    assert decision.ratio.estimate > 1.05
    assert not decision.slower


def test_the_interval_in_words() -> None:
    assert str(ratio_interval(np.full(3, math.e), np.ones(3))) == "2.72 [2.72, 2.72]"
