"""From plan to archive: nothing twice, nothing lost, the same bits whoever trains."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ablations.config import Study
from ablations.data import load_dataset
from ablations.execution.events import Evaluated, Event, GroupEnded, GroupStarted, Progressed
from ablations.execution.plan import make_plan
from ablations.execution.runner import Summary
from ablations.store import Archive
from ablations.training.generator import StoredGenerator
from ablations.training.seed_group import SeedGroup
from ablations.training.stored_module import stored_modules
from tests.ablations.small_study import BASE, OPTIONS, STUDY, WILD, digests, kept, run

pytestmark = pytest.mark.usefixtures("few_digits")

Open = Callable[[str], Archive]
First = tuple[Archive, Summary, list[Event]]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> First:
    """An archive in which the study was run once, undisturbed."""
    archive = Archive.open(tmp_path_factory.mktemp("undisturbed"))
    return archive, *run(STUDY, archive)


def frechet() -> str:
    """The name of a score of as many samples as there are test images."""
    return f"frechet_{len(load_dataset('digits').test_images)}"


def test_a_study_is_trained_scored_and_archived(first: First) -> None:
    archive, summary, events = first
    assert summary.counts["finished"] == 6
    assert not summary.failed
    stored = archive.read("small")
    assert len(stored.results) == len(archive.keys()) == 6
    assert stored.unscored == ()
    for result in stored.results:
        assert result.last_step == 40
        assert [item.step for item in result.evaluations] == [0, 20, 40]
        assert sorted(result.samples) == [0, 20, 40]
        assert all(len(values) == 40 for values in result.curves.values())
        assert result.scores[frechet()] > 0
        assert ("label_accuracy" in result.scores) == result.run.variant.conditional
        assert result.noise_floor > 0
        assert result.scorer == stored.scorer
    kinds = [type(event) for event in events]
    assert kinds.count(GroupStarted) == kinds.count(GroupEnded) == 2
    assert Progressed in kinds
    assert Evaluated in kinds
    assert list((archive.work / "checkpoints").glob("*/step-*")) == [], "what has ended needs no checkpoint"


def test_gs_weights_are_kept_at_every_scored_step(first: First) -> None:
    archive, _, _ = first
    for result in kept(archive):
        assert sorted(result.snapshots) == [0, 20, 40]
        for name, values in result.snapshots[40].items():
            np.testing.assert_array_equal(values, result.weights[f"generator.{name}"])
        assert any((result.snapshots[0][name] != values).any() for name, values in result.snapshots[20].items())


def test_the_last_d_looks_back_at_g_of_every_scored_step(first: First) -> None:
    archive, _, _ = first
    for result in kept(archive):
        variant, dataset = result.run.variant, load_dataset(result.run.dataset)
        assert result.scores["d_last_fake"] == result.scores["d_fake_eval"]
        for item in result.evaluations:
            weights = {f"generator.{name}": values for name, values in result.snapshots[item.step].items()}
            g, d = stored_modules(variant, dataset.shape, {**result.weights, **weights})
            drawn = StoredGenerator(variant, dataset.shape, result.run.seed, result.snapshots[item.step])
            labels = torch.arange(len(dataset.test_images)) % 10
            believed = d(g(drawn.latents(len(labels)), labels), labels).mean().item()
            assert item.metrics["d_last_fake"] == pytest.approx(believed, rel=1e-5)
        assert result.evaluations[0].metrics["d_last_fake"] != result.evaluations[0].metrics["d_fake_eval"]
        assert all(item.metrics["g_gradient_saturating"] > 0 for item in result.evaluations)


def test_what_d_says_of_test_images_and_of_samples_is_what_the_stored_d_says(first: First) -> None:
    for result in kept(first[0]):
        dataset = load_dataset(result.run.dataset)
        g, d = stored_modules(result.run.variant, dataset.shape, result.weights)
        labels = torch.arange(len(dataset.test_images)) % 10
        drawn = StoredGenerator(result.run.variant, dataset.shape, result.run.seed, result.snapshots[40])
        latents = drawn.latents(len(labels))
        with torch.no_grad():
            real, fake = d(dataset.test_images / 255, dataset.test_labels), d(g(latents, labels), labels)
        assert result.scores["d_real_test"] == pytest.approx(real.mean().item(), rel=1e-5)
        assert result.scores["d_fake_eval"] == pytest.approx(fake.mean().item(), rel=1e-5)
        shown = 2 * len(labels)
        right = ((real > 0.5).sum().item() + (fake <= 0.5).sum().item()) / shown
        assert result.scores["d_accuracy"] == pytest.approx(right, abs=2 / shown)  # two may lie at the bound itself


def test_of_g_the_end_alone_is_kept_where_that_is_asked(first: First, open_archive: Open) -> None:
    archive = open_archive("last")
    plan = make_plan(STUDY, dataclasses.replace(OPTIONS, keep="last"), archive)
    assert plan.kept_bytes * 3 == make_plan(STUDY, OPTIONS, archive).kept_bytes
    run(STUDY, archive, keep="last")
    assert {tuple(result.snapshots) for result in kept(archive)} == {(40,)}
    assert digests(archive) == digests(first[0])
    assert run(STUDY, archive)[0].reused == 6


def test_a_finished_run_is_never_trained_again(first: First) -> None:
    archive, _, _ = first
    summary, events = run(STUDY, archive)
    assert summary.reused == 6
    assert events == []


def test_only_what_is_missing_is_trained_and_has_the_same_bits(first: First, open_archive: Open) -> None:
    """A stack with one seed missing trains whole, in the same slots, and records that seed alone."""
    archive = open_archive("partly")
    part = dataclasses.replace(make_plan(STUDY, OPTIONS, archive).jobs[0], wanted=(1,))
    part.run(lambda event: None, lambda: None)
    assert len(archive.keys()) == 1
    assert run(STUDY, archive)[0].reused == 1
    assert digests(archive) == digests(first[0])


@pytest.mark.slow
def test_two_processes_and_another_order_give_the_same_bits(first: First, open_archive: Open) -> None:
    archive = open_archive("processes")
    study = dataclasses.replace(STUDY, variants=STUDY.variants[::-1])
    summary, _ = run(study, archive, workers=2)
    assert summary.counts["finished"] == 6
    assert digests(archive) == digests(first[0])


def test_trained_afresh_a_run_has_the_same_bits_and_is_kept_once(first: First, open_archive: Open) -> None:
    archive = open_archive("fresh")
    for _ in range(2):
        summary, _ = run(STUDY, archive, fresh=True)
        assert (summary.counts["finished"], summary.reused) == (6, 0)
    assert digests(archive) == digests(first[0])
    key = archive.keys()[0]
    (archive.folder(key) / "curves.safetensors").write_bytes(b"no")
    assert list(archive.read("small").unreadable) == [key]
    run(STUDY, archive, fresh=True)
    assert digests(archive) == digests(first[0]), "a damaged run is mended by it"


def test_what_is_trained_afresh_takes_the_place_of_what_was_stored(open_archive: Open) -> None:
    archive = open_archive("afresh")
    run(STUDY, archive)
    (key, *_) = archive.keys()
    assert len(archive.get(key).snapshots) > 1
    run(STUDY, archive, keep="last")
    assert len(archive.get(key).snapshots) > 1, "it is stored"
    run(STUDY, archive, keep="last", fresh=True)
    assert len(archive.get(key).snapshots) == 1


def test_the_cadence_of_evaluation_changes_neither_key_nor_weight(first: First, open_archive: Open) -> None:
    archive = open_archive("cadence")
    run(STUDY, archive, evaluations=1)
    ours, theirs = digests(archive), digests(first[0])
    assert ours.keys() == theirs.keys()
    for key, (status, found) in ours.items():
        assert status == theirs[key][0]
        assert found["weights_sha256"] == theirs[key][1]["weights_sha256"]
        assert found["curves_sha256"] == theirs[key][1]["curves_sha256"]
        assert found["scores_sha256"] != theirs[key][1]["scores_sha256"]


def test_a_run_with_fewer_scored_steps_is_trained_again_when_more_are_wanted(first: First, open_archive: Open) -> None:
    archive = open_archive("more-steps")
    run(STUDY, archive, evaluations=1)
    summary, _ = run(STUDY, archive)
    assert (summary.counts["finished"], summary.reused) == (6, 0)
    assert digests(archive) == digests(first[0])
    summary, _ = run(STUDY, archive, evaluations=1)
    assert (summary.counts["finished"], summary.reused) == (0, 6), "what has more has these too"
    assert digests(archive) == digests(first[0])


def test_another_study_shares_what_is_trained_under_its_own_label(first: First) -> None:
    archive, _, _ = first
    renamed = dataclasses.replace(BASE, name="same settings")
    study = Study(name="second", title="", description="", variants=(renamed,), seeds=3, evaluations=2)
    before = archive.keys()
    summary, events = run(study, archive)
    assert (summary.reused, events) == (3, [])
    assert archive.keys() == before
    assert {(r.study, r.run.variant.name) for r in archive.read("second").results} == {("second", "same settings")}
    assert {r.run.variant.name for r in archive.read("small").results} == {"base", "other"}


def test_two_variants_of_one_training_are_both_there(open_archive: Open) -> None:
    archive = open_archive("twins")
    study = dataclasses.replace(STUDY, variants=(BASE, dataclasses.replace(BASE, name="twin")), contrasts=())
    summary, _ = run(study, archive)
    assert (summary.counts["finished"], summary.reused) == (3, 3)  # the second finds the first one's
    assert len(archive.keys()) == 3
    assert [r.run.variant.name for r in archive.read("small").results] == ["base"] * 3 + ["twin"] * 3


def test_an_exception_in_one_variant_is_recorded_and_the_others_go_on(
    open_archive: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = open_archive("failing")
    advance = SeedGroup.advance

    def fails(self: SeedGroup, steps: int) -> None:
        if self.variant.name == "other":
            raise RuntimeError("a cosmic ray")
        advance(self, steps)

    with monkeypatch.context() as patch:
        patch.setattr(SeedGroup, "advance", fails)
        summary, _ = run(STUDY, archive)
    assert {status: count for status, count in summary.counts.items() if count} == {"finished": 3, "failed": 3}
    assert summary.failed
    assert ("other seed 0", "RuntimeError: a cosmic ray") in summary.failures
    failed = archive.read("small").failures
    assert len(failed) == 3
    assert "cosmic ray" in failed[0].environment["traceback"]
    # A rerun takes up just what is missing.
    again, _ = run(STUDY, archive)
    assert (again.counts["finished"], again.reused) == (3, 3)
    assert {r.status for r in archive.read("small").results} == {"finished"}


def test_a_seed_that_diverges_says_so_and_is_a_result(open_archive: Open) -> None:
    archive = open_archive("diverging")
    study = dataclasses.replace(STUDY, variants=(WILD,), contrasts=())
    summary, _ = run(study, archive)
    assert summary.counts["diverged"] == 3
    assert summary.failed
    for result in archive.read("small").results:
        assert result.status == "diverged"
        assert f"at step {result.last_step}" in result.reason
        assert len(result.curves["g_loss"]) == result.last_step < 40
        assert np.isnan(result.scores[frechet()]), "never a number from before"
    again, _ = run(study, archive)
    assert again.reused == 3


def test_a_time_limit_is_an_outcome(open_archive: Open) -> None:
    archive = open_archive("limited")
    summary, _ = run(STUDY, archive, time_limit=1e-6)
    assert summary.counts["timed_out"] == 6
    assert "limit" in summary.failures[0][1]
    assert run(STUDY, archive)[0].counts["finished"] == 6


@pytest.mark.slow
def test_two_commands_at_once_train_nothing_twice(tmp_path: Path) -> None:
    """They share the work: what one is at, the other leaves, and waits for at the end."""
    (tmp_path / "study.json").write_text(json.dumps(STUDY.as_dict()))
    command = [sys.executable, "-m", "ablations.cli", "run", str(tmp_path / "study.json"), "--data", "digits", "--json"]
    command += ["--device", "cpu", "--workers", "1", "--steps", "300", "--store", str(tmp_path / "store"), "--out"]
    both = [
        subprocess.Popen([*command, str(tmp_path / out)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for out in ("first", "second")
    ]
    done = [process.communicate(timeout=100) for process in both]
    assert [process.returncode for process in both] == [0, 0], done
    summaries = [json.loads(output) for output, _ in done]
    assert sum(summary["counts"]["finished"] for summary in summaries) == 6
    assert sum(summary["reused"] for summary in summaries) == 6
    archive = Archive.open(tmp_path / "store")
    assert len(archive.read("small").results) == len(archive.keys()) == 6
