"""From plan to store: nothing twice, nothing lost, the same bits whoever trains."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from ablations.config import Study
from ablations.execution.events import Evaluated, Event, GroupEnded, GroupStarted, Progressed
from ablations.execution.executors import Job, ProcessExecutor
from ablations.execution.plan import Options, make_plan
from ablations.execution.runner import Summary, execute
from ablations.execution.worker import train_group
from ablations.store import Store
from ablations.store.result import Result
from ablations.training.seed_group import SeedGroup
from tests.ablations.small_study import BASE, OPTIONS, STUDY

Open = Callable[[str], Store]


def run(study: Study, store: Store, options: Options = OPTIONS, **changes: object) -> tuple[Summary, list[Event]]:
    events: list[Event] = []
    options = dataclasses.replace(options, **changes)  # type: ignore[arg-type]
    return execute(make_plan(study, options, store), store, events.append), events


def digests(store: Store, study: str = "small") -> dict[tuple[str, int], dict[str, str]]:
    return {(r.run.variant.name, r.run.seed): whole(store, r).digests for r in store.read(study).results}


def whole(store: Store, result: Result) -> Result:
    return store.read_result(store.keys("small")[result.key])


@pytest.fixture(scope="module")
def first(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Summary, list[Event]]:
    """A store in which the study was run once, undisturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    shutil.copy(empty_database, folder)
    store = Store.open(folder)
    return store, *run(STUDY, store)


def test_a_study_is_trained_scored_and_stored(first: tuple[Store, Summary, list[Event]]) -> None:
    store, summary, events = first
    assert summary.counts["finished"] == 6
    assert not summary.failed
    stored = store.read("small")
    assert len(stored.results) == 6
    for result in stored.results:
        assert result.last_step == 40
        assert [item.step for item in result.evaluations] == [0, 20, 40]
        assert sorted(result.samples) == [0, 20, 40]
        assert all(len(values) == 40 for values in result.curves.values())
        assert result.scores["frechet_500"] > 0
        assert 0 <= result.scores["d_real_test"] <= 1
        assert ("label_accuracy" in result.scores) == result.run.variant.conditional
        assert float(result.environment["noise_floor"]) > 0
    kinds = [type(event) for event in events]
    assert kinds.count(GroupStarted) == kinds.count(GroupEnded) == 2
    assert Progressed in kinds
    assert Evaluated in kinds


def test_a_finished_run_is_never_trained_again(first: tuple[Store, Summary, list[Event]]) -> None:
    store, _, _ = first
    summary, events = run(STUDY, store)
    assert summary.reused == 6
    assert events == []


def test_only_what_is_missing_is_trained_and_has_the_same_bits(
    first: tuple[Store, Summary, list[Event]], open_store: Open
) -> None:
    """A stack with one seed missing trains whole, in the same slots, and records that seed alone."""
    store = open_store("partly")
    plan = make_plan(STUDY, OPTIONS, store)
    part = dataclasses.replace(plan.groups[0].job, wanted=(1,))
    train_group(part, lambda event: None)
    run(STUDY, store)
    assert digests(store) == digests(first[0])


def test_two_processes_and_another_order_give_the_same_bits(
    first: tuple[Store, Summary, list[Event]], open_store: Open
) -> None:
    store = open_store("processes")
    study = dataclasses.replace(STUDY, variants=STUDY.variants[::-1])
    summary, _ = run(study, store, workers=2)
    assert summary.counts["finished"] == 6
    assert digests(store) == digests(first[0])


def test_the_cadence_of_evaluation_changes_no_weight(
    first: tuple[Store, Summary, list[Event]], open_store: Open
) -> None:
    store = open_store("cadence")
    run(STUDY, store, evaluations=5)
    ours, theirs = digests(store), digests(first[0])
    for name in ours:
        assert ours[name]["weights_sha256"] == theirs[name]["weights_sha256"]
        assert ours[name]["curves_sha256"] == theirs[name]["curves_sha256"]


def test_another_study_takes_over_what_is_trained(first: tuple[Store, Summary, list[Event]]) -> None:
    store, _, _ = first
    renamed = dataclasses.replace(BASE, name="same settings")
    summary, events = run(
        Study(name="second", title="", description="", variants=(renamed,), seeds=3, evaluations=2), store
    )
    assert (summary.reused, events) == (3, [])
    assert {r.run.variant.name for r in store.read("second").results} == {"same settings"}


class Killed(BaseException):
    """Stands for a signal that no code sees."""


