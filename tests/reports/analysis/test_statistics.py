import math
import re
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from ablations.config import Contrast
from ablations.config.errors import ConfigError
from reports.analysis import paired
from reports.analysis.statistics import Comparison, Rules, compare

Array = NDArray[np.float64]
Draw = Callable[[np.random.Generator, tuple[int, ...]], Array]
SEEDS: dict[str, Draw] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "heavy_tailed": lambda random, shape: random.standard_t(2.5, size=shape),
    "skewed": lambda random, shape: np.exp(random.normal(size=shape)),
}
"""How the score of a seed may scatter."""


def questions(n: int) -> list[Contrast]:
    return [Contrast(axis="a", question=f"q{i}", treatment=f"v{i}", reference="v0") for i in range(1, n + 1)]


def judge(table: Array, rules: Rules) -> tuple[Comparison, ...]:
    """`table` has one row a variant, the reference first, and one column a seed; NaN is a missing run."""
    scores = {
        f"v{i}": {seed: float(value) for seed, value in enumerate(row) if not np.isnan(value)}
        for i, row in enumerate(table)
    }
    return compare(scores, questions(len(table) - 1), rules)


def judge_two(reference: list[float], treatment: list[float], rules: Rules | None = None) -> Comparison:
    return judge(np.array([reference, treatment]), rules or Rules())[0]


def at_most(share: float, n: int) -> float:
    """The share of `n` trials that an event of probability `share` exceeds in one repetition of a thousand."""
    return float(stats.binom.ppf(0.999, n, share)) / n


REFERENCE = [200.0, 210, 190, 205, 198]


def test_a_planted_effect_is_found_with_its_size_and_direction() -> None:
    item = judge_two(REFERENCE, [150, 158, 143, 152, 149])
    assert item.verdict == "better"
    assert item.mean == pytest.approx(-50.2)
    assert item.percent == pytest.approx(100 * -50.2 / 200.6)
    assert item.interval.high < 0
    assert (item.wins, item.pairs, item.superiority) == (5, 5, 1)
    assert (item.p_signed_rank, item.p_signed_rank_least) == (0.0625, 0.0625)
    assert judge_two([150, 158, 143, 152, 149], REFERENCE).verdict == "worse"


def test_swapping_the_sides_mirrors_everything() -> None:
    treatment = [205.0, 190, 199, 220, 201]
    one, other = judge_two(REFERENCE, treatment), judge_two(treatment, REFERENCE)
    assert one.mean == -other.mean
    assert (one.student.low, one.student.high) == pytest.approx((-other.student.high, -other.student.low))
    assert one.p == pytest.approx(other.p)
    assert one.superiority == pytest.approx(1 - other.superiority)


def test_an_effect_within_the_noise_floor_is_no_improvement() -> None:
    treatment = [value - 2 for value in REFERENCE]
    treatment[0] -= 0.1
    assert judge_two(REFERENCE, treatment, Rules(noise_floor=1.5)).verdict == "better"
    assert judge_two(REFERENCE, treatment, Rules(noise_floor=2.5)).verdict == "equivalent"


def test_four_pairs_are_too_few_however_large_the_effect() -> None:
    assert judge_two(REFERENCE[:4], [1.0, 2, 1, 2]).verdict == "too few seeds"


def test_only_seeds_that_both_sides_have_are_paired() -> None:
    scores = {"v0": {0: 1.0, 1: 2.0, 7: 3.0}, "v1": {1: 5.0, 7: 4.0, 9: 0.0}}
    item = compare(scores, questions(1))[0]
    assert (item.seeds, item.differences) == ((1, 7), (3.0, 1.0))
    assert compare({"v0": {0: 1.0}}, questions(1))[0].verdict == "too few seeds"


def test_more_questions_demand_stronger_evidence() -> None:
    treatment = [150.0, 195, 120, 180, 140]
    assert judge_two(REFERENCE, treatment).verdict == "better"
    others = [[*REFERENCE[1:], REFERENCE[0]]] * 9
    assert judge(np.array([REFERENCE, treatment, *others]), Rules())[0].verdict == "no difference shown"


def test_runs_without_a_score_rank_worst_and_are_counted() -> None:
    item = judge_two(REFERENCE, [190.0, 200, math.inf, 195, 189])
    assert (item.pairs, len(item.seeds), item.unscored_treatment, item.wins) == (5, 4, 1, 4)
    assert item.p_signed_rank > judge_two(REFERENCE, [190.0, 200, 180, 195, 189]).p_signed_rank


def test_a_better_mean_does_not_count_if_more_runs_failed() -> None:
    treatment = [100.0, 108, 91, 103, 97, 99, math.inf]
    reference = [*REFERENCE, 203, 200]
    assert judge_two(reference, treatment).verdict == "no difference shown"
    assert judge_two(treatment, reference).verdict == "no difference shown"


def test_a_variant_that_never_ends_with_a_score_is_worse() -> None:
    assert judge_two(REFERENCE, [math.inf] * 5).verdict == "worse"
    assert judge_two([math.inf] * 5, REFERENCE).verdict == "better"
    assert judge_two([math.inf] * 5, [math.inf] * 5).verdict == "too few seeds"


