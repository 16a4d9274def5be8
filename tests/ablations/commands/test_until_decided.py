"""`ablations run --until-decided` from end to end, small: looks, the same runs as without, going on, refusals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ablations.cli import main
from ablations.commands.study_files import read_study
from ablations.execution.options import Options
from ablations.execution.plan import make_plan
from ablations.store import Archive
from reports.analysis.findings import find
from tests.ablations.commands.small_file import SMALL

pytestmark = pytest.mark.usefixtures("few_digits")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(
        main, ["run", "small.json", "--data", "digits", "--workers", "1", "--mirror", "none", *arguments]
    )


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.json").write_text(json.dumps(SMALL))
    return tmp_path


LOOKS = ("--until-decided", "--max-seeds", "10")


def test_blocks_are_trained_until_nothing_is_open(begun: Path) -> None:
    planned = json.loads(run(*LOOKS, "--dry-run", "--json").stdout)
    assert planned["looks"] == [5, 10]
    assert (planned["to_train"], planned["least_runs"], planned["most_runs"]) == (10, 10, 20)

    result = run(*LOOKS)
    assert result.exit_code == 0, result.output
    archive = Archive.open("results/store")
    stored = archive.read("small")
    assert stored.study.looks == (5, 10)
    progress = find(stored).progress
    assert progress is not None
    assert progress.open == ()
    assert not progress.wanted
    assert len(stored.results) in (10, 20)
    assert "looks at 5, 10 seeds" in Path("results/reports/small/report.html").read_text()

    again = run(*LOOKS, "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["counts"] == dict.fromkeys(json.loads(again.stdout)["counts"], 0)

    options = Options(dataset="digits", workers=1, seeds=10, width=5)
    at_once = make_plan(read_study(Path("small.json")), options, Archive.open("at once"))
    ours = {member.key for member in archive.members("small")}
    assert ours <= {member.key for member in at_once.members}, "the same runs as of a study with so many seeds"

    other = run("--until-decided", "--max-seeds", "20")
    assert other.exit_code == 2
    assert "was begun with looks at 5, 10 seeds" in other.stderr


@pytest.mark.slow
def test_a_kill_in_the_middle_of_a_look_changes_no_look(begun: Path) -> None:
    command = [sys.executable, "-m", "ablations.cli", "run", "small.json", "--data", "digits", "--workers", "1"]
    command += ["--mirror", "none", *LOOKS, "--store", "killed"]
    source = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    process = subprocess.Popen(command, env=source, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    runs = Path("killed/runs")
    while process.poll() is None and not (runs.is_dir() and len(list(runs.iterdir())) >= 5):
        time.sleep(0.02)
    process.kill()
    process.wait()
    there = len(list(runs.iterdir()))
    assert 5 <= there < 10, "killed after the first group of the first look, before its second"

    assert run(*LOOKS, "--store", "killed").exit_code == 0
    assert run(*LOOKS, "--store", "undisturbed").exit_code == 0
    ended = {store: Archive.open(store).read("small") for store in ("killed", "undisturbed")}
    digests = {name: {r.key: r.digests for r in stored.results} for name, stored in ended.items()}
    assert digests["killed"] == digests["undisturbed"]
    first, second = (find(stored).progress for stored in ended.values())
    assert first == second


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--until-decided", "--seeds", "5"), "--seeds and --until-decided contradict"),
        (("--until-decided", "--reference-seeds", "auto"), "--reference-seeds and --until-decided contradict"),
        (("--until-decided", "--fresh"), "--fresh and --until-decided contradict"),
        (("--max-seeds", "10"), "--max-seeds is for --until-decided"),
        (("--reference-seeds", "many"), "neither a number of seeds nor auto"),
        (("--seeds", "5", "--reference-seeds", "3"), "reference_seeds must be at least 5"),
    ],
)
def test_what_contradicts_is_refused(begun: Path, options: tuple[str, ...], words: str) -> None:
    result = run(*options, "--dry-run")
    assert result.exit_code == 2, result.output
    assert words in result.stderr


def test_a_study_without_a_question_has_nothing_to_decide(begun: Path) -> None:
    (begun / "small.json").write_text(json.dumps({**SMALL, "contrasts": []}))
    assert "nothing to decide" in run(*LOOKS, "--dry-run").stderr
