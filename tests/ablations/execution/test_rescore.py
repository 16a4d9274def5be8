"""Scores of stored runs by today's scorer: those that training gave, to the bit, and nothing is trained for them."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ablations.catalog.quantities import DISCRIMINATOR_METRICS
from ablations.config import Study
from ablations.config.errors import DataError, StoreError
from ablations.data import load_dataset
from ablations.execution.events import Event, GroupEnded
from ablations.execution.rescore import carry_out_rescoring, rescore_jobs, rescore_run
from ablations.scoring.identity import scorer_identity
from ablations.store import Archive, Result, run_folder
from ablations.training.generator import StoredGenerator
from ablations.training.seed_group import SeedGroup
from tests.ablations.small_study import BASE, WILD, kept, run

pytestmark = pytest.mark.usefixtures("few_digits")

CNN = BASE.override(
    {
        **{f"{side}.architecture": "cnn" for side in ("generator", "discriminator")},
        **{f"{side}.hidden": "4,4" for side in ("generator", "discriminator")},
        **{f"{side}.kernels": "5,3" for side in ("generator", "discriminator")},
        "steps": 12,
    },
    name="cnn",
)
LABELS = BASE.override(
    {
        "conditional": True,
        "generator.normalization": "batch",
        "generator.output": "tanh",
        "image_range": "symmetric",
    },
    name="labels",
)
VARIANTS = (BASE, CNN, LABELS, WILD)
STUDY = Study(name="small", title="", description="", variants=VARIANTS, seeds=2, evaluations=2)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = Archive.open(tmp_path_factory.mktemp("trained"))
    run(STUDY, archive)
    return archive


@pytest.fixture
def copied(trained: Archive, tmp_path: Path) -> Archive:
    shutil.copytree(trained.root, tmp_path / "copy")
    return Archive.open(tmp_path / "copy")


@pytest.fixture
def new_scorer(change_scorer: Callable[[], str]) -> str:
    return change_scorer()


def rescore(archive: Archive, study: str = "small", workers: int = 1) -> tuple[dict[str, str], list[Event]]:
    events: list[Event] = []
    jobs = rescore_jobs(archive, study, scorer_identity())
    return carry_out_rescoring(archive, study, jobs, events.append, workers), events


def scores_of(result: Result) -> list[tuple[int, list[tuple[str, float]]]]:
    return [(item.step, sorted(item.metrics.items())) for item in result.evaluations]


def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def trains(*_: object) -> None:
        raise AssertionError("nothing is to be trained")

    monkeypatch.setattr(SeedGroup, "advance", trains)


def test_a_stored_run_has_the_scores_that_training_gave_it(copied: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dense, convolutional, conditional and diverged: by the same scorer, every number at every step to the bit."""
    no_training(monkeypatch)
    for given in kept(copied):
        shutil.rmtree(copied.folder(given.key) / "scores")
        assert copied.get(given.key).scorer == ""
        rescore_run(copied, given.key)
        found = copied.get(given.key)
        assert (found.scorer, found.noise_floor) == (given.scorer, given.noise_floor)
        assert repr(scores_of(found)) == repr(scores_of(given)), given.run.variant.name
        assert found.digests == given.digests


def test_a_stored_generator_draws_what_the_trained_one_drew(trained: Archive) -> None:
    for given in kept(trained):
        step = max(given.snapshots)
        drawn = StoredGenerator(
            given.run.variant, load_dataset("digits").shape, given.run.seed, given.snapshots[step]
        ).sample(40)
        shown = drawn.nan_to_num().clamp(0, 1).mul(255).round().numpy()
        np.testing.assert_array_equal(shown, given.samples[step])


def test_weights_of_another_network_are_refused(trained: Archive) -> None:
    given = next(result for result in kept(trained) if result.run.variant.name == "base")
    wider = given.run.variant.override({"generator.hidden": 17})
    with pytest.raises(DataError, match=r"not those of 'base': hidden\.0\.weight"):
        StoredGenerator(wider, load_dataset("digits").shape, 0, given.snapshots[40])


