"""Searches on a Ray cluster of two nodes: the same trials and the same runs as in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ablations.cli import main
from ablations.store import Archive
from tests.ablations.execution.executors.two_nodes import TwoNodes, two_nodes
from tests.ablations.small_study import digests

pytest.importorskip("ray", reason="needs Ray: pip install 'gan-ablations[cluster]'")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]

SMALL = ["--data", "digits", "--device", "cpu", "--steps", "9", "--seeds", "1", "--finalists", "1", "--parallel", "2"]
NARROW = [f"--space={side}.hidden=8:16" for side in ("generator", "discriminator")] + ["--space=batch_size=8:16"]
CLOCKS = {"seconds", "train_seconds", "evaluation_seconds", "bookkeeping_seconds", "report"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[TwoNodes]:
    with two_nodes() as found:
        yield found


def trees(folder: Path, cluster: TwoNodes, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> list[Any]:
    """What a command says of its work in this process, and on the cluster, each with an archive of its own."""
    told = []
    for name, executor in {"serial": [], "ray": ["--address", cluster.address]}.items():
        (folder / name).mkdir()
        monkeypatch.chdir(folder / name)
        done = CliRunner().invoke(main, [*arguments, "--executor", name, *executor, "--store", "store", "--json"])
        assert done.exit_code == 0, done.output
        told.append(without_clocks(json.loads(done.stdout)))
    return told


def without_clocks(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {name: without_clocks(value) for name, value in tree.items() if name not in CLOCKS}
    return [without_clocks(item) for item in tree] if isinstance(tree, list) else tree


def test_a_search_on_two_nodes_makes_the_trials_of_this_process(
    cluster: TwoNodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = trees(tmp_path, cluster, monkeypatch, "search", *SMALL, *NARROW, "--trials", "4")
    assert [trial["number"] for trial in here["searches"][0]["trials"]] == [0, 1, 2, 3]
    assert any(trial["state"] == "finished" for trial in here["searches"][0]["trials"])
    assert there == here


def test_an_axis_tuned_on_two_nodes_has_the_runs_of_this_process(
    cluster: TwoNodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["tune-and-compare", "conditioning", *SMALL, *NARROW, "--trials", "2", "--final-seeds", "1"]
    here, there = trees(tmp_path, cluster, monkeypatch, *command)
    assert there == here
    runs = [digests(Archive.open(tmp_path / name / "store")) for name in ("serial", "ray")]
    assert len(runs[0]) == 4
    assert runs[1] == runs[0]