def test_a_difference_is_a_share_or_a_size_and_decides_what_is_equivalent() -> None:
    treatment = [value + nudge for value, nudge in zip(REFERENCE, (4.0, 5.0, 6.0, 4.5, 5.5), strict=True)]
    verdicts = {
        named: judge_two(REFERENCE, treatment, Rules(noise_floor=50).for_difference(named)).verdict
        for named in (None, "10%", "1%", "20", "2")
    }
    assert verdicts == {
        None: "equivalent", "10%": "equivalent", "1%": "no difference shown", "20": "equivalent",
        "2": "no difference shown",
    }  # fmt: skip
    share, size = (Rules().for_difference(named) for named in ("5%", "10.03"))
    one, other = (judge_two(REFERENCE, [150, 258, 143, 252, 149], rules).seeds_needed for rules in (share, size))
    assert one == other, "5% of the mean reference, 200.6"
    smaller = judge_two(REFERENCE, [150, 258, 143, 252, 149], Rules().for_difference("2%")).seeds_needed
    assert one is not None
    assert smaller is not None
    assert smaller > 5 * one


@pytest.mark.parametrize("named", ["", "%", "much", "0", "-5%", "nan", "inf", "5%%", "1e400"])
def test_a_difference_that_is_none_is_refused_with_its_text(named: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"--difference {named}: ")):
        Rules().for_difference(named)


def test_a_study_without_contrasts_has_no_comparisons() -> None:
    assert compare({"v0": {0: 1.0}}, []) == ()


# --- proven by simulation: a study of a baseline and eight variants ---


@pytest.mark.parametrize("scatter", SEEDS)
@pytest.mark.parametrize("n", [5, 20])
def test_without_an_effect_at_most_five_studies_in_a_hundred_reject_anything(scatter: str, n: int) -> None:
    """The p values alone; the interval and the floor can only make verdicts rarer."""
    studies = SEEDS[scatter](np.random.default_rng(11), (10_000, 9, n))
    p_values = paired.student_p(studies[:, 1:] - studies[:, :1])
    false = (8 * p_values.min(axis=1) < 0.05).mean()
    assert false <= at_most(0.05, 10_000)


@pytest.mark.parametrize("scatter", SEEDS)
def test_intervals_at_twenty_seeds_cover_the_truth_93_to_97_times_in_a_hundred(scatter: str) -> None:
    random = np.random.default_rng(12)
    covered = 0
    for _ in range(400):
        shared, own, other = (SEEDS[scatter](random, (20,)) for _ in range(3))
        differences = (shared + own + 3.0) - (shared + other)
        student, bootstrap = paired.student_interval(differences), paired.bootstrap_interval(differences, resamples=999)
        covered += not paired.outer(student, bootstrap).excludes(3.0)
    low, high = stats.binom.ppf(0.001, 400, 0.93), stats.binom.ppf(0.999, 400, 0.97)
    assert low <= covered <= high


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.95])
def test_pairing_never_hurts_coverage(shared: float) -> None:
    """Whatever share of the scatter two variants have in common by their seed."""
    random = np.random.default_rng(13)
    common, own, other = random.normal(size=(3, 10_000, 5))
    t = math.sqrt(shared) * common + math.sqrt(1 - shared) * own
    r = math.sqrt(shared) * common + math.sqrt(1 - shared) * other
    low, high = paired.student_bounds(t - r)
    assert ((low <= 0) & (high >= 0)).mean() == pytest.approx(0.95, abs=0.008)


def test_whole_verdicts_without_an_effect() -> None:
    assert false_verdicts("normal", 5, studies=120) <= at_most(0.05, 120)


def test_whole_verdicts_without_an_effect_where_runs_diverge() -> None:
    assert false_verdicts("normal", 5, studies=120, diverging=0.3) <= at_most(0.05, 120)


def test_planted_effects_are_found_and_nothing_else() -> None:
    random = np.random.default_rng(14)
    found = []
    for _ in range(30):
        table = 100 + random.normal(size=(9, 20))
        table[1:4] -= 3
        found.append([item.verdict for item in judge(table, Rules(resamples=199))])
    assert sum(v == "better" for study in found for v in study[:3]) >= 85
    assert all(v == "equivalent" for study in found for v in study[3:])


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("diverging", [0.0, 0.3])
@pytest.mark.parametrize("scatter", SEEDS)
@pytest.mark.parametrize("n", [5, 20])
def test_whole_verdicts_without_an_effect_at_length(scatter: str, n: int, diverging: float) -> None:
    assert false_verdicts(scatter, n, studies=600, diverging=diverging) <= at_most(0.05, 600)


def false_verdicts(scatter: str, n: int, *, studies: int, diverging: float = 0.0) -> float:
    """The share of studies in which any of eight contrasts is called better or worse."""
    random = np.random.default_rng(15)
    false = 0
    for _ in range(studies):
        table = 100 + SEEDS[scatter](random, (9, n))
        table[random.random(table.shape) < diverging] = math.inf
        verdicts = [item.verdict for item in judge(table, Rules(resamples=199))]
        false += "better" in verdicts or "worse" in verdicts
    return false / studies
