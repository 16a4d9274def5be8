"""What stands in a store, read from its database itself."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from typing import Any

from ablations.store import Store
from ablations.store.mirror import rows
from ablations.store.result import Result
from tests.ablations.factories import assert_same_result


def query(store: Store, text: str) -> list[Any]:
    connection = sqlite3.connect(store.uri.removeprefix("sqlite:///"))
    try:
        return connection.execute(text).fetchall()
    finally:
        connection.close()


def active(store: Store, kind: str) -> list[tuple[str, str, str]]:
    """(run id, name, status) of the runs that are not in MLflow's trash."""
    return query(
        store,
        "SELECT run_uuid, name, status FROM runs JOIN tags USING (run_uuid) "
        f"WHERE lifecycle_stage = 'active' AND key = 'kind' AND value = '{kind}' ORDER BY start_time DESC",
    )


def tags(store: Store, run_id: str) -> dict[str, str]:
    return dict(query(store, f"SELECT key, value FROM tags WHERE run_uuid = '{run_id}'"))


def points(store: Store, run_id: str) -> list[tuple[str, float, int]]:
    found = query(store, f"SELECT key, value, step, is_nan FROM metrics WHERE run_uuid = '{run_id}'")
    return [(key, math.nan if is_nan else value, step) for key, value, step, is_nan in found]


def assert_whole(store: Store, run_id: str, result: Result) -> None:
    """Every row of the result is in the database once, and its files read back equal."""
    written = Counter((name, step) for name, _, step in points(store, run_id))
    assert written == Counter((point.name, point.step) for point in rows.run_points(result))
    assert set(written.values()) == {1}
    stored = store.read_result(run_id)
    assert_same_result(stored, result)
    assert stored.digests == result.digests