@pytest.mark.parametrize("step", [0, 7, 20, 33])
def test_killed_and_resumed_is_never_killed(
    first: tuple[Store, Summary, list[Event]], open_store: Open, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    store = open_store(f"killed-{step}")
    advance = SeedGroup.advance
    began: list[int] = []

    def dies(self: SeedGroup, steps: int) -> None:
        if self.step >= step and not began:
            began.append(self.step)
            raise Killed
        advance(self, min(steps, 3))

    monkeypatch.setattr(SeedGroup, "advance", dies)
    with pytest.raises(Killed):
        run(STUDY, store, checkpoint_seconds=0.0)
    summary, events = run(STUDY, store)
    resumed = [event.step for event in events if isinstance(event, GroupStarted)]
    assert summary.counts["finished"] == 6
    assert max(resumed) == (began[0] if step else 0)
    assert digests(store) == digests(first[0])


def test_an_exception_in_one_variant_is_recorded_and_the_others_go_on(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store("failing")
    advance = SeedGroup.advance

    def fails(self: SeedGroup, steps: int) -> None:
        if self.variant.name == "other":
            raise RuntimeError("a cosmic ray")
        advance(self, steps)

    with monkeypatch.context() as patch:
        patch.setattr(SeedGroup, "advance", fails)
        summary, _ = run(STUDY, store)
    assert summary.counts == {"finished": 3, "failed": 3, "diverged": 0, "timed_out": 0, "interrupted": 0}
    assert summary.failed
    assert ("other seed 0", "RuntimeError: a cosmic ray") in summary.failures
    failed = [r for r in store.read("small").results if r.status == "failed"]
    assert "cosmic ray" in failed[0].environment["traceback"]
    # A rerun takes up just what is missing.
    again, _ = run(STUDY, store)
    assert (again.counts["finished"], again.reused) == (3, 3)
    assert {r.status for r in store.read("small").results} == {"finished"}


_WILD = {"name": "sgd", "learning_rate": 1e38}


def test_a_seed_that_diverges_says_so_and_is_a_result(open_store: Open) -> None:
    store = open_store("diverging")
    sgd = {f"{g}_optimizer.{k}": v for g in ("generator", "discriminator") for k, v in _WILD.items()}
    wild = BASE.override(sgd, name="wild")
    summary, _ = run(dataclasses.replace(STUDY, variants=(wild,), contrasts=()), store)
    assert summary.counts["diverged"] == 3
    assert summary.failed
    for result in store.read("small").results:
        assert result.status == "diverged"
        assert f"at step {result.last_step}" in result.reason
        assert len(result.curves["g_loss"]) == result.last_step < 40
        assert result.scores["frechet_500"] != result.scores["frechet_500"]  # NaN, never a number from before
    again, _ = run(dataclasses.replace(STUDY, variants=(wild,), contrasts=()), store)
    assert again.reused == 3


def test_a_time_limit_is_an_outcome(open_store: Open) -> None:
    store = open_store("limited")
    summary, _ = run(STUDY, store, time_limit=1e-6)
    assert summary.counts["timed_out"] == 6
    assert "limit" in summary.failures[0][1]


def test_sigterm_checkpoints_records_and_raises(open_store: Open) -> None:
    store = open_store("stopped")
    long = dataclasses.replace(STUDY, variants=(BASE.override({"steps": 100_000}),), contrasts=())
    seen: list[Event] = []

    def stop(event: Event) -> None:
        seen.append(event)
        if isinstance(event, Progressed) and event.step:
            os.kill(os.getpid(), signal.SIGTERM)

    plan = make_plan(long, OPTIONS, store)
    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        execute(plan, store, stop)
    results = store.read("small").results
    assert {r.status for r in results} == {"interrupted"}
    assert results[0].reason == "stopped by SIGTERM"
    assert list((plan.work / "checkpoints").glob("*/step-*")), "there is a checkpoint to go on from"


@dataclasses.dataclass
class Flaky:
    """An executor whose process is killed once for each job that begins."""

    inner: ProcessExecutor
    until_dead: bool = False
    """Whether the parent looks only once the process is gone."""
    killed: int = 0

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Callable[[], str | None]) -> None:
        def watch(event: Event) -> None:
            on_event(event)
            if isinstance(event, Evaluated) and event.step == 20 and self.killed < 1:
                self.killed += 1
                for child in self.inner.pids():
                    os.kill(child, signal.SIGKILL)
                while self.until_dead and self.inner.pids():
                    time.sleep(0.01)

        self.inner.run(jobs, watch, stop)


@pytest.mark.parametrize("until_dead", [False, True])
def test_a_killed_worker_is_replaced_and_its_group_trained_again(
    until_dead: bool, first: tuple[Store, Summary, list[Event]], open_store: Open
) -> None:
    store = open_store("worker-killed")
    flaky = Flaky(ProcessExecutor(1), until_dead)
    summary = execute(make_plan(STUDY, OPTIONS, store), store, executor=flaky)
    assert flaky.killed == 1
    assert summary.counts["finished"] == 6
    assert digests(store) == digests(first[0])


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_to_parent_and_workers_at_once_ends_and_a_rerun_completes(
    workers: int, first: tuple[Store, Summary, list[Event]], open_store: Open
) -> None:
    store = open_store(f"group-killed-{workers}")
    executor = ProcessExecutor(workers)

    def end(event: Event) -> None:
        if isinstance(event, Evaluated) and event.step == 20:
            for child in executor.pids():
                os.kill(child, signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            while executor.pids():
                time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        execute(make_plan(STUDY, OPTIONS, store), store, end, executor)
    run(STUDY, store)
    assert digests(store) == digests(first[0])


def test_two_commands_at_once_train_nothing_twice(tmp_path: Path) -> None:
    """The second waits for the first, then finds everything stored."""
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
    assert sorted(summary["counts"]["finished"] for summary in summaries) == [0, 6]
    assert sorted(summary["reused"] for summary in summaries) == [0, 6]
    stored = Store.open(tmp_path / "store").read("small")
    assert len(stored.results) == 6
    assert stored.superseded == 0


def test_a_disk_that_is_full_at_a_checkpoint_is_said_and_a_rerun_takes_up(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store("full-disk")

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("ablations.execution.checkpoint.save_file", full)
        summary, _ = run(STUDY, store, checkpoint_seconds=0.0)
    assert summary.counts["failed"] == 6
    assert "No space left on device; make room" in summary.failures[0][1]
    again, _ = run(STUDY, store)
    assert again.counts["finished"] == 6
