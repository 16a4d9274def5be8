import multiprocessing
import os
import time
from pathlib import Path

import pytest

from ablations.config.errors import DataError, StoreError
from ablations.store.result import Result
from ablations.store.spool import Rejected, Spool
from tests.ablations.factories import assert_same_result, make_result


class ListStore:
    """A store that keeps what it is given, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.results: list[Result] = []
        self.failures = failures

    def write(self, result: Result) -> str:
        if self.failures:
            self.failures -= 1
            raise StoreError("the store is away")
        self.results.append(result)
        return f"run-{result.run.seed}"


class LogStore:
    """A store that appends each key to a file, for tests with several processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, result: Result) -> str:
        with self.path.open("a") as file:
            file.write(result.key + "\n")
        time.sleep(0.01)
        return result.key


def drain_once(folder: Path, log: Path) -> None:
    Spool(folder).drain(LogStore(log))


def test_what_is_put_is_written_once_in_the_order_of_arrival(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), ListStore()
    given = [make_result(seed=seed) for seed in (2, 0, 1)]
    for result in given:
        spool.put(result)
    assert spool.drain(store).written == ("run-2", "run-0", "run-1")
    for written, original in zip(store.results, given, strict=True):
        assert_same_result(written, original)
        assert written.digests == original.digests
    assert spool.pending() == []
    assert spool.drain(store).written == ()


def test_an_entry_stays_until_the_store_has_it(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), ListStore(failures=1)
    for seed in range(2):
        spool.put(make_result(seed=seed))
    with pytest.raises(StoreError, match="away"):
        spool.drain(store)
    assert len(spool.pending()) == 2
    assert spool.drain(store).written == ("run-0", "run-1")


def test_a_kill_while_an_entry_is_removed_leaves_nothing_to_misread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool, store = Spool(tmp_path), ListStore()
    spool.put(make_result())

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ablations.store.spool.shutil.rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            spool.drain(store)
    drained = Spool(tmp_path).drain(store)
    assert (drained.written, drained.rejected) == ((), ())
    assert len(store.results) == 1


def test_a_kill_while_an_entry_is_put_leaves_nothing_pending(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", killed)
        with pytest.raises(KeyboardInterrupt):
            spool.put(make_result())
    assert spool.pending() == []
    leftover = next(path for path in tmp_path.glob(".*") if path.is_dir())
    os.utime(leftover, (0, 0))
    spool.drain(ListStore())
    assert not leftover.exists()


def truncate(entry: Path) -> None:
    path = entry / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-5])


def flip(entry: Path) -> None:
    path = entry / "curves.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))


def remove(entry: Path) -> None:
    (entry / "result.json").unlink()


def garble(entry: Path) -> None:
    (entry / "result.json").write_bytes(b"\xff{")


def foreign(entry: Path) -> None:
    text = (entry / "result.json").read_text()
    (entry / "result.json").write_text(text.replace('"batch_size"', '"batch_sise"'))


@pytest.mark.parametrize("damage", [truncate, flip, remove, garble, foreign])
def test_a_corrupt_entry_is_set_aside_with_its_reason_and_the_others_go_on(tmp_path: Path, damage: object) -> None:
    spool, store = Spool(tmp_path), ListStore()
    corrupt = spool.put(make_result(seed=0))
    spool.put(make_result(seed=1))
    assert callable(damage)
    damage(corrupt)
    drained = spool.drain(store)
    assert drained.written == ("run-1",)
    (rejected,) = drained.rejected
    assert isinstance(rejected, Rejected)
    assert rejected.path == tmp_path / "rejected" / corrupt.name
    assert rejected.path.is_dir()
    reason = (tmp_path / "rejected" / f"{corrupt.name}.reason.txt").read_text()
    assert reason.strip() == rejected.reason
    assert spool.drain(store).rejected == ()


def test_foreign_names_are_left_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "00000000000000000001-abc").mkdir()
    (tmp_path / ("0" * 20 + "-" + "a" * 20 + "-" + "b" * 8)).write_text("a file, not a folder")
    assert spool.pending() == []
    spool.drain(ListStore())
    assert (tmp_path / "notes.txt").exists()


def test_two_drains_at_once_write_every_entry_once(tmp_path: Path) -> None:
    spool, log = Spool(tmp_path / "spool"), tmp_path / "log"
    keys = [spool.put(make_result(seed=seed)).name.split("-")[1] for seed in range(12)]
    context = multiprocessing.get_context("spawn")
    drains = [context.Process(target=drain_once, args=(spool.folder, log)) for _ in range(2)]
    for process in drains:
        process.start()
    for process in drains:
        process.join(60)
    assert [process.exitcode for process in drains] == [0, 0]
    assert sorted(log.read_text().split()) == sorted(keys)
    assert spool.pending() == []


def test_a_spool_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file/spool"):
        Spool(tmp_path / "file" / "spool")


def test_a_full_disk_is_named_and_leaves_no_half_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    spool = Spool(tmp_path)
    monkeypatch.setattr("ablations.store.result.save_file", full)
    with pytest.raises(DataError, match="No space left"):
        spool.put(make_result())
    assert spool.pending() == []
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["rejected"]
