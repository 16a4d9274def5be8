"""The made-up archive is one that every command takes for an archive."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ablations.store import Archive

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("whole", [True, False])
def test_commands_are_timed_over_an_archive_of_made_up_runs(whole: bool, tmp_path: Path) -> None:
    """In a process of its own: it is held to an instruction set before its libraries are loaded. With files of their
    own or by links, each run reads back whole, with scores of its own.
    """
    code = f"from bench import many_runs; many_runs.WHOLE = {8 if whole else 2}; many_runs.main()"
    command = [sys.executable, "-c", code, "--runs", "8", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = [line.split("  ")[0] for line in done.stdout.splitlines()]
    assert {"list", "plan", "compare two variants", "report"} <= set(said)
    stored = Archive.open(tmp_path / "store").read("many")
    assert len(stored.results) == 8
    assert not stored.unreadable
    made = [result for result in stored.results if result.run.seed or result.run.variant.name != "v000"]
    assert {result.status for result in made} == {"finished"}, "with so few steps some count as collapsed all the same"
    assert len({result.scores["balanced_frechet_500"] for result in made}) == len(made)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_the_mirror_is_timed_from_nothing_and_brought_up_to_date(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "bench.many_runs", "--mirror", "--runs", "8", "--folder", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [line[:36].rstrip() for line in done.stdout.splitlines()] == [
        "mirror from nothing",
        "mirror, nothing new",
        "mirror, 3 new runs of one variant",
        "mirror, 1 new runs of a variant each",
    ]
    assert "1 run written" in (tmp_path / "printed.txt").read_text(), "of the last pass"
    assert len(Archive.open(tmp_path / "store").read("many").results) == 8, "what was held back stands in its place"
    assert not list((tmp_path / "store" / "held").iterdir())
