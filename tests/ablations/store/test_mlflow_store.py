from __future__ import annotations

import dataclasses
import math
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ablations.config.errors import DataError, StoreError
from ablations.store import Store, serve
from ablations.store.mirror import rows
from ablations.store.result import Status
from tests.ablations.factories import assert_same_result, make_result, make_study, make_variant
from tests.ablations.stored import active, assert_whole, points, query, tags

Opener = Callable[..., Store]


# --- writing ---


def test_what_is_written_reads_back_equal(store: Store) -> None:
    study = make_study()
    given = {
        (variant.name, seed): make_result(variant, seed) for variant in study.variants for seed in range(study.seeds)
    }
    store.write_study(study)
    for result in given.values():
        store.write(result)
    stored = store.read("demo")
    assert stored.study == study
    assert [(r.run.variant.name, r.run.seed) for r in stored.results] == list(given)
    for result in stored.results:
        original = given[result.run.variant.name, result.run.seed]
        assert_same_result(result, original)
        assert not result.weights
        assert_whole(store, stored.run_ids[result.key], original)
    assert (dict(stored.unreadable), stored.superseded, stored.failures) == ({}, 0, ())


def test_writing_twice_writes_once(store: Store) -> None:
    result = make_result()
    first = store.write(result)
    assert store.write(result) == first
    assert store.write(dataclasses.replace(result, train_seconds=9.0, status="failed")) == first
    assert len(active(store, "seed")) == 1
    assert_whole(store, first, result)


@pytest.mark.parametrize("status", ["failed", "timed_out", "interrupted"])
def test_a_later_record_replaces_one_that_did_not_end_by_itself(store: Store, status: Status) -> None:
    attempt = make_result(status=status)
    first = store.write(attempt)
    assert store.write(attempt) == first
    assert store.keys("demo") == {}
    assert store.find(attempt.key) is None
    second = store.write(dataclasses.replace(attempt, reason="another reason"))
    assert second != first
    finished = make_result()
    third = store.write(finished)
    assert store.keys("demo") == {finished.key: third}
    assert [run for run, _, _ in active(store, "seed")] == [third]
    assert_whole(store, third, finished)


def test_a_diverged_run_is_done_and_keeps_its_reason(store: Store) -> None:
    result = make_result(status="diverged", reason="D's loss is not finite at step 18")
    run_id = store.write(result)
    assert store.write(make_result()) == run_id
    assert store.keys("demo") == {result.key: run_id}
    assert tags(store, run_id)["status"] == "diverged"
    assert tags(store, run_id)["reason"] == result.reason
    assert active(store, "seed")[0][2] == "FAILED"


def test_values_that_are_not_finite_survive_but_end_a_chart(store: Store) -> None:
    result = make_result(status="diverged", metrics={"label_accuracy": math.inf, "frechet_10k": math.nan})
    run_id = store.write(result)
    assert_whole(store, run_id, result)
    shown = points(store, run_id)
    assert all(math.isfinite(value) and abs(value) < 1e300 for _, value, _ in shown)
    steps = [step for name, _, step in shown if name == "training/g_loss"]
    assert sorted(steps) == list(range(1, result.last_step - 2))
    said = tags(store, run_id)["not_finite"]
    assert f"training/g_loss from step {result.last_step - 2}" in said
    assert "score/label_accuracy from step 0, " in said
    assert "score/frechet_10k from step 0, " in said


def test_a_summary_over_a_score_that_is_not_finite_leaves_its_mean_out(store: Store) -> None:
    store.write_study(make_study(variants=(make_variant(),)))
    store.write(make_result(seed=0))
    store.write(make_result(seed=1, metrics={"frechet_10k": math.nan}))
    store.summarize("demo")
    ((parent, _, _),) = active(store, "variant")
    names = {name for name, _, _ in points(store, parent)}
    assert {"n_finished", "train_seconds"} <= names
    assert not any("frechet_10k" in name for name in names)


def test_a_run_without_a_step_can_be_stored(store: Store) -> None:
    result = dataclasses.replace(
        make_result(status="failed"), last_step=0, curves={}, evaluations=(), samples={}, weights={}, reason="no memory"
    )
    assert_whole(store, store.write(result), result)


def test_a_metric_name_that_mlflow_refuses_is_refused_before_anything_is_written(store: Store) -> None:
    with pytest.raises(DataError, match=r"D\(G\(z\)\)"):
        store.write(make_result(metrics={"D(G(z))": 1.0}))
    assert active(store, "seed") == []


def test_every_run_says_what_it_is_and_where_it_ran(store: Store) -> None:
    result = make_result(seed=3)
    run_id = store.write(result)
    found = tags(store, run_id)
    assert found | result.digests == found
    expected = {"run_key": result.key, "seed": "3", "status": "finished", "environment.cpu": "a processor"}
    assert found | expected == found
    assert active(store, "seed")[0][1] == "baseline seed 3"
    params = dict(query(store, f"SELECT key, value FROM params WHERE run_uuid = '{run_id}'"))
    assert params["generator_optimizer.learning_rate"] == "0.0001"
    assert params["stack.slot"] == "3"
    assert query(store, "SELECT name, digest FROM datasets") == [("digits", "d" * 36)]
    folder = Path(store.uri.removeprefix("sqlite:///")).parent / "artifacts" / "demo" / run_id / "artifacts"
    assert len(list(folder.glob("images/samples*.png"))) == len(result.samples)


# --- the room ---


def test_the_room_is_light_until_a_store_is_opened() -> None:
    code = "import sys, ablations.store, ablations.store.spool; print({'mlflow', 'torch', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_a_server_speaks_for_the_store_and_is_a_store_itself(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    result = make_result(status="diverged")
    with serve(Path(store.uri.removeprefix("sqlite:///")).parent, 0) as server:
        assert server.url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(server.url + "/health") as answer:
            assert answer.status == 200
        remote = Store.open(server.url)
        remote.write_study(make_study())
        run_id = remote.write(result)
        assert remote.write(result) == run_id
        remote.summarize("demo")
        (read,) = remote.read("demo").results
        assert_same_result(read, result)
        assert remote.read_result(run_id).digests == result.digests
        with pytest.raises(StoreError, match="cannot listen"):
            serve(tmp_path, int(server.url.rpartition(":")[2]))
        assert server.process is not None
    assert server.process.poll() is not None
    assert_whole(store, run_id, result)


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
