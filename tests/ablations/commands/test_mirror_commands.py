"""`ablations run --mirror`, `ablations mirror` and `ablations ui`: MLflow's page beside an archive, or after it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ablations.cli import main
from ablations.store import Archive
from ablations.store.mirror import Mirror
from tests.ablations.factories import keep, make_result, make_study
from tests.ablations.small_study import STUDY
from tests.ablations.stored import active, contents, folder_of, seed_runs, tags

AWAY = "http://127.0.0.1:9"
Opener = Callable[..., Mirror]


def ablations(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def run_small(folder: Path, mirror: str) -> Result:
    (folder / "study.json").write_text(json.dumps(STUDY.as_dict()))
    words = ["run", str(folder / "study.json"), "--data", "digits", "--workers", "1", "--seeds", "1", "--steps", "4"]
    return ablations(*words, "--store", str(folder / "store"), "--out", str(folder / "out"), "--mirror", mirror)


def test_a_study_is_shown_with_its_report_and_verdicts(tmp_path: Path, mirror: Mirror, open_mirror: Opener) -> None:
    done = run_small(tmp_path, str(folder_of(mirror)))
    assert (done.exit_code, done.stderr) == (0, "")
    archive = Archive.open(tmp_path / "store")
    assert set(seed_runs(mirror)) == set(archive.keys())
    (page,) = (folder_of(mirror) / "artifacts").rglob("report.html")
    assert (
        page.read_bytes() == archive.attachment("small", "report.html") == (tmp_path / "out/report.html").read_bytes()
    )
    verdicts = {name: tags(mirror, run).get("verdict") for run, name, _ in active(mirror, "variant")}
    assert verdicts["other"]
    anew = open_mirror("anew")
    told = ablations("mirror", "--store", str(tmp_path / "store"), "--to", str(folder_of(anew)))
    assert told.exit_code == 0, told.output
    assert "2 runs written" in told.stdout
    assert contents(anew) == contents(mirror)


def test_with_the_server_away_a_study_ends_complete_and_the_page_catches_up(tmp_path: Path, mirror: Mirror) -> None:
    done = run_small(tmp_path, AWAY)
    assert done.exit_code == 0, done.output
    assert "2 finished" in done.stdout
    assert AWAY in done.stderr
    assert (tmp_path / "out" / "report.html").is_file()
    store = str(tmp_path / "store")
    assert f"bring it up to date with: ablations mirror --store {store} --to {AWAY}" in done.stderr
    refused = ablations("mirror", "--store", store, "--to", AWAY)
    assert refused.exit_code == 2
    assert "no run is lost" in refused.stderr
    for written in ("2 runs written", "0 runs written"):
        told = ablations("mirror", "--store", store, "--to", str(folder_of(mirror)))
        assert (told.exit_code, written in told.stdout) == (0, True), told.output
    assert len(seed_runs(mirror)) == 2


def test_none_writes_no_database(tmp_path: Path) -> None:
    assert run_small(tmp_path, "none").exit_code == 0
    assert not list(tmp_path.rglob("mlflow.db"))


@pytest.mark.slow
def test_ui_brings_the_page_up_to_date_and_serves_it(tmp_path: Path, empty_database: Path) -> None:
    """Also where commands are told to write no mirror: then it lies in the archive's folder."""
    archive = Archive.open(tmp_path / "store")
    keep(archive, make_study(), [make_result()])
    (archive.root / "mlflow.db").write_bytes(empty_database.read_bytes())
    command = [sys.executable, "-m", "ablations.cli", "ui", "--store", str(archive.root), "--port", "0"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=dict(os.environ)
    )
    try:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + signal.SIGTERM
    assert re.match(r"http://127\.0\.0\.1:\d+ shows .*store", lines[0]), errors
    assert re.match(r"demo: http://127\.0\.0\.1:\d+/#/experiments/1/runs", lines[1])
    assert not (tmp_path / "none").exists()
    assert set(seed_runs(Mirror.open(archive.root))) == set(archive.keys())
