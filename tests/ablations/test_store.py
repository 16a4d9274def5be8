from __future__ import annotations

import dataclasses
import errno
import json
import math
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pytest

from ablations.errors import ConfigError, DataError, StoreError
from ablations.results import Result, Status
from ablations.spool import Spool
from ablations.store import Store, rows, serve
from ablations.store.gate import Gate
from tests.ablations.factories import assert_same_result, make_result, make_study, make_variant

Opener = Callable[..., Store]


def query(store: Store, text: str) -> list[Any]:
    connection = sqlite3.connect(store.uri.removeprefix("sqlite:///"))
    try:
        return connection.execute(text).fetchall()
    finally:
        connection.close()


def active(store: Store, kind: str) -> list[tuple[str, str, str]]:
    """(run id, name, status) of the runs that are not in MLflow's trash."""
    return query(
        store,
        "SELECT run_uuid, name, status FROM runs JOIN tags USING (run_uuid) "
        f"WHERE lifecycle_stage = 'active' AND key = 'kind' AND value = '{kind}' ORDER BY start_time DESC",
    )


def tags(store: Store, run_id: str) -> dict[str, str]:
    return dict(query(store, f"SELECT key, value FROM tags WHERE run_uuid = '{run_id}'"))


def points(store: Store, run_id: str) -> list[tuple[str, float, int]]:
    found = query(store, f"SELECT key, value, step, is_nan FROM metrics WHERE run_uuid = '{run_id}'")
    return [(key, math.nan if is_nan else value, step) for key, value, step, is_nan in found]


def assert_whole(store: Store, run_id: str, result: Result) -> None:
    """Every row of the result is in the database once, and its files read back equal."""
    written = Counter((name, step) for name, _, step in points(store, run_id))
    assert written == Counter((point.name, point.step) for point in rows.run_points(result))
    assert set(written.values()) == {1}
    stored = store.read_result(run_id)
    assert_same_result(stored, result)
    assert stored.digests == result.digests


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


# --- killed writers ---


class Killed(BaseException):
    """As SIGKILL would: nothing between the place of the kill and the test may act on it."""


def kill_at(monkeypatch: pytest.MonkeyPatch, call: int, *, after: bool) -> None:
    """Every call of MLflow and every saved result counts; die before or right after the given one."""
    count = 0

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == call and not after:
                raise Killed
            value = function(*args, **kwargs)
            if count == call:
                raise Killed
            return value

        return counted

    monkeypatch.setattr(Gate, "__call__", wrap(Gate.__call__))
    monkeypatch.setattr(Result, "save", wrap(Result.save))


@pytest.mark.parametrize(("after", "reconciled"), [(False, False), (True, True)])
def test_killed_at_any_point_of_a_write_there_is_one_whole_run_in_the_end(
    open_store: Opener, monkeypatch: pytest.MonkeyPatch, after: bool, reconciled: bool
) -> None:
    expected: list[Result] = []
    variant = make_variant(steps=4)
    for call in range(1, 100):
        result = make_result(variant, seed=call, images=4)
        expected.append(result)
        with monkeypatch.context() as patch:
            kill_at(patch, call, after=after)
            try:
                open_store().write(result)
                break
            except Killed:
                pass
        store = open_store()
        assert set(store.keys("demo")) >= {item.key for item in expected[:-1]}
        if reconciled and call > 2:  # before that there is no study yet
            store.reconcile("demo")
            assert all(status != "RUNNING" for _, _, status in active(store, "seed") + active(store, "variant"))
        store.write(result)
    assert len(expected) > 10
    store = open_store()
    runs = store.keys("demo")
    assert set(runs) == {result.key for result in expected}
    assert len(active(store, "seed")) == len(expected)
    for result in expected:
        assert_whole(store, runs[result.key], result)


