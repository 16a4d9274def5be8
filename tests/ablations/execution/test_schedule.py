"""The schedule: its bounds, its agreement with real executors, and machines that are not here."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablations.config.errors import ConfigError
from ablations.execution.events import Event, GroupEnded, GroupStarted
from ablations.execution.executors import ProcessExecutor
from ablations.execution.schedule import Group, places_of, schedule, simulate
from tests.ablations.execution.executors.jobs import NoteJob

GROUP = Group(seconds=60.0, runs=5, bytes=5e6, rows=5e3)
WORK = st.lists(st.floats(0.0, 1e4), min_size=1, max_size=60)


@given(WORK, st.integers(1, 20))
def test_no_schedule_beats_the_work_or_wastes_more_than_the_longest_group(work: list[float], places: int) -> None:
    spans = schedule(work, places)
    wall = max(span.end for span in spans)
    least = max(*work, sum(work) / places)
    assert least <= wall + 1e-6
    assert wall <= sum(work) / places + max(work) * (1 - 1 / places) + 1e-6  # Graham 1966
    for place in range(places):
        own = [span for span in spans if span.place == place]
        assert all(a.end <= b.start for a, b in itertools.pairwise(own))


@pytest.mark.parametrize("workers", [1, 3])
def test_real_processes_have_the_groups_that_the_schedule_says(workers: int, tmp_path: Path) -> None:
    """Its time is told here: whenever every place has a group, the one that ends first by the schedule is let go."""
    spans = schedule([0.8, 0.5, 0.4, 0.3, 0.37, 0.14], workers)
    ends = sorted(range(len(spans)), key=lambda i: spans[i].end)
    expected = [{i for i, span in enumerate(spans) if span.start < spans[end].end <= span.end} for end in ends]
    (tmp_path / "input.txt").write_text("read")
    jobs = [NoteJob(str(i), tmp_path, tmp_path, waits_for=f"let-go-{i}") for i in range(len(spans))]
    began: set[int] = set()
    done: set[int] = set()

    def conduct(event: Event) -> None:
        if isinstance(event, GroupStarted):
            began.add(int(event.group))
        elif isinstance(event, GroupEnded):
            done.add(int(event.group))
        if done != began and len(began - done) == min(workers, len(jobs) - len(done)):
            assert began - done == expected[len(done)]
            (tmp_path / jobs[ends[len(done)]].waits_for).touch()

    given_up = time.monotonic() + 90

    def stop() -> str | None:
        """Where a place stays idle, nobody would be let go any more."""
        if time.monotonic() < given_up:
            return None
        for job in jobs:
            (tmp_path / job.waits_for).touch()
        return "a place is idle"

    ProcessExecutor(workers).run(jobs, conduct, stop)
    assert done == {*range(len(jobs))}


@pytest.mark.parametrize("runs", [10, 1_000, 100_000])
def test_a_large_plan_is_simulated(runs: int) -> None:
    found = simulate([GROUP] * (runs // 5), 128, overhead=0.2)
    assert (found.runs, found.bytes) == (runs, runs * 1e6)
    rounds = -(-runs // 5 // 128)
    assert found.seconds == pytest.approx(8 + rounds * 60.2)
    assert found.utilisation == pytest.approx(runs // 5 * 60 / (128 * found.seconds))


def test_a_simulation_takes_as_long_as_its_plan_is_large() -> None:
    """Of the processor's time; the square of ten times as many groups would be a hundred times as long."""

    def seconds(groups: int) -> float:
        taken = []
        for _ in range(3):
            started = time.process_time()
            simulate([GROUP] * groups, 128, overhead=0.2)
            taken.append(time.process_time() - started)
        return min(taken)

    assert seconds(20_000) < 30 * seconds(2_000)


PLACES = [("nodes=64", 1.0, 128), ("gpus=8", 0.25, 32), ("gpus=2", 0.4, 4), ("gpus=8", 2, 4), ("gpus=7", 2, 3)]


@pytest.mark.parametrize(("text", "share", "places"), PLACES)
def test_places(text: str, share: float, places: int) -> None:
    assert places_of(text, 2, share) == places


@pytest.mark.parametrize("text", ["64", "nodes=0", "cpus=3", "nodes=x"])
def test_what_is_no_cluster_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="neither nodes=NUMBER"):
        places_of(text, 2)
