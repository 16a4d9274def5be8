"""The gate on packages made for it, which spend a stated time on a step."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from bench.checkout import CheckoutError, checked_out
from bench.gate import Process, compare, row
from tests.bench.made_package import MILLISECOND, STEP, git, write_package


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A step of two milliseconds is committed; the working tree may say something else."""
    folder = tmp_path / "repository"
    write_package(folder, MILLISECOND)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "a step")
    return folder


@pytest.mark.parametrize(("factor", "slower"), [(1.0, False), (1.3, True), (0.7, False)])
def test_a_slower_working_tree_raises_the_alarm(repository: Path, factor: float, slower: bool) -> None:
    write_package(repository, factor * MILLISECOND)
    with checked_out(repository, "HEAD", "ablations") as old:
        decision = compare(old, repository, {"step": STEP}, pairs=12, seconds=0.01)["step"]
    assert decision.slower is slower
    assert decision.ratio.estimate == pytest.approx(factor, rel=0.05)


def test_an_injected_slowdown_is_a_slowdown(repository: Path) -> None:
    with checked_out(repository, "HEAD", "ablations") as old:
        decision = compare(old, repository, {"step": STEP}, pairs=12, seconds=0.01, slowdown=0.2)["step"]
    assert decision.slower
    assert decision.ratio.estimate == pytest.approx(1.2, rel=0.05)


def test_the_revision_is_checked_out_and_leaves_nothing_behind(repository: Path) -> None:
    write_package(repository, 5 * MILLISECOND)
    with checked_out(repository, "HEAD", "ablations") as old:
        assert "0.001 *" in (old / "ablations" / "training" / "seed_group.py").read_text()
        assert "0.005 *" in (repository / "ablations" / "training" / "seed_group.py").read_text()
    assert not old.exists()
    listed = subprocess.run(["git", "worktree", "list"], cwd=repository, check=True, capture_output=True, text=True)
    assert len(listed.stdout.splitlines()) == 1


def test_an_unknown_revision_is_named(repository: Path) -> None:
    with pytest.raises(CheckoutError, match="in revision 'v0'"), checked_out(repository, "v0", "ablations"):
        pass


def test_a_package_that_cannot_be_timed_says_why(repository: Path, tmp_path: Path) -> None:
    write_package(tmp_path / "broken", MILLISECOND, broken=True)
    with pytest.raises(CheckoutError, match="ImportError: no such thing"):
        compare(repository, tmp_path / "broken", {"step": STEP}, pairs=2)


def test_each_process_finds_the_package_of_its_own_tree(repository: Path, tmp_path: Path) -> None:
    """Were another `ablations` imported, equal code would be compared with itself, and no slowdown ever seen."""
    (tmp_path / "empty").mkdir()
    process = Process(tmp_path / "empty")
    with pytest.raises(CheckoutError, match=r"was imported instead of|ModuleNotFoundError"):
        process.check()
    process.end()


def test_a_step_costs_the_time_it_takes(repository: Path) -> None:
    process = Process(repository)
    process.check()
    taken = [process.take("step", STEP, 3) for _ in range(5)]
    process.end()
    assert np.median(taken) == pytest.approx(2 * MILLISECOND, rel=0.1)


def test_a_row_shows_the_change_and_the_verdict(repository: Path) -> None:
    with checked_out(repository, "HEAD", "ablations") as old:
        decisions = compare(old, repository, {"step": STEP}, pairs=4, seconds=0.005, slowdown=0.5)
    name, change, verdict = row("step", decisions["step"])
    assert (name, verdict) == ("step", "SLOWER")
    assert change.startswith(("+5", "+4"))
