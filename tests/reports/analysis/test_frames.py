import dataclasses

import numpy as np
import pytest

from ablations.catalog.quantities import CURVES, RUN_FACTS
from ablations.store.result import Evaluation, Result
from reports.analysis import frames
from tests.reports.factories import quick_study, recipes_study, result, stored

STORED = stored(quick_study(), statuses={("sgd", 1): "diverged", ("sgd", 2): "interrupted", ("sgd", 3): "failed"})


def test_every_run_has_a_row_with_its_identity_and_status() -> None:
    table = frames.runs_frame(STORED, "balanced_frechet_10k")
    assert len(table) == len(STORED.results)
    assert list(table.variant.unique()) == [variant.name for variant in STORED.study.variants]
    assert table.key.is_unique
    assert (table.status == "diverged").sum() == 1
    assert table.score.isna().sum() == 3
    assert tuple(table.columns[: len(RUN_FACTS)]) == RUN_FACTS, "metrics of one's own may not be called so"


def test_every_metric_of_every_evaluation_has_a_row() -> None:
    table = frames.evaluations_frame(STORED.results)
    assert len(table) == sum(len(item.metrics) for result in STORED.results for item in result.evaluations)


def test_curves_are_means_over_steps_and_then_over_seeds() -> None:
    own = [r for r in STORED.results if r.run.variant.name == "cnn"]
    table = frames.curves_frame(own, bins=10)
    assert set(table.curve) == set(CURVES)
    last = table[table.curve == "g_loss"].iloc[-1]
    means = [float(r.curves["g_loss"][-100:].mean(dtype=float)) for r in own]
    assert (last.step, last.seeds) == (1_000, 5)
    assert last["mean"] == pytest.approx(np.mean(means))
    assert (last.low, last.high) == pytest.approx((np.quantile(means, 0.1), np.quantile(means, 0.9)))


def test_a_run_that_ended_early_counts_where_it_was() -> None:
    own = [r for r in STORED.results if r.run.variant.name == "sgd"]
    table = frames.curves_frame(own, bins=10)
    seeds = table[table.curve == "d_real"].seeds.tolist()
    assert seeds == [5] * 4 + [2] * 6


def test_values_that_are_not_finite_count_in_no_bin() -> None:
    edges = frames.bin_edges(4, 2)
    assert frames.binned(np.array([1.0, np.inf, np.nan, np.nan]), edges).tolist() == pytest.approx(
        [1, np.nan], nan_ok=True
    )


@pytest.mark.parametrize("steps", [1, 3, 79, 80, 81, 1_000])
def test_bins_cover_every_step_once(steps: int) -> None:
    edges = frames.bin_edges(steps, 80)
    assert (edges[0], edges[-1]) == (0, steps)
    assert (np.diff(edges) > 0).all()
    assert frames.binned(np.ones(steps), edges).tolist() == [1.0] * (len(edges) - 1)


def test_the_shown_seed_is_the_median_never_the_best() -> None:
    assert frames.typical_seed({"a": {0: 1.0, 1: 2.0, 2: 3.0}}) == 1
    assert frames.typical_seed({"a": {0: 1.0, 1: 2.0}}) == 1
    assert frames.typical_seed({"a": {0: 1.0, 1: 2.0, 2: 3.0}, "b": {0: 5.0, 1: 9.0, 2: 7.0}}) == 1, "as far as 2"
    assert frames.typical_seed({"a": {0: 1.0, 1: 2.0, 2: 3.0, 3: 4.0}, "b": {1: 1.0}}) == 1
    assert frames.typical_seed({}) is None


def test_the_score_along_training_keeps_variants_and_steps_apart() -> None:
    study = recipes_study()
    results = stored(study).results
    table = frames.score_frame(results, "balanced_frechet_10k")
    assert len(table) == len(study.variants) * (study.evaluations + 1)
    assert set(table.seeds) == {study.seeds}
    assert (table["low"] <= table["mean"]).all()
    assert (table["mean"] <= table["high"]).all()


def test_a_step_at_which_a_run_has_collapsed_is_no_part_of_the_mean_along_training() -> None:
    """The score of samples that nothing can be read in may be low; where most runs have none there is no mean."""
    variant = recipes_study().variants[0]

    def run(seed: int, readable: float) -> Result:
        metrics = [{"frechet_10k": 10.0 + seed, "readable": share, "mode_count_10k": 10.0} for share in (1.0, readable)]
        made = result(recipes_study(), variant, seed, 100.0)
        steps = [Evaluation(step=50 * k, train_seconds=k, metrics=found) for k, found in enumerate(metrics, start=1)]
        return dataclasses.replace(made, evaluations=tuple(steps))

    ended = {0: 1.0, 1: 0.0, 2: 0.0, 3: 1.0}
    some = frames.score_frame([run(seed, share) for seed, share in ended.items()], "frechet_10k").set_index("step")
    assert [*some.loc[50, ["runs", "seeds", "mean"]]] == [4, 4, 11.5]
    assert [*some.loc[100, ["runs", "seeds", "mean"]]] == [4, 2, 11.5]
    few = frames.score_frame([run(seed, float(seed == 3)) for seed in ended], "frechet_10k").set_index("step")
    assert few.loc[100, "seeds"] == 1
    assert few.loc[100, ["mean", "low", "high"]].isna().all()
