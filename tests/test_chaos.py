"""The short form of `nox -s chaos`: a few kills, and nothing lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos import chaos


@pytest.mark.timeout(300)
def test_a_study_survives_its_kills(tmp_path: Path) -> None:
    outcome = chaos(tmp_path, kills=3, steps=400, seed=1)
    assert sum(outcome.kills.values()) == 3
    assert outcome.resumes >= 1
    assert outcome.sound, f"{outcome}\n{outcome.differences}"
