"""Writers that are killed or compete: one whole run in the end."""

from __future__ import annotations

import multiprocessing
import operator
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ablations.store import Store
from ablations.store.mirror import rows
from ablations.store.mirror.guarded_calls import Gate
from ablations.store.mirror.mlflow_runs import Runs
from ablations.store.result import Result
from ablations.store.spool import Spool
from tests.ablations.factories import make_result, make_study, make_variant
from tests.ablations.stored import active, assert_whole, points, tags

Opener = Callable[..., Store]


class Killed(BaseException):
    """As SIGKILL would: nothing between the place of the kill and the test may act on it."""


def kill_at(monkeypatch: pytest.MonkeyPatch, call: int, *, after: bool) -> None:
    """Every call of MLflow and every saved result counts; die before or right after the given one."""
    count = 0

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == call and not after:
                raise Killed
            value = function(*args, **kwargs)
            if count == call:
                raise Killed
            return value

        return counted

    monkeypatch.setattr(Gate, "__call__", wrap(Gate.__call__))
    monkeypatch.setattr(Result, "save", wrap(Result.save))


@pytest.mark.parametrize(("after", "reconciled"), [(False, False), (True, True)])
def test_killed_at_any_point_of_a_write_there_is_one_whole_run_in_the_end(
    open_store: Opener, monkeypatch: pytest.MonkeyPatch, after: bool, reconciled: bool
) -> None:
    expected: list[Result] = []
    variant = make_variant(steps=4)
    for call in range(1, 100):
        result = make_result(variant, seed=call, images=4)
        expected.append(result)
        with monkeypatch.context() as patch:
            kill_at(patch, call, after=after)
            try:
                open_store().write(result)
                break
            except Killed:
                pass
        store = open_store()
        assert set(store.keys("demo")) >= {item.key for item in expected[:-1]}
        if reconciled and call > 2:  # before that there is no study yet
            store.reconcile("demo")
            assert all(status != "RUNNING" for _, _, status in active(store, "seed") + active(store, "variant"))
        store.write(result)
    assert len(expected) > 10
    store = open_store()
    runs = store.keys("demo")
    assert set(runs) == {result.key for result in expected}
    assert len(active(store, "seed")) == len(expected)
    for result in expected:
        assert_whole(store, runs[result.key], result)


@pytest.mark.parametrize(
    ("n_metrics", "n_params", "n_tags"), [(1990, 250, 150), (900, 100, 1), (0, 0, 101), (1000, 0, 3)]
)
def test_no_tag_is_sent_before_all_the_rest_is_there(n_metrics: int, n_params: int, n_tags: int) -> None:
    sent: list[tuple[list[object], list[object], list[object]]] = []
    gate: Any = operator.call
    client: Any = SimpleNamespace(log_batch=lambda run_id, *parts: sent.append(parts))
    files: Any = None
    Runs(gate, client, files).log(
        "run",
        points=[rows.Point("loss", float(step), step) for step in range(n_metrics)],
        params={f"param {number}": "" for number in range(n_params)},
        tags={f"tag {number}": "" for number in range(n_tags)},
    )
    assert [sum(len(parts[kind]) for parts in sent) for kind in range(3)] == [n_metrics, n_params, n_tags]
    for parts in sent:
        assert sum(map(len, parts)) <= 1000
        assert len(parts[1]) <= 100
        assert len(parts[2]) <= 100
    first = next(number for number, parts in enumerate(sent) if parts[2])
    assert not any(parts[0] or parts[1] for parts in sent[first + 1 :])


def test_killed_at_any_point_of_a_summary_the_next_one_is_whole(
    open_store: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variant = make_variant(steps=4)
    store = open_store("prepared")
    store.write_study(make_study(variants=(variant,)))
    for seed in range(2):  # the second seed makes the first summary one that has to be replaced
        store.write(make_result(variant, seed, images=4))
        if seed == 0:
            store.summarize("demo")
    for call in range(5, 100, 2):
        folder = tmp_path / str(call)
        shutil.copytree(tmp_path / "prepared", folder)
        connection = sqlite3.connect(folder / "mlflow.db")
        with connection:  # the copy's artifacts are its own
            connection.execute("UPDATE runs SET artifact_uri = replace(artifact_uri, 'prepared', ?)", (folder.name,))
        connection.close()
        finished = False
        with monkeypatch.context() as patch:
            kill_at(patch, call, after=True)
            try:
                open_store(folder.name).summarize("demo")
                finished = True
            except Killed:
                pass
        store = open_store(folder.name)
        store.reconcile("demo")
        store.summarize("demo")
        ((parent, _, status),) = active(store, "variant")
        assert status == "FINISHED"
        written = points(store, parent)
        assert {name: value for name, value, _ in written}["n_finished"] == 2
        assert set(Counter((name, step) for name, _, step in written).values()) == {1}
        assert {tags(store, run)["mlflow.parentRunId"] for run, _, _ in active(store, "seed")} == {parent}
        if finished:
            break
    assert call > 9


def test_a_killed_creation_leaves_no_half_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow.store.tracking.sqlalchemy_store as module

    def killed(uri: str, _: str) -> None:
        Path(uri.removeprefix("sqlite:///")).write_bytes(b"half")
        raise Killed

    monkeypatch.setattr(module, "SqlAlchemyStore", killed)
    with pytest.raises(Killed):
        Store.open(tmp_path)
    assert not (tmp_path / "mlflow.db").exists()


def write_all(folder: str, seeds: range) -> None:
    store = Store.open(folder)
    for seed in seeds:
        store.write(make_result(seed=seed))


def test_two_writers_at_once_write_every_run_once(store: Store) -> None:
    folder = str(Path(store.uri.removeprefix("sqlite:///")).parent)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_all, args=(folder, range(first, first + 5))) for first in (0, 2)]
    for process in writers:
        process.start()
    for process in writers:
        process.join(60)
    assert [process.exitcode for process in writers] == [0, 0]
    assert sorted(name for _, name, _ in active(store, "seed")) == [f"baseline seed {seed}" for seed in range(7)]
    assert len(active(store, "variant")) == 1
    for seed in range(7):
        result = make_result(seed=seed)
        assert_whole(store, store.keys("demo")[result.key], result)


def test_the_spool_and_the_store_together_lose_and_double_nothing(
    open_store: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = Spool(tmp_path / "spool")
    results = [make_result(seed=seed, images=4) for seed in range(4)]
    for result in results:
        spool.put(result)
    for call in range(3, 60, 7):
        with monkeypatch.context() as patch:
            kill_at(patch, call, after=True)
            try:
                spool.drain(open_store())
            except Killed:
                continue
    store = open_store()
    spool.drain(store)
    assert spool.pending() == []
    assert set(store.keys("demo")) == {result.key for result in results}
    assert len(active(store, "seed")) == len(results)
    for result in results:
        assert_whole(store, store.keys("demo")[result.key], result)
