"""Writers of the mirror that are killed or compete: the next pass makes it as if nothing had happened."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ablations.store import Archive
from ablations.store.mirror import Mirror
from ablations.store.mirror.guarded_calls import Gate
from tests.ablations.factories import keep, make_result, make_study, make_variant
from tests.ablations.stored import active, assert_whole, contents, folder_of, seed_runs

Opener = Callable[..., Mirror]


class Killed(BaseException):
    """As SIGKILL would: nothing between the place of the kill and the test may act on it."""


def kill_at(monkeypatch: pytest.MonkeyPatch, call: int, *, after: bool) -> None:
    """Every call of MLflow counts; die before or right after the given one."""
    count, guarded = 0, Gate.__call__

    def counted(self: Gate, function: Callable[[], Any]) -> Any:
        nonlocal count
        count += 1
        if count == call and not after:
            raise Killed
        value = guarded(self, function)
        if count == call:
            raise Killed
        return value

    monkeypatch.setattr(Gate, "__call__", counted)


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True])
def test_killed_at_any_point_the_next_pass_completes_the_mirror(
    archive: Archive, open_mirror: Opener, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    """Each round has one run more than the last, so that there is something to write wherever it dies."""
    study, given = make_study(variants=(make_variant(steps=4),)), []
    done = False
    for call in range(2 + after, 100, 3):
        given.append(make_result(study.variants[0], seed=call, images=4))
        keep(archive, study, given)
        archive.attach("demo", "report.html", str(call).encode())
        with monkeypatch.context() as patch:
            kill_at(patch, call, after=after)
            try:
                open_mirror().sync(archive)
                done = True
            except Killed:
                pass
        if done:
            break
        if call % 2:  # else the next life finds it as it is
            open_mirror().sync(archive)
            assert all(status == "FINISHED" for _, _, status in active(open_mirror(), "seed"))
    assert len(given) > 5
    mirror, anew = open_mirror(), open_mirror("anew")
    anew.sync(archive)
    assert contents(mirror) == contents(anew)
    runs = seed_runs(mirror)
    assert set(runs) == {result.key for result in given}
    for result in given:
        assert_whole(mirror, runs[result.key], result)


def test_a_killed_creation_leaves_no_half_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow.store.tracking.sqlalchemy_store as module

    def killed(uri: str, _: str) -> None:
        Path(uri.removeprefix("sqlite:///")).write_bytes(b"half")
        raise Killed

    monkeypatch.setattr(module, "SqlAlchemyStore", killed)
    with pytest.raises(Killed):
        Mirror.open(tmp_path)
    assert not (tmp_path / "mlflow.db").exists()


def write_all(root: Path, folder: Path) -> None:
    Mirror.open(folder).sync(Archive.open(root))


@pytest.mark.slow
def test_two_writers_at_once_write_every_run_once(archive: Archive, mirror: Mirror) -> None:
    study = make_study(variants=(make_variant(),))
    given = [make_result(seed=seed) for seed in range(5)]
    keep(archive, study, given)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_all, args=(archive.root, folder_of(mirror))) for _ in range(2)]
    for process in writers:
        process.start()
    for process in writers:
        process.join(100)
    assert [process.exitcode for process in writers] == [0, 0]
    runs = seed_runs(mirror)
    assert len(active(mirror, "variant")) == 1
    for result in given:
        assert_whole(mirror, runs[result.key], result)
