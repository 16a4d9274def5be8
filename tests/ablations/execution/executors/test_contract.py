"""What every executor must do, asked of each in the same words. Another one is a row of `EXECUTORS` and its module."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click
import pytest

from ablations.cli import main
from ablations.config.errors import ConfigError, DataError
from ablations.execution.choice import ExecutorOptions
from ablations.execution.events import Event, GroupEnded, GroupStarted
from ablations.execution.executors import EXECUTORS, Executor, Settings, make_executor
from tests.ablations.execution.executors.jobs import Make, do

SETTINGS = Settings(workers=2, address="local", variables={"A_VARIABLE": "its value"})
RAY = pytest.param("ray", marks=pytest.mark.slow)
WITH_PROCESSES = ("processes", RAY)
"""Executors whose jobs may die without them."""


@pytest.fixture(scope="module")
def executors() -> Iterator[dict[str, Executor]]:
    """One of each, begun when it is first asked for and held until the end."""
    with ExitStack() as stack:

        class Held(dict[str, Executor]):
            def __missing__(self, name: str) -> Executor:
                if name == "ray" and importlib.util.find_spec("ray") is None:
                    pytest.skip("needs Ray: pip install 'gan-ablations[cluster]'")
                self[name] = stack.enter_context(make_executor(name, SETTINGS))
                return self[name]

        yield Held()


@pytest.fixture(params=[RAY if name == "ray" else name for name in EXECUTORS])
def executor(request: pytest.FixtureRequest, executors: dict[str, Executor]) -> Executor:
    return executors[request.param]


def ends(events: list[Event]) -> dict[str, tuple[str, str]]:
    """Of each job that ended, its status and why; two ends of one job are an error."""
    found = [event for event in events if isinstance(event, GroupEnded)]
    assert len({event.group for event in found}) == len(found)
    return {event.group: (event.statuses[0], event.reasons.get(0, "")) for event in found}


def test_every_job_is_done_once_and_its_end_is_told_when_its_results_are_kept(executor: Executor, make: Make) -> None:
    jobs = {name: make(name) for name in "abcde"}
    kept: list[str | None] = []

    def heard(event: Event) -> None:
        if isinstance(event, GroupEnded):
            kept.append(jobs[event.group].note)

    executor.run(jobs.values(), heard, lambda: None)
    assert kept == [job.note for job in jobs.values()]
    assert all(note is not None and note.startswith("read ") for note in kept)
    assert [job.begun for job in jobs.values()] == [1] * 5


def test_no_jobs_are_no_work_and_another_list_can_follow(executor: Executor, make: Make) -> None:
    assert do(executor) == []
    assert ends(do(executor, make("a"))) == {"a": ("finished", "")}
    assert ends(do(executor, make("b"))) == {"b": ("finished", "")}


def test_the_first_of_the_list_begin_first(executor: Executor, make: Make) -> None:
    """None begins before its turn; one whose process is slow to start, on a busy machine, may begin after it."""
    jobs = [make(name) for name in "abcdef"]
    began = [event.group for event in do(executor, *jobs) if isinstance(event, GroupStarted)]
    for place, job in enumerate(jobs):
        assert place - began.index(job.name) < executor.capacity


def test_what_another_command_has_waits_and_what_it_has_done_is_told(executor: Executor, make: Make) -> None:
    taken, done, free = make("taken"), make("done"), make("free")
    lease = taken.lease()
    assert lease is not None
    (done.folder / "done.txt").write_text("by another")
    heard: list[Event] = []

    def release(event: Event) -> None:
        heard.append(event)
        if isinstance(event, GroupEnded) and event.group == "free":
            lease.release()

    executor.run([taken, done, free], release, lambda: None)
    assert ends(heard) == dict.fromkeys(("taken", "done", "free"), ("finished", ""))
    assert (taken.begun, done.begun, free.begun) == (1, 0, 1)
    assert done.note == "by another"


def test_no_claim_outlives_the_work(executor: Executor, make: Make) -> None:
    jobs = [make("a"), make("b")]

    def fails(event: Event) -> None:
        if isinstance(event, GroupEnded):
            raise RuntimeError("whoever listens fails")

    with pytest.raises(RuntimeError, match="whoever listens fails"):
        executor.run(jobs, fails, lambda: None)
    for job in jobs:
        lease = job.lease()
        assert lease is not None
        lease.release()


def test_asked_to_stop_it_ends_what_runs_in_order_and_begins_nothing(name_of: str, make: Make) -> None:
    jobs = [make("endless", endless=True), make("endless-too", endless=True), make("never"), make("never-too")]
    asked: list[str] = []
    events: list[Event] = []

    def note(event: Event) -> None:
        events.append(event)
        if isinstance(event, GroupStarted):
            asked.append("enough")

    with make_executor(name_of, SETTINGS) as executor:
        executor.run(jobs, note, lambda: asked[0] if asked else None)
    began = {event.group for event in events if isinstance(event, GroupStarted)}
    assert began
    assert began <= {"endless", "endless-too"}
    assert {status for status, _ in ends(events).values()} == {"interrupted"}
    assert ends(events).keys() == began


@pytest.fixture(params=[RAY if name == "ray" else name for name in EXECUTORS])
def name_of(request: pytest.FixtureRequest, executors: dict[str, Executor]) -> str:
    """An executor to be stopped: one that was asked to stop begins nothing any more."""
    name = str(request.param)
    executors[name]
    return name


@pytest.mark.parametrize("name", WITH_PROCESSES)
def test_a_job_whose_process_dies_is_begun_again_and_no_other_suffers(
    name: str, executors: dict[str, Executor], make: Make
) -> None:
    jobs = [make("once", deaths=1), make("always", deaths=9), make("well"), make("well-too")]
    found = ends(do(executors[name], *jobs))
    assert {job: status for job, (status, _) in found.items()} == {
        "once": "finished", "always": "failed", "well": "finished", "well-too": "finished",
    }  # fmt: skip
    assert "killed" in found["always"][1] or "died" in found["always"][1]
    assert [job.begun for job in jobs] == [2, 2, 1, 1]


@pytest.mark.parametrize("name", ["serial", "processes"])
def test_what_a_user_must_change_is_said(name: str, make: Make) -> None:
    job = make("a", refuses="the disk is full; make room")
    with make_executor(name, SETTINGS) as executor, pytest.raises(DataError, match="the disk is full; make room"):
        do(executor, job)
    assert job.begun == 1


@pytest.mark.parametrize("name", WITH_PROCESSES)
def test_jobs_find_the_environment_that_was_asked_for(name: str, executors: dict[str, Executor], make: Make) -> None:
    job, thread = make("own", variable="A_VARIABLE"), make("thread", variable="OMP_NUM_THREADS")
    do(executors[name], job, thread)
    assert (job.note, thread.note) == ("read its value", "read 1")


@pytest.mark.parametrize("name", WITH_PROCESSES)
def test_its_capacity_is_what_it_was_given(name: str, executors: dict[str, Executor]) -> None:
    assert (executors[name].capacity, executors["serial"].capacity) == (SETTINGS.workers, 1)


def test_every_executor_is_among_these() -> None:
    assert set(EXECUTORS) == {"serial", "processes", "ray"}


def test_an_unknown_executor_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'processes'"):
        make_executor("process", SETTINGS)


@pytest.mark.parametrize(
    ("options", "workers", "says"),
    [
        (ExecutorOptions(name="serial"), 4, "leave out --workers 4"),
        (ExecutorOptions(address="head:6379"), None, "--address head:6379 is of a Ray cluster"),
        (ExecutorOptions(name="processes", address="local"), 2, "give --executor ray"),
    ],
)
def test_what_an_executor_would_pass_over_is_refused(options: ExecutorOptions, workers: int | None, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        options.chosen(workers)


def test_another_executor_is_a_module_and_a_row(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "in_reverse.py").write_text(
        "from ablations.execution.executors.serial import SerialExecutor\n"
        "class InReverse(SerialExecutor):\n"
        "    def run(self, jobs, on_event, stop):\n"
        "        super().run(reversed(list(jobs)), on_event, stop)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(EXECUTORS, "in-reverse", "in_reverse:InReverse")
    executor = make_executor("in-reverse", SETTINGS)
    began = [event.group for event in do(executor, make("a"), make("b")) if isinstance(event, GroupStarted)]
    assert began == ["b", "a"]


@pytest.mark.parametrize("name", ["run", "search", "tune-and-compare", "rescore"])
def test_the_command_line_offers_what_the_registry_has(name: str) -> None:
    options = {option.name: option for option in main.commands[name].params}
    assert isinstance(options["executor_name"].type, click.Choice)
    assert list(options["executor_name"].type.choices) == list(EXECUTORS)