def test_a_study_is_scored_anew_once_and_read_with_its_new_scorer(
    copied: Archive, new_scorer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_training(monkeypatch)
    before = copied.read("small")
    assert len(copied.read("small", scorer=new_scorer).unscored) == 8
    failures, events = rescore(copied)
    assert failures == {}
    ended = [event for event in events if isinstance(event, GroupEnded)]
    assert [list(event.statuses.values()) for event in ended] == [["finished"] * 2] * 4
    stored = copied.read("small")
    assert (stored.scorer, stored.unscored) == (new_scorer, ())
    for ours, theirs in zip(stored.results, before.results, strict=True):
        assert repr(scores_of(ours)) == repr(scores_of(theirs))
    assert copied.read("small", scorer=before.scorer).unscored == (), "the earlier scores stay"
    assert rescore(copied) == ({}, [])


@pytest.mark.slow
def test_two_processes_score_a_study(copied: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    before = copied.read("small")
    for result in before.results:
        shutil.rmtree(copied.folder(result.key) / "scores")
    assert len(copied.read("small").unscored) == 8
    assert rescore(copied, workers=2)[0] == {}
    for ours, theirs in zip(copied.read("small").results, before.results, strict=True):
        assert repr(scores_of(ours)) == repr(scores_of(theirs))


def test_a_run_of_the_study_after_a_new_scorer_trains_nothing(
    copied: Archive, new_scorer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_training(monkeypatch)
    summary, _ = run(STUDY, copied)
    assert summary.reused == 8
    assert len(copied.read("small").unscored) == 8, "the study says by whom it is to be scored"


def test_stopped_between_two_runs_it_goes_on(copied: Archive, new_scorer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (job, *_) = rescore_jobs(copied, "small", new_scorer)
    asked = iter([None, "stopped"])
    events: list[Event] = []
    job.run(events.append, lambda: next(asked))
    ended = events[-1]
    assert isinstance(ended, GroupEnded)
    assert list(ended.statuses.values()) == ["finished", "interrupted"]
    left = {key for item in rescore_jobs(copied, "small", new_scorer) for key in item.keys}
    assert left == set(copied.keys()) - {job.keys[0]}
    assert copied.scorer("small") != new_scorer
    rescore(copied)
    assert copied.scorer("small") == new_scorer
    assert copied.read("small").unscored == ()


def test_where_the_end_alone_was_kept_the_end_alone_is_scored(
    open_archive: Callable[[str], Archive], change_scorer: Callable[[], str]
) -> None:
    archive = open_archive("last")
    run(dataclasses.replace(STUDY, variants=(BASE,)), archive, keep="last")
    before = archive.read("small").results
    change_scorer()
    rescore(archive)
    for ours, theirs in zip(archive.read("small").results, before, strict=True):
        assert ours.scores == theirs.scores
        for item in ours.evaluations[:-1]:
            assert set(item.metrics) == set(DISCRIMINATOR_METRICS)


def test_a_damaged_run_is_named_and_the_others_are_scored(copied: Archive, new_scorer: str) -> None:
    key = copied.read("small").results[0].key
    (copied.folder(key) / "snapshots.safetensors").write_bytes(b"no")
    failures, _ = rescore(copied)
    assert list(failures) == ["base seed 0"]
    assert "snapshots.safetensors" in failures["base seed 0"]
    assert [result.key for result in copied.read("small", scorer=new_scorer).unscored] == [key]
    assert copied.read("small").unscored == (), "the study is read with its earlier scorer until all have the new one"


def test_what_kept_no_weights_or_is_of_other_data_is_refused(copied: Archive, new_scorer: str) -> None:
    (first, second, *_) = copied.read("small").results
    rewrite(copied, first, snapshots={})
    with pytest.raises(StoreError, match=f"{first.key} kept no weights of G.*train it again"):
        rescore_jobs(copied, "small", new_scorer)
    changed = dataclasses.replace(copied.get(second.key), run=dataclasses.replace(second.run, data_digest="0" * 64))
    copied.put(changed)
    with pytest.raises(DataError, match=r"other data.*get the same data"):
        rescore_run(copied, changed.key)


def rewrite(archive: Archive, result: Result, **changes: Any) -> None:
    run_folder.save(dataclasses.replace(archive.get(result.key), **changes), archive.folder(result.key))
