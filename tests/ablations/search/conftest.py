from __future__ import annotations

import functools
from collections.abc import Iterator

import pytest
from optuna.storages._rdb import storage


@pytest.fixture(autouse=True, scope="session")
def _migrations_read_once() -> Iterator[None]:
    """Whenever a database is opened, Optuna compiles all its migrations to know the newest: here once a process."""
    manager = storage._VersionManager
    first: list[object] = []
    read = manager._create_alembic_script

    @functools.wraps(read)
    def kept(self: storage._VersionManager) -> object:
        if not first:
            first.append(read(self))
        return first[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manager, "_create_alembic_script", kept)
        yield
