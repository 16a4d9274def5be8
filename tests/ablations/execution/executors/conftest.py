from __future__ import annotations

from pathlib import Path

import pytest

from tests.ablations.execution.executors.jobs import Make, NoteJob


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """`make(name)` is a job with an input to read; what it is beside that are facts of `NoteJob`."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "input.txt").write_text("read")
    return lambda name, **facts: NoteJob(name, tmp_path / "folder", tmp_path, **facts)
