"""Whose a run of the mirror is, and what its pages say of it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

from ablations.store import Archive
from ablations.store.mirror import Mirror
from tests.ablations.factories import keep, make_result, make_study, make_variant
from tests.ablations.stored import active, points, query, seed_runs, tags

# --- several archives ---


def test_two_archives_with_a_study_of_one_name_leave_each_others_runs_alone(
    archive: Archive, mirror: Mirror, tmp_path: Path
) -> None:
    other = Archive.open(tmp_path / "other")
    keep(archive, make_study(), [make_result(seed=seed) for seed in range(2)])
    keep(other, make_study(), [make_result(seed=seed) for seed in range(1, 4)])
    assert (mirror.sync(archive), mirror.sync(other)) == (2, 3)
    assert (mirror.sync(archive), mirror.sync(other)) == (0, 0)
    owners = [tags(mirror, run)["archive"] for run, _, _ in active(mirror, "seed")]
    assert Counter(owners) == {archive.identity: 2, other.identity: 3}
    keep(archive, make_study(), [make_result(seed=0)])
    mirror.sync(archive)
    owners = [tags(mirror, run)["archive"] for run, _, _ in active(mirror, "seed")]
    assert Counter(owners) == {archive.identity: 1, other.identity: 3}
    parents = [tags(mirror, run) for run, _, _ in active(mirror, "variant")]
    assert sorted((found["archive"], found["status"]) for found in parents if found["variant"] == "baseline") == sorted(
        [(archive.identity, "1 finished"), (other.identity, "3 finished")]
    )


def test_an_archive_that_is_moved_stays_the_same_one(archive: Archive, mirror: Mirror, tmp_path: Path) -> None:
    keep(archive, make_study(), [make_result()])
    mirror.sync(archive)
    shutil.copytree(archive.root, tmp_path / "moved")
    assert mirror.sync(Archive.open(tmp_path / "moved")) == 0


# --- what the pages say ---


def test_a_run_that_collapsed_is_shown_as_such_and_is_in_no_mean(archive: Archive, mirror: Mirror) -> None:
    study = make_study(variants=(make_variant(),))
    gone = make_result(seed=1, score=300.0, metrics={"mode_count_10k": 1.0})
    keep(archive, study, [make_result(score=20.0), gone])
    mirror.sync(archive)
    found = tags(mirror, seed_runs(mirror)[gone.key])
    assert (found["status"], found["reason"]) == ("collapsed", "1 of 10 classes are drawn, no more than 2")
    ((parent, _, _),) = active(mirror, "variant")
    assert tags(mirror, parent)["status"] == "1 finished, 1 collapsed"
    values = {name: value for name, value, _ in points(mirror, parent)}
    assert (values["frechet_10k_mean"], values["n_finished"], values["n_collapsed"]) == (20.0, 1.0, 1.0)


def test_the_tables_columns_are_those_of_the_metric_the_verdicts_are_given_on(archive: Archive, mirror: Mirror) -> None:
    keep(archive, make_study(), [make_result()])
    mirror.sync(archive)
    ((text,),) = query(mirror, "SELECT value FROM experiment_tags WHERE key LIKE 'mlflow.sharedViewState.%'")
    assert "metrics.`frechet_10k_mean`" in json.loads(text)["selectedColumns"]


# --- searches ---


def test_a_search_that_is_begun_again_takes_the_place_of_the_one_before(archive: Archive, mirror: Mirror) -> None:
    trial = {
        "params": {},
        "state": "finished",
        "reason": "",
        "curve": [[9, 2.0]],
        "facts": {},
        "number": 0,
        "value": 2.0,
    }
    search = {"experiment": "search", "name": "mine", "metric": "m", "settings": {}, "hyperparameters": []}
    for begun in ("today", "tomorrow"):
        tree = {"search": {**search, "begun": begun}, "trials": [trial], "best": 0, "report": "<p>page</p>"}
        archive.write_search("mine", tree)
        mirror.sync(archive)
    ((parent, _, _),) = active(mirror, "search")
    ((child, _, _),) = active(mirror, "trial")
    assert tags(mirror, child)["mlflow.parentRunId"] == parent
