"""How runs ended, of thousands at once: what is remembered never says anything but what the folders say."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from unittest import mock

import pytest

from ablations.store import Archive, run_folder, run_heads
from ablations.store.run_heads import Head
from tests.ablations.factories import keep, make_result, make_study

COUNT = 6


@pytest.fixture
def filled(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """So many runs that they are remembered."""
    monkeypatch.setattr(run_heads, "MANY", 2)
    keep(archive, make_study(), [make_result(seed=seed) for seed in range(COUNT)])
    return archive


def file_of(archive: Archive) -> Path:
    return archive.work / "heads.sqlite"


def reads(archive: Archive) -> tuple[dict[str, Head], int]:
    """What is known of all runs, and how many folders had to be read for it."""
    with mock.patch.object(run_folder, "read_head", wraps=run_folder.read_head) as read:
        return archive.heads(archive.keys()), read.call_count


def test_what_is_remembered_is_what_the_folders_say_and_is_read_once(filled: Archive) -> None:
    first, read = reads(filled)
    assert read == COUNT
    for key, head in first.items():
        tree = run_folder.read_head(filled.folder(key))
        assert head.status == tree["status"]
        assert head.last_step == tree["last_step"]
        assert head.scored == tuple(item["step"] for item in tree["evaluations"])
    assert reads(filled) == (first, 0)


def test_a_run_that_was_written_again_is_read_again(filled: Archive) -> None:
    keep(filled, make_study(), [make_result(seed=COUNT, status="failed")])
    before, _ = reads(filled)
    keep(filled, make_study(), [make_result(seed=COUNT)])
    after, read = reads(filled)
    key = make_result(seed=COUNT).key
    assert (before[key].status, after[key].status, read) == ("failed", "finished", 1)


def test_an_altered_head_counts_as_no_run_even_with_the_old_size_and_time(filled: Archive) -> None:
    reads(filled)
    path = filled.folder(filled.keys()[0]) / run_folder.HEAD
    before, text = path.stat(), path.read_text()
    path.write_text(text.replace("finished", "diverged", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    found, _ = reads(filled)
    assert found.keys() == set(filled.keys()[1:])
    assert filled.done(dict.fromkeys(filled.keys(), ())) == found.keys()


def test_a_run_that_is_gone_is_forgotten(filled: Archive) -> None:
    keys = filled.keys()
    reads(filled)
    shutil.rmtree(filled.folder(keys[0]))
    assert filled.heads(keys).keys() == set(keys[1:])


@pytest.mark.parametrize("content", [b"", b"no database at all, but long enough for a header"])
def test_a_damaged_file_is_made_again(filled: Archive, content: bytes) -> None:
    expected, _ = reads(filled)
    file_of(filled).write_bytes(content)
    assert reads(filled) == (expected, COUNT)
    assert reads(filled) == (expected, 0)


def test_where_nothing_can_be_remembered_the_folders_answer(filled: Archive) -> None:
    file_of(filled).mkdir(parents=True)
    expected, read = reads(filled)
    assert (len(expected), read) == (COUNT, COUNT)
    assert reads(filled) == (expected, COUNT)


def test_few_runs_leave_no_file(archive: Archive) -> None:
    keep(archive, make_study(), [make_result()])
    assert reads(archive)[1] == 1
    assert not file_of(archive).exists()


@pytest.mark.parametrize(
    ("head", "steps", "done"),
    [
        (Head(status="finished", last_step=40, scored=(0, 40)), (0, 40), True),
        (Head(status="finished", last_step=40, scored=(0, 40)), (0, 20, 40), False),
        (Head(status="diverged", last_step=10, scored=(0,)), (0, 20, 40), True),
        (Head(status="failed", last_step=40, scored=(0, 40)), (0, 40), False),
    ],
)
def test_done_is_an_end_that_would_come_again_with_the_scores_that_were_asked_for(
    head: Head, steps: tuple[int, ...], done: bool
) -> None:
    assert head.is_done(steps) is done


def test_scores_alone_are_read_without_the_curves(archive: Archive) -> None:
    keep(archive, make_study(), [make_result()])
    (key,) = archive.keys()
    whole, bare = archive.read("demo").results[0], archive.read("demo", curves=False).results[0]
    assert bare.scores == whole.scores
    assert (dict(bare.curves), dict(bare.samples)) == ({}, {})
    (archive.folder(key) / "curves.safetensors").write_bytes(b"damaged")
    assert list(archive.read("demo").unreadable) == [key]
    assert json.dumps(archive.read("demo", curves=False).results[0].scores) == json.dumps(whole.scores)
