"""Rooms that are asked often leave out what takes seconds to load, each asked in an interpreter of its own."""

from __future__ import annotations

import pytest

from tests.ablations.loaded import loaded_by

ROOMS = """
import ablations.catalog, ablations.config, ablations.execution.executors, ablations.store
from ablations.execution.environment import environment
environment("cpu")
"""


@pytest.mark.parametrize(
    ("code", "heavy"),
    [
        ("import ablations", {"click", "numpy", "pandas", "torch"}),
        (ROOMS, {"mlflow", "optuna", "pandas", "ray", "rich", "scipy", "torch"}),
    ],
)
def test_what_a_room_can_do_without_is_not_loaded_with_it(code: str, heavy: set[str]) -> None:
    assert not loaded_by(code) & heavy
