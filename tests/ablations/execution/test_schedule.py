"""The schedule: its bounds, its agreement with real executors, and machines that are not here."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablations.config.errors import ConfigError
from ablations.execution.events import Event, GroupEnded, GroupStarted
from ablations.execution.executors import Emit, ProcessExecutor, Stop
from ablations.execution.schedule import Group, places_of, schedule, simulate
from tests.ablations.execution.executors.jobs import NoteJob

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


@dataclass(frozen=True)
class SleepJob(NoteJob):
    """As long as it says."""

    def run(self, emit: Emit, stop: Stop) -> None:
        emit(GroupStarted(group=self.name, variant=self.name, seeds=(0,), step=0, steps=1))
        time.sleep(self.estimate_seconds)
        emit(self._ended("finished"))


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_a_real_schedule_takes_as_long_as_the_simulated(workers: int, tmp_path: Path) -> None:
    work = [0.8, 0.5, 0.4, 0.3, 0.3, 0.2]
    jobs = [SleepJob(f"job-{i}", tmp_path, tmp_path, estimate_seconds=s) for i, s in enumerate(work)]
    times: list[float] = []
    ready = [SleepJob(f"ready-{i}", tmp_path, tmp_path, estimate_seconds=0.3) for i in range(workers)]

    def note(event: Event) -> None:
        if isinstance(event, GroupStarted | GroupEnded):
            times.append(time.monotonic())

    with ProcessExecutor(workers) as executor:
        executor.run(ready, lambda event: None, lambda: None)
        executor.run(jobs, note, lambda: None)
    simulated = simulate(
        [Group(seconds=s, runs=1, bytes=1.0, rows=1.0) for s in work], workers, overhead=0.0, start=0.0
    )
    took = times[-1] - times[0]
    assert simulated.seconds <= took + 0.05
    assert took <= simulated.seconds + len(work) * 0.2


@pytest.mark.parametrize("runs", [10, 1_000, 100_000])
def test_a_large_plan_is_simulated_in_seconds(runs: int) -> None:
    group = Group(seconds=60.0, runs=5, bytes=5e6, rows=5e3)
    started = time.monotonic()
    found = simulate([group] * (runs // 5), 128, overhead=0.2)
    assert time.monotonic() - started < 5
    assert (found.runs, found.bytes) == (runs, runs * 1e6)
    assert 0 < found.utilisation <= 1
    rounds = -(-runs // 5 // 128)
    assert found.seconds == pytest.approx(8 + rounds * 60.2)


@pytest.mark.parametrize(("text", "share", "places"), [("nodes=64", 1.0, 128), ("gpus=8", 0.25, 32), ("gpus=8", 2, 4)])
def test_places(text: str, share: float, places: int) -> None:
    assert places_of(text, 2, share) == places


@pytest.mark.parametrize("text", ["64", "nodes=0", "cpus=3", "nodes=x"])
def test_what_is_no_cluster_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="neither nodes=NUMBER"):
        places_of(text, 2)