def test_killed_at_any_point_of_a_summary_the_next_one_is_whole(
    open_store: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = make_variant(steps=4)
    store = open_store("prepared")
    store.write_study(make_study(variants=(variant,)))
    for seed in range(2):  # the second seed makes the first summary one that has to be replaced
        store.write(make_result(variant, seed, images=4))
        if seed == 0:
            store.summarize("demo")
    for call in range(5, 100, 2):
        folder = tmp_path / str(call)
        shutil.copytree(tmp_path / "prepared", folder)
        connection = sqlite3.connect(folder / "mlflow.db")
        with connection:  # the copy's artifacts are its own
            connection.execute("UPDATE runs SET artifact_uri = replace(artifact_uri, 'prepared', ?)", (folder.name,))
        connection.close()
        finished = False
        with monkeypatch.context() as patch:
            kill_at(patch, call, after=True)
            try:
                open_store(folder.name).summarize("demo")
                finished = True
            except Killed:
                pass
        store = open_store(folder.name)
        store.reconcile("demo")
        ((parent, _, status),) = active(store, "variant")
        assert status == "FINISHED"
        written = points(store, parent)
        assert {name: value for name, value, _ in written}["n_finished"] == 2
        assert set(Counter((name, step) for name, _, step in written).values()) == {1}
        assert {tags(store, run)["mlflow.parentRunId"] for run, _, _ in active(store, "seed")} == {parent}
        if finished:
            break
    assert call > 9


def test_a_killed_creation_leaves_no_half_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow.store.tracking.sqlalchemy_store as module

    def killed(uri: str, _: str) -> None:
        Path(uri.removeprefix("sqlite:///")).write_bytes(b"half")
        raise Killed

    monkeypatch.setattr(module, "SqlAlchemyStore", killed)
    with pytest.raises(Killed):
        Store.open(tmp_path)
    assert not (tmp_path / "mlflow.db").exists()


def write_all(folder: str, seeds: range) -> None:
    store = Store.open(folder)
    for seed in seeds:
        store.write(make_result(seed=seed))


def test_two_writers_at_once_write_every_run_once(store: Store) -> None:
    folder = str(Path(store.uri.removeprefix("sqlite:///")).parent)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_all, args=(folder, range(first, first + 5))) for first in (0, 2)]
    for process in writers:
        process.start()
    for process in writers:
        process.join(60)
    assert [process.exitcode for process in writers] == [0, 0]
    assert sorted(name for _, name, _ in active(store, "seed")) == [f"baseline seed {seed}" for seed in range(7)]
    assert len(active(store, "variant")) == 1
    for seed in range(7):
        result = make_result(seed=seed)
        assert_whole(store, store.keys("demo")[result.key], result)


def test_the_spool_and_the_store_together_lose_and_double_nothing(
    open_store: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path / "spool")
    results = [make_result(seed=seed, images=4) for seed in range(4)]
    for result in results:
        spool.put(result)
    for call in range(3, 60, 7):
        with monkeypatch.context() as patch:
            kill_at(patch, call, after=True)
            try:
                spool.drain(open_store())
            except Killed:
                continue
    store = open_store()
    spool.drain(store)
    assert spool.pending() == []
    assert set(store.keys("demo")) == {result.key for result in results}
    assert len(active(store, "seed")) == len(results)
    for result in results:
        assert_whole(store, store.keys("demo")[result.key], result)


# --- studies and variants ---


def test_a_study_is_replaced_by_its_latest_form(store: Store) -> None:
    store.write_study(make_study())
    store.write(make_result())
    store.write(make_result("baseline", seed=1))
    longer = make_study(variants=(make_variant(steps=80),), seeds=7)
    store.write_study(longer)
    store.write(make_result(longer.variants[0]))
    stored = store.read("demo")
    assert stored.study == longer
    assert [result.run.variant.steps for result in stored.results] == [80]
    assert stored.superseded == 2
    assert store.studies() == ("demo",)


def test_of_several_keys_the_named_one_counts_and_else_the_latest(store: Store) -> None:
    study = make_study(variants=(make_variant(),))
    store.write_study(study)
    old, new = make_result(source_digest="1" * 64), make_result(source_digest="2" * 64)
    for result in (old, new):
        store.write(result)
    assert [result.key for result in store.read("demo").results] == [new.key]
    store.write_study(study, keys=[old.key])
    stored = store.read("demo")
    assert [result.key for result in stored.results] == [old.key]
    assert stored.superseded == 1
    assert set(store.keys("demo")) == {old.key, new.key}


