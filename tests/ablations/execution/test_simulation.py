"""A plan on machines that are not here: at what stored runs have cost, against what they were planned to cost."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from ablations.data import DataShape
from ablations.execution.simulation import group_of, measured_factor, rows_of, simulated
from ablations.store import Archive
from tests.ablations.factories import make_result
from tests.ablations.small_study import STUDY, plan


def stored(archive: Archive, slower: float) -> None:
    """All runs of the study, each of which took so many times as long as it was planned to."""
    before = plan(archive, width=1)
    for job in before.jobs:
        seconds = slower * job.estimate_seconds / len(job.wanted)
        for slot in job.wanted:
            run = job.runs[slot]
            made = make_result(run.variant, run.seed, evaluations=STUDY.evaluations, study=STUDY.name)
            archive.put(dataclasses.replace(made, run=run, train_seconds=seconds, evaluation_seconds=0.0))


@pytest.mark.parametrize("slower", [1.0, 3.0])
def test_groups_cost_what_stored_runs_have_cost(slower: float, tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "store")
    assert measured_factor(plan(archive, width=1), archive) == 1
    stored(archive, slower)
    more = plan(archive, width=1, seeds=6)
    assert (len(more.reused), more.runs) == (6, 6)
    assert measured_factor(more, archive) == pytest.approx(slower)
    found = simulated(more, archive, "nodes=50")
    longest = max(job.estimate_seconds for job in more.jobs)
    assert found.seconds == pytest.approx(8 + slower * longest, abs=0.3)
    assert (found.runs, dict(rows_of(found))["runs"]) == (6, "6")


def test_samples_take_the_room_of_their_images(tmp_path: Path) -> None:
    digits = plan(Archive.open(tmp_path / "store"), seeds=1, only=("base",))
    coloured = dataclasses.replace(digits, shape=DataShape(channels=3, height=32, width=32, classes=None))
    [job] = digits.jobs
    sizes = [group_of(job, one, 1.0).bytes for one in (digits, coloured)]
    assert sizes[1] - sizes[0] == 40 * len(job.steps) * (3 * 32 * 32 - digits.shape.values)
