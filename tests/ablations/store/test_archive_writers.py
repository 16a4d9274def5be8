"""Writers that are killed or compete: in the end one whole folder for each run, and nothing else."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ablations.store import Archive, marker
from ablations.store.disk import restore, whole_folder, write_whole
from ablations.store.result import Status
from tests.ablations.factories import assert_same_result, make_result

pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
KILLED = 77
CALLS = ("mkdir", "replace", "fsync", "open")


def die_at(call: int) -> None:
    """End this process at once, before the given call of what changes a disk: no handler runs after it."""
    count = 0

    def wrap(function: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **options: object) -> object:
            nonlocal count
            count += 1
            if count == call:
                os._exit(KILLED)
            return function(*arguments, **options)

        return counted

    for name in CALLS:
        setattr(os, name, wrap(getattr(os, name)))


def put_and_die(root: Path, call: int) -> None:
    archive, result = Archive.open(root), make_result()
    die_at(call)
    archive.put(result)


def forked(target: Callable[..., None], *arguments: object) -> int | None:
    """The exit code of a child that begins as a copy of this process: it starts in no time."""
    process = multiprocessing.get_context("fork").Process(target=target, args=arguments)
    process.start()
    process.join(60)
    return process.exitcode


@pytest.mark.parametrize("replaced", [False, True])
def test_killed_at_any_moment_the_old_run_or_the_new_one_is_there_whole(tmp_path: Path, replaced: bool) -> None:
    before, after = make_result(status="failed"), make_result()
    for call in range(1, 60):
        archive = Archive.open(tmp_path / str(call))
        if replaced:
            archive.put(before)
        code = forked(put_and_die, archive.root, call)
        restore(archive.runs, patience=-1)
        assert all(not path.name.startswith(".") for path in archive.runs.iterdir())
        if archive.keys():
            found = archive.get(after.key)
            assert_same_result(found, after if found.is_done else before)
        else:
            assert not replaced, "the earlier run is lost"
        archive.put(after)
        assert_same_result(archive.get(after.key), after)
        if code == 0:
            break
        assert code == KILLED
    assert call > 10


def test_what_may_be_another_writers_work_is_left_alone(tmp_path: Path) -> None:
    with whole_folder(tmp_path / "run") as part:
        restore(tmp_path)
        assert part.is_dir()
        restore(tmp_path, patience=-1)
        assert not part.exists()
        part.mkdir()
    old = tmp_path / ".run.old-1"
    old.mkdir()
    restore(tmp_path, patience=-1)
    assert [path.name for path in tmp_path.iterdir()] == ["run"], "its successor is there"


def test_tidying_brings_back_what_a_kill_left_between_two_moves(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = make_result(status="failed")
    archive.put(given)
    folder = archive.folder(given.key)
    folder.rename(folder.with_name(f".{given.key}.old-12345678"))
    archive.tidy()
    assert archive.keys() == (), "it may be another process between its two moves"
    now = time.time()
    monkeypatch.setattr("ablations.store.disk.time.time", lambda: now + 3_600)
    archive.tidy()
    assert_same_result(archive.get(given.key), given)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    def write(call: int) -> None:
        die_at(call)
        write_whole(tmp_path / "file", b"new" * 1_000)

    write_whole(tmp_path / "file", b"old")
    for call in range(1, 20):
        code = forked(write, call)
        assert (tmp_path / "file").read_bytes() == (b"old" if code else b"new" * 1_000)
        if code == 0:
            break
    assert call > 2


def put_all(root: Path, seeds: range) -> None:
    archive = Archive.open(root)
    for seed in seeds:
        archive.put(make_result(seed=seed))


def put_attempts(root: Path, times: int) -> None:
    archive = Archive.open(root)
    for _ in range(times):
        archive.put(make_result(status="failed", weights=5))


@pytest.mark.parametrize(("target", "arguments"), [(put_all, (range(12),)), (put_attempts, (40,))])
def test_two_processes_that_put_the_same_keys_at_once_leave_each_once(
    archive: Archive, target: Callable[..., None], arguments: tuple[object, ...]
) -> None:
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=target, args=(archive.root, *arguments)) for _ in range(2)]
    for process in writers:
        process.start()
    for process in writers:
        process.join(60)
    assert [process.exitcode for process in writers] == [0, 0]
    assert all(not path.name.startswith(".") for path in archive.runs.iterdir())
    keys = archive.keys()
    for key in keys:
        found = archive.get(key)
        status: Status = "finished" if target is put_all else "failed"
        assert_same_result(found, make_result(seed=found.run.seed, status=status, weights=200 if found.is_done else 5))
    assert len(keys) == (12 if target is put_all else 1)


def test_the_same_new_folder_opened_by_many_is_one_archive(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    openers = [context.Process(target=put_all, args=(tmp_path / "new", range(2))) for _ in range(3)]
    for process in openers:
        process.start()
    for process in openers:
        process.join(60)
    assert [process.exitcode for process in openers] == [0] * 3
    assert len(Archive.open(tmp_path / "new").keys()) == 2


def test_of_several_that_make_an_archive_at_once_all_have_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = marker.new

    def slowly() -> bytes:
        time.sleep(0.2)
        return new()

    monkeypatch.setattr(marker, "new", slowly)
    with ThreadPoolExecutor(3) as pool:
        names = list(pool.map(lambda _: Archive.open(tmp_path / "new").identity, range(3)))
    assert len(set(names)) == 1
    assert Archive.open(tmp_path / "new").identity == names[0]