def test_a_renamed_variant_keeps_its_runs(store: Store) -> None:
    store.write(make_result("baseline"))
    store.write_study(make_study(variants=(make_variant("plain"),)))
    assert [result.run.variant.name for result in store.read("demo").results] == ["plain"]


def test_the_summary_is_the_mean_over_finished_seeds_and_counts_the_others(store: Store) -> None:
    store.write_study(make_study(variants=(make_variant(),)))
    results = [make_result(seed=seed, score=score) for seed, score in enumerate((10.0, 20.0, 60.0))]
    results.append(make_result(seed=3, status="diverged", score=1e6))
    results.append(make_result(seed=4, status="failed"))
    for result in results:
        store.write(result)
    store.summarize("demo")
    ((parent, name, status),) = active(store, "variant")
    assert (name, status) == ("baseline", "FINISHED")
    shown = {(name, step): value for name, value, step in points(store, parent)}
    assert shown["frechet_10k_mean", 40] == pytest.approx(30.0)
    assert shown["frechet_10k_median", 40] == 20.0
    assert shown["frechet_10k_std", 40] == pytest.approx(np.std([10, 20, 60], ddof=1))
    assert shown["score/frechet_10k", 40] == pytest.approx(30.0)
    counts = {status: shown[f"n_{status}", 40] for status in ("finished", "diverged", "failed", "timed_out")}
    assert counts == {"finished": 3, "diverged": 1, "failed": 1, "timed_out": 0}
    assert tags(store, parent)["status"] == "3 finished, 1 diverged, 1 failed"
    expected = np.mean([dict(rows.binned(result.curves["g_loss"]))[40] for result in results[:3]])
    assert shown["training/g_loss", 40] == pytest.approx(expected)
    assert {tags(store, run)["mlflow.parentRunId"] for run, _, _ in active(store, "seed")} == {parent}


def test_a_summary_changes_only_when_its_seeds_do(store: Store) -> None:
    store.write_study(make_study(variants=(make_variant(),)))
    store.write(make_result(seed=0))
    store.summarize("demo")
    first = active(store, "variant")
    store.summarize("demo")
    assert active(store, "variant") == first
    store.write(make_result(seed=1))
    store.summarize("demo")
    ((parent, _, _),) = active(store, "variant")
    assert parent != first[0][0]
    assert {tags(store, run)["mlflow.parentRunId"] for run, _, _ in active(store, "seed")} == {parent}


def test_the_table_has_the_studys_order(store: Store) -> None:
    variants = tuple(make_variant(name, latent__size=size) for size, name in enumerate("zamb", start=10))
    store.write_study(make_study(variants=variants))
    store.write(make_result(variants[2]))
    store.summarize("demo")
    store.write(make_result(variants[2], seed=1))
    store.summarize("demo")
    assert [name for _, name, _ in active(store, "variant")] == list("zamb")


def test_the_page_of_a_study_opens_with_columns_that_exist(store: Store) -> None:
    store.write_study(make_study(variants=(make_variant(),)))
    for seed in range(2):
        store.write(make_result(seed=seed))
    store.summarize("demo")
    store.tag_verdicts("demo", {make_variant().name: "better than nothing; " * 1_000, "unknown": "x"})
    key = parse_qs(store.page("demo").partition("?")[2])["viewStateShareKey"][0]
    ((view,),) = query(store, f"SELECT value FROM experiment_tags WHERE key = 'mlflow.sharedViewState.{key}'")
    ((parent, _, _),) = active(store, "variant")
    known = {f"metrics.`{name}`" for name, _, _ in points(store, parent)}
    known |= {f"tags.`{name}`" for name in tags(store, parent)} | {"attributes.`Created`"}
    assert set(json.loads(view)["selectedColumns"]) <= known
    verdict = tags(store, parent)["verdict"]
    assert verdict.startswith("better than nothing")
    assert len(verdict) <= 8_000, "MLflow refuses more"


