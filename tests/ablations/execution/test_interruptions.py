"""Kills, signals and lost workers: the study ends with the bits that it has undisturbed."""

from __future__ import annotations

import dataclasses
import errno
import os
import signal
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from ablations.execution.events import Evaluated, Event, GroupStarted, Progressed
from ablations.execution.executors import Job, ProcessExecutor
from ablations.execution.job import GroupJob
from ablations.execution.plan import make_plan
from ablations.execution.runner import execute
from ablations.store import Archive
from ablations.training.seed_group import SeedGroup
from tests.ablations.small_study import BASE, OPTIONS, STUDY, digests, kept, plan, run

pytestmark = pytest.mark.usefixtures("few_digits")

Open = Callable[[str], Archive]
Digests = dict[str, tuple[str, dict[str, str]]]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Digests:
    archive = Archive.open(tmp_path_factory.mktemp("undisturbed"))
    run(STUDY, archive)
    return digests(archive)


class Killed(BaseException):
    """Stands for a signal that no code sees."""


def dying(monkeypatch: pytest.MonkeyPatch, step: int) -> list[int]:
    """Die once in training, at the first tick from `step` on; the list has the step at which."""
    advance = SeedGroup.advance
    began: list[int] = []

    def dies(self: SeedGroup, steps: int) -> None:
        if self.step >= step and not began:
            began.append(self.step)
            raise Killed
        advance(self, min(steps, 3))

    monkeypatch.setattr(SeedGroup, "advance", dies)
    return began


