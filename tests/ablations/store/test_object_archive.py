"""An archive in an object store: an s3 server on loopback, several machines' copies, leases, and what is never told."""

from __future__ import annotations

import multiprocessing
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pytest

from ablations.commands.verify import hold_as
from ablations.config.errors import StoreError
from ablations.execution.events import GroupStarted
from ablations.execution.plan import make_plan
from ablations.execution.runner import execute
from ablations.store import Archive, object_archive
from ablations.store.object_archive import ObjectArchive
from ablations.store.object_store import ObjectStore
from tests.ablations.factories import assert_same_result, keep, make_result, make_study
from tests.ablations.small_study import OPTIONS, STUDY, digests, run
from tests.services import object_store

SECRET = "do-not-tell-4711"

pytestmark = pytest.mark.slow

OnMachine = Callable[[str], Archive]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with object_store() as address:
        yield f"http://{address}"


@pytest.fixture
def address(server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of an empty place in a bucket."""
    for name, value in (
        ("AWS_ENDPOINT_URL", server),
        ("AWS_ACCESS_KEY_ID", "a-user"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3").mkdirs("bucket", exist_ok=True)
    return f"s3://bucket/{uuid.uuid4().hex}"


@pytest.fixture
def on_machine(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OnMachine:
    """The archive as a machine of that name sees it: each has a cache of its own."""

    def opened(name: str) -> Archive:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
        return Archive.open(address)

    return opened


def test_what_one_machine_keeps_another_reads(on_machine: OnMachine) -> None:
    study, given = make_study(), [make_result(seed=seed) for seed in range(3)]
    keep(on_machine("a"), study, given)
    there = on_machine("b")
    assert there.studies() == ("demo",)
    assert there.keys() == tuple(sorted(result.key for result in given))
    assert len(there.read("demo").results) == 3
    for result in given:
        assert_same_result(there.get(result.key), result)
    assert there.done({given[0].key: (40,), "0" * 20: ()}) == {given[0].key}


def test_many_runs_and_their_later_scores_are_read_by_one_list(
    on_machine: OnMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [make_result(seed=seed) for seed in range(3)]
    a, asked = on_machine("a"), {result.key for result in given[:2]}
    keep(a, make_study(), given)
    for result in given:
        a.add_scores(result.key, "d" * 16, {40: {"frechet_10k": 1.5}}, 0.0)
    b = on_machine("b")
    monkeypatch.setattr(object_archive, "FEW", 1)
    assert b.heads(asked).keys() == asked
    here = Archive(b.root)
    assert {*here.keys()} == asked, "what was not asked for is not fetched"
    assert all(here.get(key, scorer="d" * 16).scores["frechet_10k"] == 1.5 for key in asked)


def test_a_later_attempt_and_later_scores_reach_a_machine_that_has_the_earlier_ones(on_machine: OnMachine) -> None:
    first, second = on_machine("a"), on_machine("b")
    failed, finished = make_result(status="failed"), make_result()
    first.put(failed)
    assert second.get(failed.key).status == "failed"
    first.put(finished)
    assert second.get(failed.key).status == "finished"
    assert second.put(failed) is False
    assert first.get(failed.key).status == "finished", "what is done is not replaced by what is not"
    first.add_scores(finished.key, "d" * 16, {40: {"frechet_10k": 1.5}}, 0.0)
    assert second.get(finished.key, scorer="d" * 16).scores["frechet_10k"] == 1.5


def test_of_many_that_claim_at_once_one_has_it_until_it_is_released_or_silent(address: str) -> None:
    one, other = ObjectStore(address), ObjectStore(address)
    held = one.lease("work")
    assert held is not None
    assert other.lease("work") is None
    held.release()
    taken = other.lease("work", seconds=0.3)
    assert taken is not None
    time.sleep(0.5)
    assert one.lease("work") is None, "it is renewed"
    taken._ended.set()  # as if its process had been killed
    taken._thread.join()
    time.sleep(0.4)
    assert one.lease("work") is not None


def train(location: str, cache: str, seeds: int, begun: multiprocessing.Queue[str]) -> None:
    import os

    os.environ["XDG_CACHE_HOME"] = cache
    import dataclasses

    archive = Archive.open(location)
    plan = make_plan(STUDY, dataclasses.replace(OPTIONS, seeds=seeds, width=1, evaluations=1), archive)
    execute(plan, archive, lambda event: begun.put(event.group) if isinstance(event, GroupStarted) else None)


@pytest.mark.parametrize("place", ["a shared path", "an object store"])
def test_two_people_with_overlapping_studies_train_each_run_once(place: str, address: str, tmp_path: Path) -> None:
    location = address if place == "an object store" else str(tmp_path / "store")
    context = multiprocessing.get_context("spawn")
    begun = context.Queue()
    people = [
        context.Process(target=train, args=(location, str(tmp_path / f"cache-{seeds}"), seeds, begun))
        for seeds in (1, 2)
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert [person.exitcode for person in people] == [0, 0]
    groups = []
    while not begun.empty():
        groups.append(begun.get())
    assert len(groups) == len(set(groups)) == 4
    alone = Archive.open(tmp_path / "alone")
    run(STUDY, alone, seeds=2, width=1, evaluations=1)
    archive = Archive.open(location)
    if isinstance(archive, ObjectArchive):
        archive.done(dict.fromkeys(archive.keys(), ()))
    assert digests(archive) == digests(alone)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (f"s3://someone:{SECRET}@bucket/x", "no credentials in an address"),
        ("ftp://host/x", "in a folder or in an object store"),
        ("s3://no-such-bucket/x", "the object store s3://no-such-bucket/x cannot be used"),
    ],
)
def test_a_place_that_cannot_be_is_said_without_a_secret(address: str, wrong: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as refused:
        Archive.open(wrong)
    assert SECRET not in str(refused.value)


def test_no_credentials_lie_in_what_is_kept(on_machine: OnMachine, tmp_path: Path, address: str) -> None:
    keep(on_machine("a"), make_study(), [make_result()])
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    store = ObjectStore(address)
    kept += [store.read(name) or b"" for name in store.list("")]
    assert len(kept) > 5
    assert not any(SECRET.encode() in content for content in kept)


def test_verify_holds_its_process_to_what_the_runs_there_were_made_with(
    on_machine: OnMachine, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = make_result()
    keep(on_machine("a"), make_study(), [given])
    on_machine("b")
    held: list[str] = []
    monkeypatch.setattr("ablations.training.instruction_set.hold", held.append)
    hold_as(address, (given.key,), None)
    hold_as(address, (), "demo")
    assert held == [given.run.engine.isa] * 2
    with pytest.raises(StoreError, match="did you mean 'demo'"):
        hold_as(address, (), "dem")
