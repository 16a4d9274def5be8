"""This machine's copy of an archive in an object store: what cannot be copied is said, what is adopted is sent."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ablations.cli import main
from ablations.config.errors import DataError, StoreError
from ablations.store import Archive, object_archive
from ablations.store.object_store import ObjectStore
from ablations.store.records import read_records, write_records
from tests.ablations.factories import assert_same_result, keep, make_result, make_study

RESULTS = [make_result(seed=seed) for seed in range(4)]


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Of an empty place in the memory of this process; the copies lie in the test's folder."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return f"memory://{uuid.uuid4().hex}"


def forget_copies(tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "cache")


def cut(address: str, key: str, size: int) -> None:
    store, name = ObjectStore(address), f"runs/{key}.tar"
    store.write(name, (store.read(name) or b"")[:size])


@pytest.mark.parametrize("size", [0, 700, 5_000])
def test_a_cut_run_is_named_with_the_way_out_and_the_others_are_reported(
    size: int, address: str, tmp_path: Path
) -> None:
    keep(Archive.open(address), make_study(), RESULTS)
    cut(address, broken := RESULTS[0].key, size)
    forget_copies(tmp_path)
    said = (
        rf"the run {broken} is damaged in the store \([\w ]+\): remove {address}/runs/{broken}.tar, and train it again"
    )
    with pytest.raises(DataError, match=said):
        Archive.open(address).get(broken)
    with pytest.raises(DataError, match=said):
        Archive.open(address).done({broken: ()})
    done = CliRunner().invoke(main, ["report", "demo", "--store", address, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, (done.output, done.exception)
    page = (tmp_path / "out" / "report.html").read_text()
    assert f"{address}/runs/{broken}.tar" in page
    assert "1 stored run could not be read" in page


def test_it_can_be_trained_again_as_the_sentence_says(address: str, tmp_path: Path) -> None:
    archive = Archive.open(address)
    archive.put(RESULTS[0])
    cut(address, RESULTS[0].key, 700)
    forget_copies(tmp_path)
    ObjectStore(address).remove(f"runs/{RESULTS[0].key}.tar")
    assert archive.put(RESULTS[0])
    forget_copies(tmp_path)
    assert_same_result(Archive.open(address).get(RESULTS[0].key), RESULTS[0])


def test_a_full_disk_of_the_copy_is_an_error_about_the_copy(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(Archive.open(address), make_study(), RESULTS)
    forget_copies(tmp_path)

    def full(*arguments: Any, **options: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    there = Archive.open(address)
    for name, copied in (("write_whole", r"study\.json"), ("whole_folder", r"\w+\.tar")):
        with monkeypatch.context() as patch:
            patch.setattr(object_archive, name, full)
            with pytest.raises(StoreError, match=rf"cannot copy {address}/\S+{copied} into .*: No space .*; make room"):
                there.read("demo")
        assert there.studies() == ("demo",)
    assert len(there.read("demo").results) == len(RESULTS)


def test_what_comes_from_records_is_kept_in_the_store(address: str, tmp_path: Path) -> None:
    own = Archive.open(tmp_path / "own")
    keep(own, make_study(), RESULTS)
    write_records(own, ["demo"], tmp_path / "records")
    assert read_records(tmp_path / "records", Archive.open(address)) == len(RESULTS)
    forget_copies(tmp_path)
    assert Archive.open(address).keys() == own.keys()
    assert len(Archive.open(address).read("demo").results) == len(RESULTS)


def test_what_another_machine_trained_is_kept_in_the_store(address: str, tmp_path: Path) -> None:
    other = Archive.open(tmp_path / "other")
    for result in RESULTS:
        other.put(result)
    Archive.open(address).adopt(other.root)
    forget_copies(tmp_path)
    assert Archive.open(address).keys() == other.keys()
    assert_same_result(Archive.open(address).get(RESULTS[0].key), RESULTS[0])
