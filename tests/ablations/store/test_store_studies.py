"""Studies and variants in the store: their latest form, their summaries, their artifacts."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import numpy as np
import pytest

from ablations.config.errors import DataError, StoreError
from ablations.store import Store
from ablations.store.mirror import rows
from tests.ablations.factories import assert_same_result, make_result, make_study, make_variant
from tests.ablations.stored import active, points, query, tags

Opener = Callable[..., Store]


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
