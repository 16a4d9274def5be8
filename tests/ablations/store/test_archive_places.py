"""Places where an archive cannot be, files that are not what they were, disks that fail: what is said of them."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ablations.config import sha256_of
from ablations.config.errors import ConfigError, DataError, StoreError
from ablations.store import Archive
from tests.ablations.factories import SCORER, assert_same_result, keep, make_result, make_study, make_variant

FULL = OSError(errno.ENOSPC, "No space left on device")
READ_ONLY = OSError(errno.EROFS, "Read-only file system")


# --- places ---


@pytest.mark.parametrize("uri", ["http://127.0.0.1:5000", "sqlite:///mlflow.db", "file:///tmp/store"])
def test_a_uri_is_refused_with_the_option_it_belongs_to(uri: str) -> None:
    with pytest.raises(StoreError, match=r"kept in a folder or in an object store.*--mirror"):
        Archive.open(uri)


@pytest.mark.parametrize("name", ["what?", "100%25"])
def test_a_path_that_a_databases_address_would_take_for_another_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="name a folder without it"):
        Archive.open(tmp_path / name)
    assert not (tmp_path / name).exists()


def test_whoever_may_read_the_archive_may_read_all_files_of_a_run(archive: Archive) -> None:
    given = make_result()
    archive.put(given)
    modes = {path.stat().st_mode & 0o777 for path in archive.folder(given.key).rglob("*") if path.is_file()}
    (archive.root / "new").write_text("")
    assert modes == {(archive.root / "new").stat().st_mode & 0o777}


def test_a_store_of_an_earlier_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"SQLite format 3\0")
    with pytest.raises(StoreError, match=r"earlier version.*name another folder with --store"):
        Archive.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def test_a_mirror_in_the_archives_own_folder_makes_no_earlier_version_of_it(archive: Archive) -> None:
    given = make_result()
    archive.put(given)
    (archive.root / "mlflow.db").write_bytes(b"SQLite format 3\0")
    assert_same_result(Archive.open(archive.root).get(given.key), given)


def test_an_archive_of_another_form_is_refused(archive: Archive) -> None:
    (archive.root / "archive.json").write_text(json.dumps({"form": 3}))
    with pytest.raises(StoreError, match="form 3, this version writes 2"):
        Archive.open(archive.root)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff"])
def test_a_damaged_marker_is_named_and_without_it_the_runs_are_there(archive: Archive, content: bytes) -> None:
    given = make_result()
    archive.put(given)
    (archive.root / "mlflow.db").write_bytes(b"SQLite format 3\0")
    path = archive.root / "archive.json"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=f"{path} is damaged .*: remove that file"):
        Archive.open(archive.root)
    path.unlink()
    assert_same_result(Archive.open(archive.root).get(given.key), given)


def test_a_file_or_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file is a file"):
        Archive.open(tmp_path / "file")
    with pytest.raises(StoreError, match=r"file/store.*--store"):
        Archive.open(tmp_path / "file" / "store")


# --- what is not there, or not what it was ---


def test_an_unknown_study_or_run_is_named(archive: Archive) -> None:
    keep(archive, make_study("recipes"), [])
    with pytest.raises(StoreError, match="did you mean 'recipes'"):
        archive.read("recipe")
    with pytest.raises(StoreError, match="0123"):
        archive.get("0123" * 5)
    with pytest.raises(ConfigError, match="it's"):  # no folder and no filter of a database could be called so
        make_variant("it's")


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"study": {}, "scorer": "", "runs": []}'])
def test_an_unreadable_study_is_named_with_the_way_out(archive: Archive, content: str) -> None:
    study, given = make_study(), make_result()
    keep(archive, study, [given])
    (archive.root / "studies" / "demo" / "study.json").write_text(content)
    for ask in (archive.read, archive.study, archive.members, archive.scorer):
        with pytest.raises(StoreError, match=r"'demo' cannot be read.*run it again"):
            ask("demo")
    keep(archive, study, [given])
    assert_same_result(archive.read("demo").results[0], given)


def test_an_unreadable_search_is_named(archive: Archive) -> None:
    archive.write_search("mine", {"trials": []})
    (archive.root / "searches" / "mine.json").write_text("{")
    with pytest.raises(StoreError, match=r"mine\.json.*run it again"):
        list(archive.searches())


def removed(path: Path) -> None:
    path.unlink()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def altered(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


ARRAYS = ("curves.safetensors", "weights.safetensors", "snapshots.safetensors")


@pytest.mark.parametrize("spoil", [removed, truncated, altered])
@pytest.mark.parametrize("name", ARRAYS)
def test_a_file_that_is_not_what_was_written_is_named(
    archive: Archive, name: str, spoil: Callable[[Path], None]
) -> None:
    given = make_result()
    archive.put(given)
    spoil(archive.folder(given.key) / name)
    with pytest.raises(DataError, match=f"{given.key}.*{name}"):
        archive.get(given.key)


@pytest.mark.parametrize("spoil", [removed, truncated])
def test_a_record_that_is_torn_is_named_and_not_done(archive: Archive, spoil: Callable[[Path], None]) -> None:
    given = make_result()
    archive.put(given)
    spoil(archive.folder(given.key) / "run.json")
    with pytest.raises(DataError, match=given.key):
        archive.get(given.key)
    assert archive.done({given.key: ()}) == set()
    assert archive.put(given)
    assert_same_result(archive.get(given.key), given)


@pytest.mark.parametrize(
    "change", [{"status": None}, {"run": {}}, {"evaluations": [{}]}, {"digests": []}, {"key": "0" * 20}, {"files": {}}]
)
def test_a_record_that_makes_no_sense_is_named(archive: Archive, change: dict[str, Any]) -> None:
    given = make_result()
    keep(archive, make_study(), [given])
    path = archive.folder(given.key) / "run.json"
    changed = {**json.loads(path.read_text()), **change}
    del changed["sha256"]
    path.write_text(json.dumps({**changed, "sha256": sha256_of(changed)}))
    stored = archive.read("demo")
    assert (stored.results, list(stored.unreadable)) == ((), [given.key])


@pytest.mark.parametrize("name", ["run.json", f"scores/{SCORER}.json"])
def test_a_number_that_was_changed_by_hand_is_seen(archive: Archive, name: str) -> None:
    given = make_result(score=12.5)
    keep(archive, make_study(), [given])
    path = archive.folder(given.key) / name
    text = path.read_text()
    old, new = ('"last_step": 40', '"last_step": 39') if name == "run.json" else ("12.5", "2.5")
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(DataError, match=f"{given.key}.*{Path(name).name} does not say what was written"):
        archive.get(given.key)


def test_torn_scores_are_named(archive: Archive) -> None:
    given = make_result()
    archive.put(given)
    truncated(archive.folder(given.key) / "scores" / f"{given.scorer}.json")
    with pytest.raises(DataError, match=given.key):
        archive.get(given.key)


def test_damaged_runs_are_listed_and_the_rest_is_read(archive: Archive) -> None:
    damaged, whole = make_result(), make_result(seed=1)
    keep(archive, make_study(), [damaged, whole])
    altered(archive.folder(damaged.key) / "curves.safetensors")
    stored = archive.read("demo")
    assert [item.key for item in stored.results] == [whole.key]
    assert "curves.safetensors" in stored.unreadable[damaged.key]


# --- disks ---


def fail(monkeypatch: pytest.MonkeyPatch, where: str, error: OSError) -> None:
    def failing(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(where, failing)


@pytest.mark.parametrize("error", [FULL, READ_ONLY])
@pytest.mark.parametrize(
    "where", ["ablations.store.run_folder.save_file", "ablations.store.disk.flush", "pathlib.Path.mkdir"]
)
def test_a_disk_that_fails_leaves_what_was_there_and_no_half_run(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, where: str, error: OSError
) -> None:
    before, after = make_result(status="failed"), make_result()
    archive.put(before)
    with monkeypatch.context() as patch:
        fail(patch, where, error)
        with pytest.raises(DataError, match=f"{after.key}.*{error.strerror}; make room or move --store"):
            archive.put(after)
    assert [path.name for path in archive.runs.iterdir()] == [before.key]
    assert_same_result(archive.get(before.key), before)
    assert archive.put(after)


def test_a_move_that_fails_brings_the_earlier_run_back(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    before, after = make_result(status="failed"), make_result()
    archive.put(before)
    move = os.replace

    def failing(source: Path, target: Path) -> None:
        if target == archive.folder(before.key) and ".old-" not in Path(source).name:
            raise FULL
        move(source, target)

    with monkeypatch.context() as patch:
        patch.setattr("ablations.store.disk.os.replace", failing)
        with pytest.raises(DataError, match="No space left"):
            archive.put(after)
    assert [path.name for path in archive.runs.iterdir()] == [before.key]
    assert_same_result(archive.get(before.key), before)


@pytest.mark.parametrize("error", [FULL, READ_ONLY])
def test_a_study_that_cannot_be_written_is_said_and_the_old_one_stays(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    keep(archive, make_study(), [make_result()])
    with monkeypatch.context() as patch:
        fail(patch, "ablations.store.disk.os.fsync", error)
        with pytest.raises(StoreError, match=f"{error.strerror}; make room.*--store"):
            archive.write_study(make_study(seeds=9), [], scorer="")
        with pytest.raises(StoreError, match=f"{error.strerror}; make room"):
            archive.attach("demo", "report.html", b"page")
        with pytest.raises(StoreError, match=error.strerror):
            archive.write_search("mine", {})
    assert archive.study("demo") == make_study()
    assert list(archive.searches()) == []
    assert [path.name for path in (archive.root / "studies" / "demo").iterdir()] == ["study.json"]
