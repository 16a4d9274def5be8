"""Two variants on any metric: which way is better, what a run without a value counts, what is not judged."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import pytest

from ablations.config.errors import ConfigError, StoreError
from ablations.store.result import Result
from reports.analysis.head_to_head import HeadToHead, head_to_head
from tests.reports.factories import quick_study, stored

RESULTS = stored(quick_study(seeds=6), statuses={("sgd", 2): "diverged", ("sgd", 3): "interrupted"}).results
NAMES = ("a", "b")


def runs(variant: str) -> list[Result]:
    return [result for result in RESULTS if result.run.variant.name == variant]


def measuring(variant: str, metric: str, values: Mapping[int, float]) -> list[Result]:
    """The runs of a variant, with one more metric."""
    changed = []
    for result in runs(variant):
        last = result.evaluations[-1]
        metrics = {**last.metrics, metric: values.get(result.run.seed, math.nan)}
        evaluations = (*result.evaluations[:-1], dataclasses.replace(last, metrics=metrics))
        changed.append(dataclasses.replace(result, evaluations=evaluations))
    return changed


def on(metric: str, shift: float, **options: str) -> HeadToHead:
    """A treatment that differs by about `shift`."""
    ours = {seed: 0.5 + shift + 0.001 * math.sin(seed) for seed in range(6)}
    theirs = {seed: 0.5 + 0.001 * math.cos(seed) for seed in range(6)}
    return head_to_head(
        measuring("mse", metric, ours), measuring("baseline", metric, theirs), NAMES, metric=metric, **options
    )


@pytest.mark.parametrize(
    ("metric", "up", "down"),
    [
        ("coverage_10k", "better", "worse"),
        ("mode_kl_10k", "worse", "better"),
        ("d_accuracy", "higher", "lower"),
        ("precision_10k", "none: they can rise", "none"),
    ],
)
def test_a_verdict_is_in_the_words_that_the_metric_bears(metric: str, up: str, down: str) -> None:
    assert on(metric, 0.2).verdict.startswith(up)
    assert on(metric, -0.2).verdict.startswith(down)


@pytest.mark.parametrize("metric", ["coverage_10k", "mode_kl_10k", "d_accuracy"])
def test_effects_keep_their_sign_whichever_way_is_better(metric: str) -> None:
    item = on(metric, 0.2).comparison
    assert item.effect == pytest.approx(0.2, abs=0.01)
    assert item.percent == pytest.approx(40, abs=1)
    assert item.interval.low < item.effect < item.interval.high
    assert item.reference_mean == pytest.approx(0.5, abs=0.01)
    assert item.wins == (6 if metric == "coverage_10k" else 0)


def test_equivalence_and_the_seeds_needed_are_blind_to_direction() -> None:
    for metric in ("coverage_10k", "mode_kl_10k"):
        assert on(metric, 0.0005).verdict == "equivalent"
        assert on(metric, 0.0005, difference="0.0001").verdict != "equivalent"
    higher, lower = (on(metric, 0.0005, difference="0.1%") for metric in ("coverage_10k", "mode_kl_10k"))
    assert higher.comparison.seeds_for_margin == lower.comparison.seeds_for_margin


@pytest.mark.parametrize("metric", ["frechet_10k", "coverage_10k"])
def test_a_run_that_diverged_is_counted_and_an_interrupted_one_is_missing(metric: str) -> None:
    values = {seed: 0.5 + 0.01 * seed for seed in range(6)}
    better = {seed: value * (1.5 if metric == "coverage_10k" else 0.5) for seed, value in values.items()}
    found = head_to_head(measuring("sgd", metric, better), measuring("baseline", metric, values), NAMES, metric=metric)
    assert found.comparison.seeds == (0, 1, 4, 5)
    assert found.comparison.treatment_counts == {"finished": 4, "diverged": 1}
    assert found.comparison.reference_counts == {"finished": 6}
    assert (found.comparison.wins, found.left_out) == (4, 2)


def test_without_a_better_side_a_run_without_a_value_is_missing() -> None:
    values = {seed: 0.5 + 0.01 * seed for seed in range(6)}
    found = head_to_head(
        measuring("sgd", "d_accuracy", values), measuring("mse", "d_accuracy", values), NAMES, metric="d_accuracy"
    )
    assert (found.comparison.treatment_counts, found.left_out) == ({"finished": 4}, 2)


def test_the_score_needs_both_kinds_of_features_and_another_metric_stands_alone() -> None:
    score, alone = (head_to_head(runs("sigmoid"), runs("baseline"), NAMES, metric=m) for m in (None, "frechet_10k"))
    assert (score.metric, score.verdict, len(score.splits)) == ("balanced_frechet_10k", "worse", 2)
    assert (alone.metric, alone.verdict, alone.splits) == ("frechet_10k", "worse", ())


@pytest.mark.parametrize(
    ("floor", "metric", "verdict"),
    [
        (300.0, None, "worse"),
        (500.0, None, "depends on the score"),
        (500.0, "balanced_frechet_10k", "no difference shown"),
        (700.0, "frechet_10k", "worse"),
    ],
)
def test_the_noise_floor_that_the_runs_state_bounds_the_score_alone(
    floor: float, metric: str | None, verdict: str
) -> None:
    """Images differ by some 440, by half of that by the other kind of features, and the whole by some 590."""
    ours, theirs = (
        [dataclasses.replace(item, noise_floor=floor) for item in runs(name)] for name in ("sigmoid", "baseline")
    )
    assert head_to_head(ours, theirs, NAMES, metric=metric).verdict == verdict


def test_what_differs_beside_the_settings_is_said() -> None:
    ours, theirs = runs("mse"), runs("baseline")
    assert head_to_head(ours, theirs, NAMES).conditions == ""
    assert head_to_head(ours, theirs, NAMES).settings == "loss.criterion: mse"
    other = [dataclasses.replace(r, run=dataclasses.replace(r.run, width=8, numerics=2)) for r in theirs]
    assert head_to_head(ours, other, NAMES).conditions == "the numerics, the width of the stack"


def test_the_same_runs_and_seeds_of_their_own_are_refused() -> None:
    with pytest.raises(ConfigError, match="the same runs"):
        head_to_head(runs("mse"), runs("mse"), NAMES)
    with pytest.raises(StoreError, match="no common seed"):
        head_to_head(runs("mse")[:2], runs("baseline")[3:], NAMES)
    bare = [dataclasses.replace(r, evaluations=()) for r in runs("mse")]
    with pytest.raises(StoreError, match=r"no seed has balanced_frechet_10k on both sides .a: 6 finished; b: 6"):
        head_to_head(bare, runs("baseline"), NAMES, metric="balanced_frechet_10k")
    with pytest.raises(ConfigError, match="did you mean 'frechet_10k'"):
        head_to_head(runs("mse"), runs("baseline"), NAMES, metric="frechet10k")
