"""`ablations run` from end to end, small: plan, train, store, report, reuse, fail, be interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ablations.cli import main
from ablations.commands.study_files import find_study
from ablations.execution.options import Options
from ablations.execution.plan import make_plan
from ablations.store import Archive
from ablations.training.instruction_set import default_instruction_set
from tests.ablations.commands.small_file import SMALL

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all tests here: a new store takes seconds."""
    folder = tmp_path_factory.mktemp("run")
    (folder / "small.json").write_text(json.dumps(SMALL))
    return folder


@pytest.fixture
def study(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a study file, in the working folder."""
    monkeypatch.chdir(folder)
    return "small.json"


def run(study: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["run", study, "--data", "digits", "--workers", "1", *arguments])


def run_json(study: str, *arguments: str) -> Any:
    result = run(study, "--json", *arguments)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_a_study_is_trained_stored_reported_and_not_trained_again(study: str) -> None:
    plan = run_json(study, "--dry-run")
    assert plan["to_train"] == 4

    result = run(study)
    assert result.exit_code == 0, result.output
    assert "4 finished" in result.stdout
    assert "report: " in result.stdout
    page = Path(result.stdout.split("report: ")[1].strip())
    assert page == Path("results/reports/small/report.html")
    assert page.stat().st_size > 1_000
    stored = Archive.open("results/store").read("small")
    assert sorted((r.run.variant.name, r.run.seed) for r in stored.results) == [
        ("plain", 0), ("plain", 1), ("slow", 0), ("slow", 1)
    ]  # fmt: skip

    again = run_json(study)
    assert (again["counts"].get("finished", 0), again["reused"]) == (0, 4)
    more = run_json(study, "--seeds", "3", "--width", "2", "--only", "slow")
    assert (more["counts"]["finished"], more["reused"]) == (1, 2)

    page.unlink()
    told = CliRunner().invoke(main, ["report", study, "--json"])
    assert told.exit_code == 0, told.output
    assert Path(json.loads(told.stdout)["report"]).is_file()


def test_the_plan_is_a_table_that_says_what_is_missing(study: str) -> None:
    shown = run(study, "--dry-run", "--fresh", "--seeds", "3").stdout
    assert "6 runs to train" in shown
    for line, variant in zip(shown.splitlines()[2:4], ("plain", "slow"), strict=True):
        assert line.split()[:5] == [variant, "3", "6", "0", "3"]


def test_runs_that_a_report_would_lose_are_counted(study: str, tmp_path: Path) -> None:
    archive = Archive.open(tmp_path)
    options = Options(dataset="digits", device="cpu", workers=1, isa=default_instruction_set())
    plan = make_plan(find_study(study), options, archive)
    archive.write_study(plan.recorded, plan.members, scorer=plan.scorer)
    planned = ["--store", str(tmp_path), "--device", "cpu", "--dry-run"]
    assert "will be without" not in run(study, *planned, "--only", "plain").stderr
    assert (
        "2 of the 4 runs of small as this store has it" in run(study, *planned, "--seeds", "1", "--width", "2").stderr
    )
    assert "4 of the 4 runs of small" in run(study, *planned, "--set", "batch_size=9").stderr


def test_overrides_apply_to_every_variant(study: str) -> None:
    plain = run_json(study, "--dry-run", "--fresh")
    changed = run_json(
        study, "--dry-run", "--fresh", "--set", "batch_size=4", "--set", "generator.hidden=16,8", "--steps", "3"
    )
    assert [group["steps"] for group in changed["groups"]] == [3, 3]
    keys = [{key for group in plan["groups"] for key in group["keys"]} for plan in (plain, changed)]
    assert [len(some) for some in keys] == [4, 4]
    assert not keys[0] & keys[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--set", "batchsize=4"], ["'batchsize'", "'batch_size'"]),
        (["--set", "batch_size=few"], ["batch_size", "few"]),
        (["--set", "discriminator.normalization=batch", "--set", "batch_size=1"], ["batch", "at least 2"]),
        (["--only", "plane"], ["'plane'", "'plain'"]),
        (["--store", "small.json"], ["small.json"]),
    ],
)
def test_what_cannot_be_run_is_refused_before_anything_is_trained(
    study: str, arguments: list[str], words: list[str]
) -> None:
    result = run(study, *arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    for word in words:
        assert word in result.stderr


def test_a_diverged_run_is_named_counted_and_exits_1(study: str) -> None:
    result = run(study, "--set", "generator_optimizer.learning_rate=1e38", "--only", "plain")
    assert result.exit_code == 1, result.output
    assert "2 diverged" in result.stdout
    assert "plain seeds 0-1 diverged" in result.stdout
    assert "report: " in result.stdout


def test_ctrl_c_says_how_to_go_on_and_exits_130(study: str) -> None:
    words = [sys.executable, "-m", "ablations.cli", "run", study, "--data", "digits", "--workers", "1"]
    long = [*words, "--steps", "1000000", "--seeds", "1"]
    process = subprocess.Popen(
        long, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert "groups" in process.stdout.readline(), "training has begun"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert "Continue with: ablations run small.json" in errors
    assert "Traceback" not in errors