@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), RuntimeError("could not create a primitive")]
)
def test_a_full_disk_or_too_little_memory_costs_no_checkpoint(
    undisturbed: Digests, open_archive: Open, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    archive = open_archive(f"short-{type(error).__name__}")
    advance = SeedGroup.advance

    def short(self: SeedGroup, steps: int) -> None:
        if self.step >= 20:
            raise error
        advance(self, min(steps, 3))

    with monkeypatch.context() as patch:
        patch.setattr(SeedGroup, "advance", short)
        summary, _ = run(STUDY, archive, checkpoint_seconds=0.0)
    assert summary.counts["failed"] == 6
    _, events = run(STUDY, archive)
    resumed = [event.step for event in events if isinstance(event, GroupStarted)]
    assert min(resumed) >= 18, "it goes on from the last checkpoint"
    assert digests(archive) == undisturbed


def test_a_checkpoint_that_cannot_be_gone_on_with_fails_once(
    undisturbed: Digests, open_archive: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = open_archive("other-state")
    dying(monkeypatch, 20)
    with pytest.raises(Killed):
        run(STUDY, archive, checkpoint_seconds=0.0)
    load = SeedGroup.load_state

    def other(self: SeedGroup, tensors: object, step: int) -> None:
        raise KeyError("a name of another version")

    monkeypatch.setattr(SeedGroup, "load_state", other)
    summary, _ = run(STUDY, archive)
    assert (summary.counts["failed"], summary.counts["finished"]) == (3, 3)
    assert "cannot be gone on with (KeyError" in summary.failures[0][1]
    monkeypatch.setattr(SeedGroup, "load_state", load)
    run(STUDY, archive)
    assert digests(archive) == undisturbed


@pytest.mark.parametrize("step", [0, 7, 20, 33])
def test_killed_and_resumed_is_never_killed(
    undisturbed: Digests, open_archive: Open, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    archive = open_archive(f"killed-{step}")
    began = dying(monkeypatch, step)
    with pytest.raises(Killed):
        run(STUDY, archive, checkpoint_seconds=0.0)
    summary, events = run(STUDY, archive)
    resumed = [event.step for event in events if isinstance(event, GroupStarted)]
    assert summary.counts["finished"] == 6
    assert max(resumed) == (began[0] if step else 0)
    assert digests(archive) == undisturbed
    assert all(sorted(result.snapshots) == [0, 20, 40] for result in kept(archive))


@pytest.mark.parametrize(
    ("before", "after", "used"),
    [
        ({"evaluations": 1}, {"evaluations": 2}, False),
        ({"keep": "last"}, {"keep": "all"}, True),
    ],
)
def test_a_checkpoint_that_lacks_something_wanted_now_is_not_used(
    undisturbed: Digests,
    open_archive: Open,
    monkeypatch: pytest.MonkeyPatch,
    before: dict[str, object],
    after: dict[str, object],
    used: bool,
) -> None:
    archive = open_archive("other-wishes")
    dying(monkeypatch, 33)
    with pytest.raises(Killed):
        run(STUDY, archive, checkpoint_seconds=0.0, **before)
    _, events = run(STUDY, archive, **after)
    first = next(event.step for event in events if isinstance(event, GroupStarted))
    assert (first > 0) == used
    assert digests(archive) == undisturbed
    assert all(sorted(result.snapshots) == [0, 20, 40] for result in kept(archive))


def killed_early(job: GroupJob, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves a checkpoint at step 9, after the first scores."""
    dying(monkeypatch, 7)
    with pytest.raises(Killed):
        job.run(lambda event: None, lambda: None)


def first_step(job: GroupJob) -> int:
    """Where a job goes on; it is stopped there."""
    events: list[Event] = []
    job.run(events.append, lambda: "enough")
    return next(event.step for event in events if isinstance(event, GroupStarted))


@pytest.mark.parametrize(("before", "after", "step"), [((1,), (0, 1, 2), 0), ((0, 1, 2), (1,), 9)])
def test_a_checkpoint_that_lacks_scores_of_a_seed_is_not_used(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, before: tuple[int, ...], after: tuple[int, ...], step: int
) -> None:
    job = plan(archive, checkpoint_seconds=0.0).jobs[0]
    killed_early(dataclasses.replace(job, wanted=before), monkeypatch)
    assert first_step(dataclasses.replace(job, wanted=after)) == step


def test_a_checkpoint_with_scores_of_another_scorer_is_not_used(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, change_scorer: Callable[[], str]
) -> None:
    job = plan(archive, checkpoint_seconds=0.0).jobs[0]
    killed_early(job, monkeypatch)
    change_scorer()
    assert first_step(job) == 0


def test_sigterm_checkpoints_records_and_raises(open_archive: Open) -> None:
    archive = open_archive("stopped")
    long = dataclasses.replace(STUDY, variants=(BASE.override({"steps": 100_000}),), contrasts=())

    def stop(event: Event) -> None:
        if isinstance(event, Progressed) and event.step:
            os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        execute(make_plan(long, OPTIONS, archive), archive, stop)
    results = archive.read("small").results
    assert {r.status for r in results} == {"interrupted"}
    assert results[0].reason == "stopped by SIGTERM"
    assert list((archive.work / "checkpoints").glob("*/step-*")), "there is a checkpoint to go on from"


def test_an_interrupted_attempt_at_more_scores_leaves_the_finished_run(
    undisturbed: Digests, open_archive: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = open_archive("kept")
    run(STUDY, archive)

    def fails(self: SeedGroup, steps: int) -> None:
        raise RuntimeError("no luck")

    with monkeypatch.context() as patch:
        patch.setattr(SeedGroup, "advance", fails)
        assert run(STUDY, archive, evaluations=8)[0].counts["failed"] == 6
    assert digests(archive) == undisturbed


class Flaky(ProcessExecutor):
    """An executor of one process, which is killed so many times, each at a score."""

    def __init__(self, *, until_dead: bool, times: int = 1) -> None:
        """`until_dead`: whether the parent looks only once the process is gone."""
        super().__init__(1)
        self.until_dead, self.times, self.killed = until_dead, times, 0

    def run(self, jobs: Iterable[Job], on_event: Callable[[Event], None], stop: Callable[[], str | None]) -> None:
        def watch(event: Event) -> None:
            on_event(event)
            if isinstance(event, Evaluated) and event.step == 20 and self.killed < self.times:
                self.killed += 1
                for child in self.pids():
                    os.kill(child, signal.SIGKILL)
                while self.until_dead and self.pids():
                    time.sleep(0.01)

        super().run(jobs, watch, stop)


@pytest.mark.slow
@pytest.mark.parametrize("until_dead", [False, True])
def test_a_killed_worker_is_replaced_and_its_group_trained_again(
    until_dead: bool, undisturbed: Digests, open_archive: Open
) -> None:
    archive = open_archive("worker-killed")
    flaky = Flaky(until_dead=until_dead)
    summary = execute(make_plan(STUDY, OPTIONS, archive), archive, executor=flaky)
    assert flaky.killed == 1
    assert summary.counts["finished"] == 6
    assert digests(archive) == undisturbed


@pytest.mark.slow
def test_a_group_whose_workers_all_die_is_recorded_and_the_others_go_on(
    undisturbed: Digests, open_archive: Open
) -> None:
    archive = open_archive("worker-lost")
    flaky = Flaky(until_dead=True, times=2)
    summary = execute(make_plan(STUDY, OPTIONS, archive), archive, executor=flaky)
    assert {status: count for status, count in summary.counts.items() if count} == {"finished": 3, "failed": 3}
    assert "was killed by signal SIGKILL" in summary.failures[0][1]
    assert len(archive.read("small").failures) == 3
    run(STUDY, archive)
    assert digests(archive) == undisturbed


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_to_parent_and_workers_at_once_ends_and_a_rerun_completes(
    workers: int, undisturbed: Digests, open_archive: Open
) -> None:
    archive = open_archive(f"group-killed-{workers}")
    executor = ProcessExecutor(workers)

    def end(event: Event) -> None:
        if isinstance(event, Evaluated) and event.step == 20:
            for child in executor.pids():
                os.kill(child, signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            while executor.pids():
                time.sleep(0.01)

    with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
        execute(make_plan(STUDY, OPTIONS, archive), archive, end, executor)
    run(STUDY, archive)
    assert digests(archive) == undisturbed


def full(*arguments: object) -> None:
    raise OSError(28, "No space left on device")


def test_a_disk_that_is_full_at_a_checkpoint_is_said_and_a_rerun_takes_up(
    open_archive: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = open_archive("full-disk")
    with monkeypatch.context() as patch:
        patch.setattr("ablations.execution.checkpoint.save_file", full)
        summary, _ = run(STUDY, archive, checkpoint_seconds=0.0)
    assert summary.counts["failed"] == 6
    assert "No space left on device; make room" in summary.failures[0][1]
    again, _ = run(STUDY, archive)
    assert again.counts["finished"] == 6


def test_a_disk_that_is_full_at_a_run_ends_the_command_and_a_rerun_takes_up(
    undisturbed: Digests, open_archive: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ablations.config.errors import DataError

    archive = open_archive("full-disk")
    with monkeypatch.context() as patch:
        patch.setattr("ablations.store.run_folder.save_file", full)
        with pytest.raises(DataError, match="No space left on device; make room or move --store"):
            run(STUDY, archive, checkpoint_seconds=0.0)
    assert archive.keys() == ()
    assert list(Path(archive.runs).iterdir()) == []
    _, events = run(STUDY, archive)
    assert max(event.step for event in events if isinstance(event, GroupStarted)) == 40, "nothing is trained twice"
    assert digests(archive) == undisturbed