def test_a_run_is_copied_between_studies_whole(store: Store) -> None:
    result = make_result()
    source = store.write(result)
    assert store.find(result.key) == source
    other = make_study("other", variants=(make_variant("same thing"),))
    store.write_study(other)
    copied = store.copy(source, "other", other.variants[0])
    assert store.copy(source, "other", other.variants[0]) == copied
    assert tags(store, copied)["copied_from"] == source
    (read,) = store.read("other").results
    assert read.run.variant.name == "same thing"
    assert store.read_result(copied).digests == result.digests
    assert store.keys() == {result.key: store.keys()[result.key]}
    with pytest.raises(StoreError, match="settings differ"):
        store.copy(source, "other", make_variant("sgd", steps=7))


def test_a_report_and_a_long_study_are_artifacts(store: Store, tmp_path: Path) -> None:
    study = dataclasses.replace(make_study(), description="long " * 10_000)
    store.write_study(study)
    assert store.read("demo").study == study
    page = tmp_path / "page.html"
    for text in ("<p>one</p>", "<p>two</p>"):
        page.write_text(text)
        store.attach_report("demo", page)
    folder = Path(store.uri.removeprefix("sqlite:///")).parent / "artifacts"
    assert [path.read_text() for path in folder.rglob("report.html")] == ["<p>two</p>"]
    with pytest.raises(DataError, match=r"absent\.html"):
        store.attach_report("demo", tmp_path / "absent.html")


def test_damaged_artifacts_are_reported_and_the_rest_is_read(store: Store) -> None:
    store.write_study(make_study())
    damaged, whole = (store.write(make_result(seed=seed)) for seed in (0, 1))
    folder = Path(store.uri.removeprefix("sqlite:///")).parent / "artifacts" / "demo" / damaged / "artifacts" / "result"
    (folder / "curves.safetensors").write_bytes(b"no")
    stored = store.read("demo")
    assert list(stored.run_ids.values()) == [whole]
    assert "curves.safetensors" in stored.unreadable[damaged]
    with pytest.raises(DataError, match=r"curves\.safetensors"):
        store.read_result(damaged)


def test_a_moved_store_still_reads(open_store: Opener, tmp_path: Path) -> None:
    store = open_store()
    store.write_study(make_study())
    result = make_result()
    store.write(result)
    (tmp_path / "store").rename(tmp_path / "moved")
    (read,) = open_store("moved").read("demo").results
    assert_same_result(read, result)


# --- hostile places ---


def test_an_unknown_study_or_run_is_named(store: Store) -> None:
    store.write_study(make_study("recipes"))
    with pytest.raises(StoreError, match="did you mean 'recipes'"):
        store.read("recipe")
    with pytest.raises(StoreError, match="0123"):
        store.read_result("0123" * 8)
    assert store.keys("recipe") == {}
    # A filter of the store could not hold such a name; a variant cannot have it.
    with pytest.raises(ConfigError, match="it's"):
        make_variant("it's")


def test_a_study_in_the_trash_names_the_way_out(store: Store) -> None:
    store.write_study(make_study())
    connection = sqlite3.connect(store.uri.removeprefix("sqlite:///"))
    with connection:
        connection.execute("UPDATE experiments SET lifecycle_stage = 'deleted'")
    connection.close()
    with pytest.raises(StoreError, match="mlflow experiments restore"):
        store.write(make_result())


def foreign_text(path: Path) -> None:
    path.write_text("my diary, which is long enough to have a header")


def foreign_database(path: Path) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()


def truncated_database(path: Path) -> None:
    foreign_database(path)
    path.write_bytes(path.read_bytes()[:600])


@pytest.mark.parametrize("spoil", [foreign_text, foreign_database, truncated_database])
def test_a_foreign_database_is_refused_and_left_as_it_is(tmp_path: Path, spoil: Callable[[Path], None]) -> None:
    spoil(tmp_path / "mlflow.db")
    before = (tmp_path / "mlflow.db").read_bytes()
    with pytest.raises(StoreError, match=r"mlflow\.db.*move it away"):
        Store.open(tmp_path)
    assert (tmp_path / "mlflow.db").read_bytes() == before


