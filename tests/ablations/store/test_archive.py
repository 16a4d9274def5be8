"""The archive gives back what it was given; a key has one folder; done runs stay; scorers do not mix."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from ablations.config.errors import DataError, StoreError
from ablations.store import Archive, Member, run_folder
from ablations.store.result import STATUSES, Status
from tests.ablations.factories import SCORER, assert_same_result, keep, make_result, make_study, make_variant

OTHER = "d" * 16


# --- runs ---


@pytest.mark.parametrize("status", STATUSES)
def test_what_is_put_comes_back_equal(archive: Archive, status: Status) -> None:
    given = make_result(status=status)
    assert archive.put(given)
    found = archive.get(given.key)
    assert_same_result(found, given)
    assert found.weights
    assert sorted(found.snapshots) == [item.step for item in given.evaluations]
    assert archive.keys() == (given.key,)


def test_without_weights_all_the_rest_comes_back(archive: Archive) -> None:
    given = make_result()
    archive.put(given)
    found = archive.get(given.key, weights=False)
    assert_same_result(found, given)
    assert (found.weights, found.snapshots) == ({}, {})


def test_a_run_that_never_had_a_step_comes_back(archive: Archive) -> None:
    given = dataclasses.replace(
        make_result(status="failed"),
        last_step=0,
        curves={},
        evaluations=(),
        samples={},
        weights={},
        snapshots={},
        scorer="",
        noise_floor=float("nan"),
    )
    archive.put(given)
    assert_same_result(archive.get(given.key), given)


def test_what_is_put_twice_is_there_once(archive: Archive) -> None:
    given = make_result()
    assert archive.put(given)
    before = {path: path.read_bytes() for path in archive.folder(given.key).rglob("*") if path.is_file()}
    assert not archive.put(dataclasses.replace(given, train_seconds=9.0))
    assert {path: path.read_bytes() for path in archive.folder(given.key).rglob("*") if path.is_file()} == before
    assert [path.name for path in archive.runs.iterdir()] == [given.key]


@pytest.mark.parametrize("first", ["finished", "diverged", "pruned"])
@pytest.mark.parametrize("later", STATUSES)
def test_a_done_run_is_never_replaced(archive: Archive, first: Status, later: Status) -> None:
    kept = make_result(status=first)
    archive.put(kept)
    assert not archive.put(make_result(status=later, reason="a later attempt"))
    assert_same_result(archive.get(kept.key), kept)


@pytest.mark.parametrize("first", ["failed", "timed_out", "interrupted"])
@pytest.mark.parametrize("later", ["finished", "failed"])
def test_any_other_is_replaced_by_whatever_comes_later(archive: Archive, first: Status, later: Status) -> None:
    archive.put(make_result(status=first))
    assert archive.done({make_result().key: ()}) == set()
    second = make_result(status=later, reason="a later attempt")
    assert archive.put(second)
    assert_same_result(archive.get(second.key), second)


def test_a_run_with_more_scored_steps_replaces_one_with_fewer(archive: Archive) -> None:
    few, many = make_result(evaluations=2), make_result(evaluations=4)
    last_only = dataclasses.replace(many, snapshots={40: many.snapshots[40]})
    assert few.key == many.key
    archive.put(few)
    assert archive.done({few.key: (0, 20, 40)}) == {few.key}
    assert archive.done({few.key: (0, 10, 20, 30, 40)}) == set()
    assert not archive.put(make_result(status="failed", evaluations=4)), "however many steps it was scored at"
    assert archive.put(last_only), "what counts is where it is scored, not what is kept of it"
    assert_same_result(archive.get(few.key), last_only)
    assert not archive.put(few)


def test_a_run_that_diverged_has_no_scores_to_come(archive: Archive) -> None:
    given = make_result(status="diverged")
    archive.put(given)
    assert archive.done({given.key: (0, 20, 30, 40)}) == {given.key}


def test_a_done_run_whose_files_are_damaged_is_replaced(archive: Archive) -> None:
    given = make_result()
    archive.put(given)
    (archive.folder(given.key) / "weights.safetensors").write_bytes(b"no")
    assert archive.put(given)
    assert_same_result(archive.get(given.key), given)


def test_keys_are_found_by_their_beginning(archive: Archive) -> None:
    keys = sorted(make_result(seed=seed).key for seed in range(5))
    for seed in range(5):
        archive.put(make_result(seed=seed))
    (archive.runs / "notes.txt").write_text("not a run")
    assert archive.keys() == tuple(keys)
    assert archive.keys(keys[0][:8]) == (keys[0],)
    assert archive.keys("nothing") == ()
    for wrong in ("0" * 20, "../" + keys[0], ""):
        with pytest.raises(StoreError, match="has no run"):
            archive.get(wrong)


def test_a_file_is_no_archive_and_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match="is a file; name a folder"):
        Archive.open(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_a_moved_archive_still_reads(open_archive: Callable[[str], Archive], tmp_path: Path) -> None:
    given = make_result()
    keep(open_archive("here"), make_study(), [given])
    (tmp_path / "here").rename(tmp_path / "there")
    (read,) = open_archive("there").read("demo").results
    assert_same_result(read, given)


# --- studies ---


def test_a_study_is_its_members_in_their_order(archive: Archive) -> None:
    study = make_study()
    given = [make_result(variant, seed) for variant in study.variants for seed in range(study.seeds)]
    archive.put(make_result(seed=7))  # nobody's
    keep(archive, study, given)
    stored = archive.read("demo")
    assert (stored.study, stored.scorer, archive.scorer("demo")) == (study, SCORER, SCORER)
    for found, original in zip(stored.results, given, strict=True):
        assert_same_result(found, original)
        assert not found.weights
    assert stored.digests == {item.key: item.digests for item in given}
    assert (stored.failures, stored.unscored, dict(stored.unreadable)) == ((), (), {})
    assert archive.studies() == ("demo",)


def test_runs_that_are_not_trained_yet_are_left_out(archive: Archive) -> None:
    study, there, lost = make_study(), make_result(), make_result(seed=1, status="failed")
    keep(archive, study, [there, lost])
    absent = Member(variant="baseline", seed=2, key=make_result(seed=2).key)
    archive.write_study(study, [*archive.members("demo"), absent], scorer=SCORER)
    stored = archive.read("demo")
    assert [item.key for item in stored.results] == [there.key, lost.key]
    assert [item.key for item in stored.failures] == [lost.key]


def test_a_study_is_replaced_by_its_latest_form(archive: Archive) -> None:
    keep(archive, make_study(), [make_result(), make_result(seed=1)])
    longer = make_study(variants=(make_variant(steps=80),), seeds=7)
    keep(archive, longer, [make_result(longer.variants[0])])
    stored = archive.read("demo")
    assert stored.study == longer
    assert [result.run.variant.steps for result in stored.results] == [80]
    assert len(archive.keys()) == 3, "no run is lost by it"


def test_two_studies_share_a_training_each_with_its_own_label(archive: Archive) -> None:
    given = make_result("baseline")
    keep(archive, make_study("first"), [given])
    other = make_study("second", variants=(make_variant("plain"),))
    archive.write_study(other, [Member(variant="plain", seed=0, key=given.key)], scorer=SCORER)
    assert archive.keys() == (given.key,)
    for name, label in (("first", "baseline"), ("second", "plain")):
        (result,) = archive.read(name).results
        assert (result.study, result.run.variant.name, result.key) == (name, label, given.key)


def test_an_attachment_is_kept_beside_its_study(archive: Archive) -> None:
    keep(archive, make_study(), [make_result()])
    assert archive.attachment("demo", "report.html") is None
    for text in (b"<p>one</p>", b"<p>two</p>"):
        archive.attach("demo", "report.html", text)
        assert archive.attachment("demo", "report.html") == text
    assert archive.studies() == ("demo",)


def test_searches_come_back_as_they_were(archive: Archive) -> None:
    trees = {name: {"search": {"name": name}, "trials": [{"value": 0.1}], "best": None} for name in "ba"}
    for name, tree in trees.items():
        archive.write_search(name, tree)
    assert list(archive.searches()) == [trees["a"], trees["b"]]


# --- scorers ---


def test_scores_of_another_scorer_touch_nothing_of_the_rest(archive: Archive) -> None:
    given = make_result()
    keep(archive, make_study(), [given])
    folder = archive.folder(given.key)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    run_folder.add_scores(folder, OTHER, {step: {"frechet_10k": 1.0 + step} for step in (0, 20, 40)}, 0.125)
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before
    assert [path.name for path in set(after) - set(before)] == [f"{OTHER}.json"]
    assert run_folder.scorers_of(folder) == tuple(sorted([SCORER, OTHER]))
    assert_same_result(archive.get(given.key), given)
    rescored = archive.get(given.key, scorer=OTHER)
    assert (rescored.scorer, rescored.noise_floor, rescored.scores) == (OTHER, 0.125, {"frechet_10k": 41.0})


def test_what_an_evaluation_asked_of_d_belongs_to_the_training(archive: Archive) -> None:
    given = make_result(metrics={"d_real_test": 0.75})
    archive.put(given)
    run_folder.add_scores(archive.folder(given.key), OTHER, {40: {"frechet_10k": 1.0}}, 0.0)
    assert archive.get(given.key, scorer=OTHER).scores == {"frechet_10k": 1.0, "d_real_test": 0.75}
    assert archive.get(given.key, scorer="e" * 16).scores == {"d_real_test": 0.75}


def test_a_study_lists_the_runs_that_its_scorer_has_not_scored(archive: Archive) -> None:
    scored, unscored, failed = make_result(), make_result(seed=1), make_result(seed=2, status="failed")
    keep(archive, make_study(), [scored, unscored, failed])
    run_folder.add_scores(archive.folder(scored.key), OTHER, {40: {"frechet_10k": 1.0}}, 0.0)
    assert archive.read("demo").unscored == ()
    stored = archive.read("demo", scorer=OTHER)
    assert stored.scorer == OTHER
    assert [item.key for item in stored.unscored] == [unscored.key], "what failed needs no score"
    assert [item.scorer for item in stored.results][:2] == [OTHER, ""]
    assert "frechet_10k" not in stored.unscored[0].scores
    archive.write_study(make_study(), archive.members("demo"), scorer=OTHER)
    assert [item.key for item in archive.read("demo").unscored] == [unscored.key]


def test_scores_filed_under_another_name_are_refused(archive: Archive) -> None:
    given = make_result()
    archive.put(given)
    scores = archive.folder(given.key) / "scores"
    (scores / f"{OTHER}.json").write_bytes((scores / f"{SCORER}.json").read_bytes())
    with pytest.raises(DataError, match=f"{given.key}.*{OTHER}"):
        archive.get(given.key, scorer=OTHER)
