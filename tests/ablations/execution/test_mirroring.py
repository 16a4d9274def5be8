"""The mirror beside a study: it holds nothing up, and a study ends complete whether it can be reached or not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from multiprocessing import active_children
from pathlib import Path

import pytest

from ablations.execution import mirroring as module
from ablations.execution.mirroring import mirroring
from ablations.store import Archive
from ablations.store.mirror import Mirror
from tests.ablations.factories import keep, make_result, make_study
from tests.ablations.stored import assert_whole, contents, folder_of, seed_runs

pytestmark = pytest.mark.timeout(300)  # on a busy machine a process of low priority takes long to begin
AWAY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_runs_that_come_while_it_is_at_work_are_shown_at_the_end(
    archive: Archive, mirror: Mirror, open_mirror: Callable[..., Mirror]
) -> None:
    given = [make_result(seed=seed) for seed in range(3)]
    with mirroring(archive.root, "demo", str(folder_of(mirror))) as at_work:
        for count in range(1, 4):
            keep(archive, make_study(), given[:count])
        archive.attach("demo", "report.html", b"page")
        at_work.finish()
        assert at_work.problem is None
        at_work.finish()  # once is enough
    runs = seed_runs(mirror)
    for result in given:
        assert_whole(mirror, runs[result.key], result)
    anew = open_mirror("anew")
    anew.sync(archive)
    assert contents(anew) == contents(mirror)
    assert active_children() == []


@pytest.mark.parametrize("seconds", [0.0, 1.0, 10.0, 300.0])
def test_a_mirror_whose_passes_take_long_is_at_work_a_share_of_the_time_at_most(seconds: float) -> None:
    pause = module.pause_after(seconds)
    assert pause >= module.PAUSE_SECONDS
    assert seconds / (seconds + pause) <= module.SHARE + 1e-9


def test_without_a_mirror_there_is_no_process(archive: Archive) -> None:
    with mirroring(archive.root, "demo", "none") as at_work:
        assert active_children() == []
        at_work.finish()
        assert at_work.problem is None


def test_a_server_that_is_away_is_said_at_the_end_and_the_mirror_caught_up_later(
    archive: Archive, mirror: Mirror
) -> None:
    with mirroring(archive.root, "demo", AWAY) as at_work:
        keep(archive, make_study(), [make_result()])
        at_work.finish()
    assert at_work.problem is not None
    assert AWAY in at_work.problem
    assert "no run is lost" in at_work.problem
    assert mirror.sync(archive) == 1


def test_a_killed_mirror_is_said_and_the_next_pass_completes_it(archive: Archive, mirror: Mirror) -> None:
    result = make_result()
    keep(archive, make_study(), [result])
    with mirroring(archive.root, "demo", str(folder_of(mirror))) as at_work:
        (process,) = active_children()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        at_work.finish()
    assert at_work.problem == "its process ended"
    mirror.sync(archive)
    assert_whole(mirror, seed_runs(mirror)[result.key], result)


def test_a_mirror_that_hangs_does_not_hold_up_the_end(
    archive: Archive, mirror: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(archive, make_study(), [make_result()])
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)
    with mirroring(archive.root, "demo", str(folder_of(mirror))) as at_work:
        (process,) = active_children()
        assert process.pid is not None
        os.kill(process.pid, signal.SIGSTOP)
        started = time.monotonic()
        at_work.finish()
        assert at_work.problem is not None
        assert "was not done" in at_work.problem
    assert time.monotonic() - started < 30
    assert active_children() == []


def test_an_interrupted_study_does_not_wait_for_its_mirror(archive: Archive, mirror: Mirror) -> None:
    with pytest.raises(KeyboardInterrupt), mirroring(archive.root, "demo", str(folder_of(mirror))):
        raise KeyboardInterrupt
    assert active_children() == []