def test_a_corrupt_database_is_named(store: Store) -> None:
    store.write(make_result())
    path = Path(store.uri.removeprefix("sqlite:///"))
    data = bytearray(path.read_bytes())
    data[8192:] = os.urandom(len(data) - 8192)
    path.write_bytes(bytes(data))
    with pytest.raises(StoreError, match=r"mlflow\.db"):
        Store.open(path.parent).write(make_result(seed=1))


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file/store"):
        Store.open(tmp_path / "file" / "store")


@pytest.mark.parametrize(
    ("location", "match"),
    [
        ("ftp://somewhere", "unknown kind"),
        ("file:///somewhere", "without file"),
        ("sqlite://", "names no file"),
        ("postgresql://me:secret@db/runs", r"me:\*\*\*@db/runs needs a place for artifacts"),
    ],
)
def test_a_location_that_cannot_be_a_store_is_refused(location: str, match: str) -> None:
    with pytest.raises(StoreError, match=match):
        Store.open(location)


def test_a_server_that_is_away_is_said_soon(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(StoreError, match=r"http://127\.0\.0\.1:9 .*spool"):
        Store.open("http://127.0.0.1:9")


def test_a_locked_database_is_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[float] = []
    monkeypatch.setattr("ablations.store.gate.time.sleep", tries.append)
    gate = store._gate

    def busy(failures: int) -> Callable[[], str]:
        def call() -> str:
            if len(tries) < failures:
                raise OSError("database is locked")
            return "done"

        return call

    assert gate(busy(3)) == "done"
    assert tries == sorted(tries)
    tries.clear()
    with pytest.raises(StoreError, match="stays locked"):
        gate(busy(100))
    assert len(tries) < 10


@pytest.mark.parametrize(
    ("error", "match"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "no space left"),
        (PermissionError(errno.EACCES, "Permission denied"), "make it writable"),
        (sqlite3.OperationalError("attempt to write a readonly database"), "make it writable"),
        (sqlite3.OperationalError("database or disk is full"), "no space left"),
    ],
)
def test_a_failing_disk_is_said_and_the_result_stays_in_the_spool(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, match: str
) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    def fail(*_: object, **__: object) -> None:
        raise error if isinstance(error, OSError) else MlflowException(f"(sqlite3.OperationalError) {error}")

    spool = Spool(tmp_path / "spool")
    spool.put(make_result())
    with monkeypatch.context() as patch:
        patch.setattr(MlflowClient, "log_batch", fail)
        with pytest.raises(StoreError, match=match):
            spool.drain(store)
    assert len(spool.pending()) == 1
    assert spool.drain(store).rejected == ()
    assert len(store.keys("demo")) == 1


def test_a_full_disk_under_the_artifacts_is_not_taken_for_a_corrupt_result(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    spool = Spool(tmp_path / "spool")
    spool.put(make_result())
    with monkeypatch.context() as patch:
        patch.setattr("ablations.results.save_file", full)
        with pytest.raises(StoreError, match="No space left"):
            spool.drain(store)
    assert len(spool.pending()) == 1
    assert len(spool.drain(store).written) == 1


def test_a_store_removed_underneath_is_said(store: Store) -> None:
    store.write(make_result())
    Path(store.uri.removeprefix("sqlite:///")).unlink()
    with pytest.raises(StoreError, match="removed while in use"):
        store.write(make_result(seed=1))


# --- the room ---


def test_the_room_is_light_until_a_store_is_opened() -> None:
    code = "import sys, ablations.store, ablations.spool; print({'mlflow', 'torch', 'pandas'} & set(sys.modules))"
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


@pytest.mark.parametrize("steps", [1, 7, 100, 101, 1000])
def test_bins_cover_every_step_once(steps: int) -> None:
    values = np.arange(steps, dtype=np.float32)
    pairs = rows.binned(values)
    assert len(pairs) == min(steps, 100)
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
