"""The mirror shows what the archive has: once, whole, and nothing else."""

from __future__ import annotations

import dataclasses
import json
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from ablations.catalog.metrics import primary
from ablations.config.errors import StoreError
from ablations.store import Archive, Member, run_folder
from ablations.store.mirror import Mirror, serve
from tests.ablations.factories import SCORER, keep, make_result, make_study, make_variant
from tests.ablations.stored import active, assert_whole, contents, folder_of, points, query, seed_runs, tags

Opener = Callable[..., Mirror]
OTHER = "d" * 16


# --- runs ---


def test_every_run_stands_in_the_mirror_once_and_whole(archive: Archive, mirror: Mirror) -> None:
    study = make_study()
    given = [make_result(variant, seed) for variant in study.variants for seed in range(study.seeds)]
    given += [make_result(seed=3, status="diverged"), make_result(seed=4, status="timed_out")]
    keep(archive, study, given)
    assert mirror.sync(archive) == 8
    runs = seed_runs(mirror)
    assert set(runs) == {result.key for result in given}
    for result in given:
        assert_whole(mirror, runs[result.key], result)
    ends = {name: status for _, name, status in active(mirror, "seed")}
    assert ends["baseline seed 0"] == "FINISHED"
    assert ends["baseline seed 3"] == "FAILED"
    assert ends["baseline seed 4"] == "KILLED"
    assert mirror.studies() == ("demo",)


def test_writing_twice_writes_once(archive: Archive, mirror: Mirror, open_mirror: Opener) -> None:
    keep(archive, make_study(), [make_result(), make_result(seed=1)])
    assert mirror.sync(archive) == 2
    before = contents(mirror)
    ids = {kind: active(mirror, kind) for kind in ("seed", "variant")}
    for again in (mirror, open_mirror()):
        assert again.sync(archive) == 0
    archive.attach("demo", "report.html", b"page")  # so that there is something to write
    assert mirror.sync(archive) == 0
    assert {kind: active(mirror, kind) for kind in ids} == ids
    after = contents(mirror)
    assert {name: after[name] for name in before if name != "study"} == {
        name: before[name] for name in before if name != "study"
    }


def test_a_mirror_from_nothing_equals_one_kept_along(archive: Archive, open_mirror: Opener) -> None:
    study, along = make_study(), open_mirror("along")
    given = [make_result(variant, seed) for variant in study.variants for seed in range(3)]
    keep(archive, study, [make_result(status="failed"), make_result(seed=1, status="interrupted")])
    along.sync(archive)
    for count in range(1, len(given) + 1):
        keep(archive, study, given[:count])
        along.sync_study(archive, "demo", summarize=count % 2 == 0)
    archive.attach("demo", "report.html", b"page")
    archive.attach("demo", "verdicts.json", json.dumps({"sgd": "worse"}).encode())
    along.sync(archive)
    anew = open_mirror("anew")
    assert anew.sync(archive) == len(given)
    assert contents(anew) == contents(along)


def test_a_run_that_is_replaced_in_the_archive_is_replaced_in_the_mirror(archive: Archive, mirror: Mirror) -> None:
    study = make_study(variants=(make_variant(),))
    for result in (make_result(status="failed"), make_result(evaluations=1), make_result(evaluations=4)):
        keep(archive, study, [result])
        assert mirror.sync(archive) == 1
        ((run, _, _),) = active(mirror, "seed")
        assert_whole(mirror, run, result)
        ((parent, _, _),) = active(mirror, "variant")
        assert tags(mirror, run)["mlflow.parentRunId"] == parent


def test_what_the_study_or_the_archive_no_longer_has_goes(archive: Archive, mirror: Mirror) -> None:
    given = [make_result(seed=seed) for seed in range(3)]
    keep(archive, make_study(), given)
    mirror.sync(archive)
    keep(archive, make_study(), given[:2])
    assert mirror.sync(archive) == 0
    assert set(seed_runs(mirror)) == {result.key for result in given[:2]}
    shutil.rmtree(archive.folder(given[1].key))
    assert mirror.sync(archive) == 0
    assert set(seed_runs(mirror)) == {given[0].key}
    keep(archive, make_study(), given)
    assert mirror.sync(archive) == 2, "and it comes back"


def test_another_study_left_half_way_does_not_pass_for_the_one_before(archive: Archive, mirror: Mirror) -> None:
    given = [make_result(seed=seed) for seed in range(3)]
    keep(archive, make_study(), given[:1])
    mirror.sync(archive)
    keep(archive, make_study(seeds=5), given)
    mirror.sync_study(archive, "demo", summarize=False)  # and then the command was killed
    keep(archive, make_study(), given[:1])
    mirror.sync(archive)
    assert set(seed_runs(mirror)) == {given[0].key}


