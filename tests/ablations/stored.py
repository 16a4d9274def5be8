"""What stands in a mirror, read from its database itself."""

from __future__ import annotations

import contextlib
import math
import sqlite3
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ablations.store.mirror import Mirror, rows
from ablations.store.result import Result

Rows = Counter[tuple[str, str, int]]
"""How often each (run key, metric, step) stands in a mirror."""
ROWS = (
    "select t.value, m.key, m.step from metrics m join runs r on r.run_uuid = m.run_uuid "
    "join tags t on t.run_uuid = m.run_uuid and t.key = 'run_key' where r.lifecycle_stage = 'active'"
)
RUNNING = "select count(*) from runs where status = 'RUNNING' and lifecycle_stage = 'active'"


def folder_of(mirror: Mirror) -> Path:
    """Where a mirror in a folder lies."""
    return Path(mirror.uri.removeprefix("sqlite:///")).parent


def query(mirror: Mirror, text: str) -> list[Any]:
    connection = sqlite3.connect(mirror.uri.removeprefix("sqlite:///"))
    try:
        return connection.execute(text).fetchall()
    finally:
        connection.close()


def rows_in(database: Path) -> Rows:
    """Of a mirror's file."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return counted(connection.execute(ROWS))


def counted(found: Iterable[Any]) -> Rows:
    """What a database answers to `ROWS`."""
    return Counter((str(key), str(name), int(step)) for key, name, step in found)


def active(mirror: Mirror, kind: str) -> list[tuple[str, str, str]]:
    """(run id, name, status) of the runs that are not in MLflow's trash, the latest first."""
    return query(
        mirror,
        "SELECT run_uuid, name, status FROM runs JOIN tags USING (run_uuid) "
        f"WHERE lifecycle_stage = 'active' AND key = 'kind' AND value = '{kind}' ORDER BY start_time DESC",
    )


def tags(mirror: Mirror, run_id: str) -> dict[str, str]:
    return dict(query(mirror, f"SELECT key, value FROM tags WHERE run_uuid = '{run_id}'"))


def points(mirror: Mirror, run_id: str) -> list[tuple[str, float, int]]:
    found = query(mirror, f"SELECT key, value, step, is_nan FROM metrics WHERE run_uuid = '{run_id}'")
    return [(key, math.nan if is_nan else value, step) for key, value, step, is_nan in found]


def seed_runs(mirror: Mirror) -> dict[str, str]:
    """Run id of each key. A key that stands there twice is an error."""
    pairs = [(tags(mirror, run)["run_key"], run) for run, _, _ in active(mirror, "seed")]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def assert_whole(mirror: Mirror, run_id: str, result: Result) -> None:
    """Every row of the result is in the database once, with its value, and the run says what it is."""
    written = points(mirror, run_id)
    assert Counter((name, step) for name, _, step in written) == Counter(
        (point.name, point.step) for point in rows.run_points(result)
    )
    assert {(name, step): value for name, value, step in written} == {
        (point.name, point.step): point.value for point in rows.run_points(result)
    }
    found = tags(mirror, run_id)
    assert (found["run_key"], found["status"], found["complete"]) == (result.key, result.status, "true")
    assert found | result.digests == found
    params = dict(query(mirror, f"SELECT key, value FROM params WHERE run_uuid = '{run_id}'"))
    assert params == rows.run_params(result, result.run.variant)


def contents(mirror: Mirror) -> dict[str, Any]:
    """All that the mirror shows, in a form that does not depend on when and in how many passes it was written."""
    shown: dict[str, Any] = {"studies": mirror.studies()}
    for kind in ("study", "variant", "seed", "search", "trial"):
        shown[kind] = sorted(
            (name, status, sorted(_lasting(tags(mirror, run)).items()), sorted(points(mirror, run)))
            for run, name, status in active(mirror, kind)
        )
    return shown


def _lasting(found: dict[str, str]) -> dict[str, str]:
    """Tags without ids and times."""
    return {
        key: value
        for key, value in found.items()
        if key not in ("written_at", "mlflow.parentRunId", "mlflow.loggedImages") and not key.startswith("mlflow.run")
    }
