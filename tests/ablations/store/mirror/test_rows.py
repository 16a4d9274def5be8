"""What of a result becomes a row, as pure functions."""

from __future__ import annotations

import math
import operator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from ablations.store.mirror import rows
from ablations.store.mirror.mlflow_runs import Runs
from tests.ablations.factories import make_result


@pytest.mark.parametrize("steps", [1, 7, 50, 51, 1000])
def test_bins_cover_every_step_once(steps: int) -> None:
    values = np.arange(steps, dtype=np.float32)
    pairs = rows.binned(values)
    assert len(pairs) == min(steps, rows.CURVE_POINTS)
    ends = [step for step, _ in pairs]
    assert ends[-1] == steps
    assert ends == sorted(set(ends))
    widths = np.diff([0, *ends])
    assert sum(width * mean for width, (_, mean) in zip(widths, pairs, strict=True)) == pytest.approx(values.sum())
    assert max(widths) - min(widths) <= 1


@pytest.mark.parametrize(("count", "shape"), [(20, (2, 10)), (16, (4, 4)), (7, (3, 3)), (1, (1, 1))])
def test_a_grid_shows_every_image_in_its_place(count: int, shape: tuple[int, int]) -> None:
    images = np.random.default_rng(0).integers(0, 256, (count, 28, 28), dtype=np.uint8)
    grid = rows.sample_grid(images)[::2, ::2]
    assert grid.shape == (shape[0] * 29 + 1, shape[1] * 29 + 1)
    for index, image in enumerate(images):
        top, left = (index // shape[1]) * 29 + 1, (index % shape[1]) * 29 + 1
        np.testing.assert_array_equal(grid[top : top + 28, left : left + 28], image)


def test_values_that_are_not_finite_end_a_chart_and_are_said() -> None:
    result = make_result(status="diverged", metrics={"label_accuracy": math.inf, "frechet_10k": math.nan})
    shown = rows.run_points(result)
    assert all(math.isfinite(point.value) for point in shown)
    steps = [point.step for point in shown if point.name == "training/g_loss"]
    assert steps == list(range(1, result.last_step - 2))
    said = rows.run_tags(result, result.run.variant, {})["not_finite"]
    assert f"training/g_loss from step {result.last_step - 2}" in said
    assert "score/label_accuracy from step 0, " in said
    assert "score/frechet_10k from step 0, " in said


def test_a_summary_leaves_out_the_mean_over_a_score_that_is_not_finite() -> None:
    results = [make_result(seed=0), make_result(seed=1, metrics={"frechet_10k": math.nan})]
    names = {point.name for point in rows.summary_points(results)}
    assert {"n_finished", "train_seconds"} <= names
    assert not any("frechet_10k" in name for name in names)


def test_a_summary_is_the_mean_over_finished_seeds_and_counts_the_others() -> None:
    results = [make_result(seed=seed, score=score) for seed, score in enumerate((10.0, 20.0, 60.0))]
    results += [make_result(seed=3, status="diverged", score=1e6), make_result(seed=4, status="failed")]
    shown = {(point.name, point.step): point.value for point in rows.summary_points(results)}
    assert shown["frechet_10k_mean", 40] == shown["score/frechet_10k", 40] == pytest.approx(30.0)
    assert shown["frechet_10k_median", 40] == 20.0
    assert shown["frechet_10k_std", 40] == pytest.approx(np.std([10, 20, 60], ddof=1))
    counts = {status: shown[f"n_{status}", 40] for status in ("finished", "diverged", "failed", "timed_out")}
    assert counts == {"finished": 3, "diverged": 1, "failed": 1, "timed_out": 0}
    expected = np.mean([dict(rows.binned(result.curves["g_loss"]))[40] for result in results[:3]])
    assert shown["training/g_loss", 40] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("n_metrics", "n_params", "n_tags"), [(1990, 250, 150), (900, 100, 1), (0, 0, 101), (1000, 0, 3)]
)
def test_no_tag_is_sent_before_all_the_rest_is_there(n_metrics: int, n_params: int, n_tags: int) -> None:
    sent: list[tuple[list[object], list[object], list[object]]] = []
    gate: Any = operator.call
    client: Any = SimpleNamespace(log_batch=lambda run_id, *parts: sent.append(parts))
    Runs(gate, client).log(
        "run",
        points=[rows.Point("loss", float(step), step) for step in range(n_metrics)],
        params={f"param {number}": "" for number in range(n_params)},
        tags={f"tag {number}": "" for number in range(n_tags)},
    )
    assert [sum(len(parts[kind]) for parts in sent) for kind in range(3)] == [n_metrics, n_params, n_tags]
    for parts in sent:
        assert sum(map(len, parts)) <= 1000
        assert len(parts[1]) <= 100
        assert len(parts[2]) <= 100
    first = next(number for number, parts in enumerate(sent) if parts[2])
    assert not any(parts[0] or parts[1] for parts in sent[first + 1 :])
