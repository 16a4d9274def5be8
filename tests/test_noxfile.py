"""What the tasks hand on to the commands."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest


@pytest.mark.parametrize(
    ("given", "handed_on"),
    [
        ([], ["quick"]),
        (["--seeds", "2"], ["quick", "--seeds", "2"]),
        (["recipes", "--steps", "3"], ["recipes", "--steps", "3"]),
    ],
)
def test_a_study_is_quick_unless_one_is_named(
    given: list[str], handed_on: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "nox", MagicMock())
    names = runpy.run_path(str(Path(__file__).resolve().parents[1] / "noxfile.py"))
    assert names["of_quick"](given) == handed_on
