"""Signs of life outlast a database that is away for a while."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import sqlalchemy.exc

from ablations.search.trial_storage import TrialStorage


class Shaky:
    """A storage that is away at every second call."""

    def __init__(self) -> None:
        self.calls = 0
        self.enough = threading.Event()

    def get_study_id_from_name(self, name: str) -> int:
        return 0

    def get_heartbeat_interval(self) -> float:
        return 0.001

    def record_heartbeat(self, trial: int) -> None:
        self.calls += 1
        if self.calls == 6:
            self.enough.set()
        if self.calls % 2:
            raise sqlalchemy.exc.OperationalError("UPDATE", None, OSError("away"))


def test_signs_of_life_go_on_after_one_that_did_not_reach_the_database() -> None:
    storage, study, trial = Shaky(), SimpleNamespace(study_name="s"), SimpleNamespace(_trial_id=1)
    untyped: Any = TrialStorage
    with untyped(storage, study, shared=True).beating([trial]):
        assert storage.enough.wait(10)