def test_a_damaged_run_is_left_out_and_the_rest_is_shown(archive: Archive, mirror: Mirror) -> None:
    damaged, whole = make_result(), make_result(seed=1)
    keep(archive, make_study(), [damaged, whole])
    (archive.folder(damaged.key) / "curves.safetensors").write_bytes(b"no")
    assert mirror.sync(archive) == 1
    assert set(seed_runs(mirror)) == {whole.key}


def test_scores_given_later_are_shown_in_place_of_the_first(archive: Archive, mirror: Mirror) -> None:
    given = make_result()
    keep(archive, make_study(), [given])
    mirror.sync(archive)
    run_folder.add_scores(archive.folder(given.key), OTHER, {s: {"frechet_10k": 3.0} for s in (0, 20, 40)}, 0.0)
    assert mirror.sync(archive) == 0, "the study is still read with its first scorer"
    archive.write_study(make_study(), archive.members("demo"), scorer=OTHER)
    assert mirror.sync(archive) == 1
    ((run, _, _),) = active(mirror, "seed")
    assert tags(mirror, run)["scorer"] == OTHER
    assert {value for name, value, _ in points(mirror, run) if name == "score/frechet_10k"} == {3.0}
    parent = tags(mirror, run)["mlflow.parentRunId"]
    assert {value for name, value, _ in points(mirror, parent) if name == "frechet_10k_mean"} == {3.0}


def test_two_variants_and_two_studies_of_one_training_each_have_a_run(archive: Archive, mirror: Mirror) -> None:
    given = make_result("baseline")
    study = make_study(variants=(make_variant(), make_variant("plain")))
    members = [Member(variant=name, seed=0, key=given.key) for name in ("baseline", "plain")]
    keep(archive, make_study("other"), [given])
    archive.write_study(study, members, scorer=SCORER)
    assert mirror.sync(archive) == 3
    assert mirror.sync_study(archive, "demo") == 0
    archive.attach("demo", "report.html", b"page")
    assert mirror.sync_study(archive, "demo") == 0
    names = sorted(name for _, name, _ in active(mirror, "seed"))
    assert names == ["baseline seed 0", "baseline seed 0", "plain seed 0"]


def test_every_run_says_what_it_is_and_where_it_ran(archive: Archive, mirror: Mirror) -> None:
    result = make_result(seed=3, status="failed", reason="no memory")
    keep(archive, make_study(), [result])
    mirror.sync(archive)
    ((run_id, name, _),) = active(mirror, "seed")
    found = tags(mirror, run_id)
    expected = {"run_key": result.key, "seed": "3", "status": "failed", "environment.cpu": "a processor"}
    expected |= {"reason": "no memory", "numerics": "1", "scorer": SCORER}
    assert found | expected == found
    assert name == "baseline seed 3"
    params = dict(query(mirror, f"SELECT key, value FROM params WHERE run_uuid = '{run_id}'"))
    assert params["generator_optimizer.learning_rate"] == "0.0001"
    assert params["stack.slot"] == "3"
    assert query(mirror, "SELECT name, digest FROM datasets") == [("digits", "d" * 36)]
    folder = folder_of(mirror) / "artifacts" / "demo" / run_id / "artifacts"
    assert len(list(folder.glob("images/samples*.png"))) == len(result.samples)


# --- variants and studies ---


def test_a_summary_changes_only_when_its_seeds_do(archive: Archive, mirror: Mirror) -> None:
    study = make_study(variants=(make_variant(),))
    keep(archive, study, [make_result()])
    mirror.sync(archive)
    first = active(mirror, "variant")
    archive.attach("demo", "report.html", b"page")
    mirror.sync(archive)
    assert active(mirror, "variant") == first
    keep(archive, study, [make_result(), make_result(seed=1, status="diverged")])
    mirror.sync(archive)
    ((parent, name, status),) = active(mirror, "variant")
    assert parent != first[0][0]
    assert (name, status, tags(mirror, parent)["status"]) == ("baseline", "FINISHED", "1 finished, 1 diverged")
    assert {tags(mirror, run)["mlflow.parentRunId"] for run, _, _ in active(mirror, "seed")} == {parent}


def test_the_table_has_the_studys_order(archive: Archive, mirror: Mirror) -> None:
    variants = tuple(make_variant(name, latent__size=size) for size, name in enumerate("zamb", start=10))
    study = make_study(variants=variants)
    for count in (1, 2):
        keep(archive, study, [make_result(variants[2], seed=seed) for seed in range(count)])
        mirror.sync(archive)
    assert [name for _, name, _ in active(mirror, "variant")] == list("zamb")


