"""What others are at is waited for, and said."""

from __future__ import annotations

from pathlib import Path

import pytest

from ablations.execution.executors.waiting import QUIET_SECONDS, SAID_EVERY_SECONDS, Waiting
from tests.ablations.execution.executors.jobs import NoteJob


def test_that_others_have_all_that_is_left_is_said_after_a_while_and_then_rarely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [1_000.0]
    monkeypatch.setattr("ablations.execution.executors.waiting.time.monotonic", lambda: now[0])
    (tmp_path / "input.txt").write_text("read")
    theirs = NoteJob("theirs", tmp_path, tmp_path)
    held = theirs.lease()
    assert held is not None
    ours = Waiting([theirs], lambda event: None)

    def after(seconds: float) -> str:
        now[0] += seconds
        assert ours.take() is None
        return capsys.readouterr().err

    assert [after(0), after(QUIET_SECONDS - 0.1)] == ["", ""]
    assert after(0.2).startswith("waiting for 1 group that another command is at (such as theirs)")
    assert after(SAID_EVERY_SECONDS - 1) == ""
    assert after(QUIET_SECONDS + 1).startswith("waiting for 1 group")
    held.release()
    assert ours.take() is theirs
    ours.close()


def test_a_command_with_work_of_its_own_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = [1_000.0]
    monkeypatch.setattr("ablations.execution.executors.waiting.time.monotonic", lambda: now[0])
    (tmp_path / "input.txt").write_text("read")
    theirs, mine = (NoteJob(name, tmp_path, tmp_path) for name in ("theirs", "mine"))
    held = theirs.lease()
    assert held is not None
    ours = Waiting([mine, theirs], lambda event: None)
    assert ours.take() is mine
    for _ in range(5):
        now[0] += SAID_EVERY_SECONDS
        assert ours.take() is None
    assert capsys.readouterr().err == ""
    held.release()
    ours.close()
