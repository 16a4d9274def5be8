"""Records: runs without weights for a repository, the same answers, the same bytes, and no pretence of more."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ablations.catalog.published_bits import curve_digests
from ablations.catalog.quantities import CURVES
from ablations.config.errors import DataError, StoreError
from ablations.execution.drawing import Artist
from ablations.execution.verify import verify
from ablations.store import run_folder
from ablations.store.archive import Archive
from ablations.store.records import POINTS, read_records, stride_of, write_records
from ablations.store.result import Result
from ablations.store.stored_study import Member
from reports.analysis.published_rows import published_rows
from tests.reports import factories

STEPS = 1_100
"""Two steps a point, so that nothing is left over; with an odd number there is."""


def results(steps: int = STEPS) -> tuple[Result, ...]:
    study = factories.quick_study(seeds=2, steps=steps)
    made = factories.stored(study).results[:4]
    rng = np.random.default_rng(0)
    return tuple(
        dataclasses.replace(
            item,
            curves={name: rng.normal(size=steps).astype(np.float32) for name in CURVES},
            environment={"cpu": "any", "command": "ablations run quick --store /home/somebody/store"},
            weights={"generator.hidden.0.weight": rng.normal(size=(2, 3)).astype(np.float32)},
            snapshots={steps: {"hidden.0.weight": np.ones((2, 3), np.float32)}},
        )
        for item in made
    )


def archive_of(place: Path, given: tuple[Result, ...], study_steps: int = STEPS) -> Archive:
    archive = Archive.open(place)
    for item in given:
        archive.put(item)
    members = [Member(variant=item.run.variant.name, seed=item.run.seed, key=item.key) for item in given]
    archive.write_study(factories.quick_study(seeds=2, steps=study_steps), members, scorer=given[0].scorer)
    return archive


@pytest.fixture
def given() -> tuple[Result, ...]:
    return results()


def test_records_bring_a_study_into_an_empty_archive_with_all_that_its_report_reads(
    given: tuple[Result, ...], tmp_path: Path
) -> None:
    archive = archive_of(tmp_path / "archive", given)
    written = write_records(archive, ["quick"], tmp_path / "records")
    assert (written.runs, written.new, written.removed) == (4, 4, 0)
    other = Archive.open(tmp_path / "other")
    assert read_records(tmp_path / "records", other) == 4
    ours, theirs = archive.read("quick"), other.read("quick")
    assert ours.study == theirs.study
    for one, two in zip(ours.results, theirs.results, strict=True):
        assert (one.run, one.status, one.evaluations, one.scorer) == (two.run, two.status, two.evaluations, two.scorer)
        assert two.environment == {"cpu": "any"}, "a command names somebody's folders"
        assert max(one.samples) == max(two.samples), "the last picture is kept"
        for name in CURVES:
            assert two.curves[name].shape == (STEPS,)
            np.testing.assert_allclose(
                two.curves[name].reshape(-1, 2),
                np.repeat(one.curves[name].reshape(-1, 2).mean(1), 2).reshape(-1, 2),
                rtol=1e-6,
            )
    rows = [published_rows("quick", item.results, item.digests) for item in (ours, theirs)]
    assert rows[0] == rows[1]
    assert rows[1][0].curves == curve_digests(ours.results[0].curves, STEPS), "of the whole curves, not of the means"


def test_the_same_bytes_again_also_from_an_archive_that_came_of_records(
    given: tuple[Result, ...], tmp_path: Path
) -> None:
    archive = archive_of(tmp_path / "archive", given)
    write_records(archive, ["quick"], tmp_path / "records")
    other = Archive.open(tmp_path / "other")
    read_records(tmp_path / "records", other)
    write_records(other, ["quick"], tmp_path / "again")
    files = [{p.relative_to(f): p.read_bytes() for p in f.rglob("*") if p.is_file()} for f in
             (tmp_path / "records", tmp_path / "again")]  # fmt: skip
    assert files[0] == files[1]
    assert write_records(other, ["quick"], tmp_path / "records").new == 0


def test_what_no_study_has_any_more_goes_if_that_is_asked_for(given: tuple[Result, ...], tmp_path: Path) -> None:
    archive, records = archive_of(tmp_path / "archive", given), tmp_path / "records"
    write_records(archive, ["quick"], records)
    study, members = archive.study("quick"), archive.members("quick")
    archive.write_study(study, members[:1], scorer=given[0].scorer)
    before = {path: path.read_bytes() for path in sorted(records.rglob("*")) if path.is_file()}
    with pytest.raises(StoreError, match="3 of the 4 runs"):
        write_records(archive, ["quick"], records)
    assert {path: path.read_bytes() for path in sorted(records.rglob("*")) if path.is_file()} == before
    written = write_records(archive, ["quick"], records, replace=True)
    assert (written.runs, written.removed) == (1, 3)
    assert [path.name for path in (records / "runs").iterdir()] == [f"{members[0].key}.tar.xz"]


def test_what_a_folder_has_of_other_studies_stays(given: tuple[Result, ...], tmp_path: Path) -> None:
    archive, records = archive_of(tmp_path / "archive", given), tmp_path / "records"
    write_records(archive, ["quick"], records)
    other = archive_of(tmp_path / "other", given[:1])
    other.write_study(
        dataclasses.replace(other.study("quick"), name="another"), other.members("quick"), scorer=given[0].scorer
    )
    written = write_records(other, ["another"], records)
    assert (written.runs, written.new, written.removed) == (4, 0, 0)
    assert sorted(path.name for path in (records / "studies").iterdir()) == ["another", "quick"]


def test_a_study_takes_up_recorded_runs_in_the_place_of_those_that_it_lacks(
    given: tuple[Result, ...], tmp_path: Path
) -> None:
    records = tmp_path / "records"
    write_records(archive_of(tmp_path / "archive", given), ["quick"], records)
    first, *others = given
    trained = dataclasses.replace(first, run=dataclasses.replace(first.run, width=7))
    lacking = [dataclasses.replace(item, run=dataclasses.replace(item.run, width=7)) for item in others[:-1]]
    other = archive_of(tmp_path / "other", (trained,))
    members = [Member(variant=item.run.variant.name, seed=item.run.seed, key=item.key) for item in (trained, *lacking)]
    other.write_study(dataclasses.replace(other.study("quick"), seeds=1), members, scorer=first.scorer)
    read_records(records, other)
    assert [member.key for member in other.members("quick")] == [trained.key, *(item.key for item in others)]
    assert other.study("quick").seeds == 2
    written = write_records(other, ["quick"], records, replace=True)
    assert (written.runs, written.new, written.removed) == (4, 1, 1), "its own is done: it stays"


def test_runs_of_another_scorer_are_not_taken_up(given: tuple[Result, ...], tmp_path: Path) -> None:
    records = tmp_path / "records"
    write_records(archive_of(tmp_path / "archive", given), ["quick"], records)
    other = archive_of(tmp_path / "other", given[:1])
    other.write_study(other.study("quick"), other.members("quick"), scorer="another")
    read_records(records, other)
    assert len(other.members("quick")) == 1


def test_a_record_counts_as_done_and_gives_way_to_the_run_with_its_weights(
    given: tuple[Result, ...], tmp_path: Path
) -> None:
    archive = archive_of(tmp_path / "archive", given)
    write_records(archive, ["quick"], tmp_path / "records")
    other = Archive.open(tmp_path / "other")
    read_records(tmp_path / "records", other)
    one = given[0]
    assert other.done({one.key: [STEPS]}) == {one.key}
    assert other.get(one.key).weights == {}
    assert run_folder.is_record(other.folder(one.key))
    assert other.put(one), "it has weights, which the record lacks"
    assert other.get(one.key).weights.keys() == one.weights.keys()
    assert not run_folder.is_record(other.folder(one.key))
    other.adopt_run(tmp_path / "archive", one.key)
    read_records(tmp_path / "records", other)
    assert other.get(one.key).weights, "a record does not take the place of the run"


def test_what_needs_weights_says_so(given: tuple[Result, ...], tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "archive", given)
    write_records(archive, ["quick"], tmp_path / "records")
    other = Archive.open(tmp_path / "other")
    read_records(tmp_path / "records", other)
    with pytest.raises(StoreError, match="verify --published"):
        verify(other.get(given[0].key))
    with pytest.raises(DataError, match="is a published record, kept without its weights; train it again"):
        Artist(other.get(given[0].key))


def test_only_runs_of_the_scorer_asked_for_come(given: tuple[Result, ...], tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "archive", given)
    write_records(archive, ["quick"], tmp_path / "records")
    other = Archive.open(tmp_path / "other")
    assert read_records(tmp_path / "records", other, scorer_of=lambda dataset: "another") == 0
    assert other.keys() == ()


@pytest.mark.parametrize("damage", ["cut", "turned", "emptied"])
def test_a_damaged_record_is_named_and_nothing_comes_of_it(
    given: tuple[Result, ...], tmp_path: Path, damage: str
) -> None:
    archive = archive_of(tmp_path / "archive", given[:1])
    write_records(archive, ["quick"], tmp_path / "records")
    path = next((tmp_path / "records" / "runs").iterdir())
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-40], "turned": whole[:200] + b"\0" + whole[201:], "emptied": b""}[damage])
    other = Archive.open(tmp_path / "other")
    with pytest.raises(DataError, match=path.name):
        read_records(tmp_path / "records", other)
    assert other.keys() == ()


def test_steps_left_over_have_a_point_of_their_own(tmp_path: Path) -> None:
    given = results(1_001)[:1]
    archive = archive_of(tmp_path / "archive", given, 1_001)
    write_records(archive, ["quick"], tmp_path / "records")
    other = Archive.open(tmp_path / "other")
    read_records(tmp_path / "records", other)
    curve = other.read("quick").results[0].curves["g_loss"]
    assert curve.shape == (1_001,)
    assert curve[-1] == given[0].curves["g_loss"][-1]


@pytest.mark.parametrize(
    ("steps", "stride"), [(1, 1), (999, 1), (1_000, 2), (2_000, 2), (40_000, 50), (110_000, 200), (240_000, 200)]
)
def test_a_point_stands_for_a_round_number_of_steps(steps: int, stride: int) -> None:
    assert stride_of(steps) == stride
    assert steps < POINTS or steps // stride >= POINTS