def test_the_page_of_a_study_opens_with_columns_that_exist(archive: Archive, mirror: Mirror) -> None:
    given = [make_result(seed=seed, metrics={primary(): 1.0 + seed}) for seed in range(2)]
    keep(archive, make_study(variants=(make_variant(),)), given)
    texts = {make_variant().name: "better than nothing; " * 1_000, "unknown": "x"}
    archive.attach("demo", "verdicts.json", json.dumps(texts).encode())
    mirror.sync(archive)
    key = parse_qs(mirror.page("demo").partition("?")[2])["viewStateShareKey"][0]
    ((view,),) = query(mirror, f"SELECT value FROM experiment_tags WHERE key = 'mlflow.sharedViewState.{key}'")
    ((parent, _, _),) = active(mirror, "variant")
    known = {f"metrics.`{name}`" for name, _, _ in points(mirror, parent)}
    known |= {f"tags.`{name}`" for name in tags(mirror, parent)} | {"attributes.`Created`"}
    assert set(json.loads(view)["selectedColumns"]) <= known
    verdict = tags(mirror, parent)["verdict"]
    assert verdict.startswith("better than nothing")
    assert len(verdict) <= 8_000, "MLflow refuses more"
    with pytest.raises(StoreError, match="did you mean 'demo'"):
        mirror.page("dem")


def test_the_report_is_shown_and_replaced_and_a_long_study_fits(archive: Archive, mirror: Mirror) -> None:
    study = dataclasses.replace(make_study(), description="long " * 10_000)
    keep(archive, study, [make_result()])
    for text in ("<p>one</p>", "<p>two</p>"):
        archive.attach("demo", "report.html", text.encode())
        mirror.sync(archive)
    found = (folder_of(mirror) / "artifacts").rglob("report.html")
    assert [path.read_text() for path in found] == ["<p>two</p>"]
    assert len(active(mirror, "study")) == 1


# --- searches ---


def test_a_search_is_shown_once_with_its_trials_and_its_best(
    archive: Archive, mirror: Mirror, open_mirror: Opener
) -> None:
    trial = {"params": {"latent.size": 8}, "state": "finished", "reason": "", "curve": [[9, 2.0]], "facts": {}}
    trials = [{**trial, "number": number, "value": 2.0 + number} for number in range(2)]
    settings = {"trials": 2}
    search = {"experiment": "search", "name": "mine", "metric": "validation_score", "settings": settings}
    tree = {"search": {**search, "hyperparameters": ["latent.size"], "begun": "today"}, "trials": trials[:1]}
    archive.write_search("mine", {**tree, "best": None, "report": None})
    mirror.sync(archive)
    assert [status for _, _, status in active(mirror, "search")] == ["RUNNING"]
    archive.write_search("mine", {**tree, "trials": trials, "best": 0, "report": "<p>page</p>"})
    for again in (mirror, mirror, open_mirror()):
        again.sync(archive)
    ((parent, name, status),) = active(mirror, "search")
    assert (name, status, tags(mirror, parent)["best_trial"]) == ("mine", "FINISHED", "0")
    assert sorted(points(mirror, parent)) == [("score/validation_score", 2.0, 9), ("value", 2.0, 9)]
    assert sorted(name for _, name, _ in active(mirror, "trial")) == ["mine trial 0", "mine trial 1"]
    assert set(mirror.search_pages()) == {"mine"}
    anew = open_mirror("anew")
    anew.sync(archive)
    assert contents(anew)["trial"] == contents(mirror)["trial"]


# --- servers ---


def test_a_server_shows_a_mirror_and_is_one_itself(
    archive: Archive, mirror: Mirror, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    result = make_result(status="diverged")
    keep(archive, make_study(), [result])
    archive.attach("demo", "report.html", b"<p>page</p>")
    with serve(folder_of(mirror), 0) as server:
        assert server.url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(server.url + "/health") as answer:
            assert answer.status == 200
        remote = Mirror.open(server.url)
        assert remote.sync(archive) == 1
        assert remote.sync(archive) == 0
        with pytest.raises(StoreError, match="cannot listen"):
            serve(tmp_path, int(server.url.rpartition(":")[2]))
        assert server.process is not None
    assert server.process.poll() is not None
    assert_whole(mirror, seed_runs(mirror)[result.key], result)
    (page,) = (folder_of(mirror) / "artifacts").rglob("report.html")
    assert page.read_text() == "<p>page</p>"
