"""`ablations rescore`: a study gets the scores of today's scorer, and its report is written again."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ablations.cli import main
from ablations.scoring.identity import scorer_identity
from ablations.store import Archive, run_folder
from tests.ablations.small_study import STUDY, kept, run

pytestmark = pytest.mark.usefixtures("few_digits")

OLD = "0" * 16


def ablations(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive whose runs an earlier scorer scored; only copied from."""
    archive = Archive.open(tmp_path_factory.mktemp("outdated") / "store")
    run(dataclasses.replace(STUDY, seeds=1), archive)
    for result in kept(archive):
        run_folder.save(dataclasses.replace(result, scorer=OLD), archive.folder(result.key))
    archive.write_study(archive.study("small"), archive.members("small"), scorer=OLD)
    return archive.root


@pytest.fixture
def outdated(trained: Path, archive: Archive) -> Archive:
    """A copy of it, to be scored anew."""
    shutil.copytree(trained, archive.root, dirs_exist_ok=True)
    return Archive.open(archive.root)


def test_a_study_scored_by_another_scorer_is_scored_anew(outdated: Archive, tmp_path: Path) -> None:
    words = ["--store", str(outdated.root), "--out", str(tmp_path / "out")]
    done = ablations("rescore", "small", "--workers", "1", *words)
    assert done.exit_code == 0, done.output
    assert "small: 2 runs scored anew" in done.stdout
    stored = outdated.read("small")
    assert (stored.scorer, stored.unscored) == (scorer_identity(), ())
    page = (tmp_path / "out" / "small" / "report.html").read_text()
    assert scorer_identity() in page
    assert OLD not in page
    again = ablations("rescore", "small", *words)
    assert "small: 0 runs scored anew" in again.stdout


def test_jobs_are_done_one_after_the_other_where_that_is_asked_for(
    outdated: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ablations.execution.rescore.default_workers", lambda engine: 2)
    words = ["rescore", "small", "--executor", "serial", "--store", str(outdated.root), "--out", str(tmp_path / "out")]
    refused = ablations(*words, "--workers", "2")
    assert refused.exit_code == 2
    assert "leave out --workers 2, or it" in refused.stderr
    done = ablations(*words)
    assert done.exit_code == 0, done.output
    assert "small: 2 runs scored anew" in done.stdout


def test_a_report_of_runs_that_are_not_scored_names_the_command(outdated: Archive, tmp_path: Path) -> None:
    outdated.write_study(outdated.study("small"), outdated.members("small"), scorer=scorer_identity())
    refused = ablations("report", "small", "--store", str(outdated.root), "--out", str(tmp_path / "out"))
    assert refused.exit_code == 2
    assert "ablations rescore small" in refused.stderr


def test_what_cannot_be_scored_is_named_and_exits_1(outdated: Archive, tmp_path: Path) -> None:
    first = outdated.members("small")[0]
    (outdated.folder(first.key) / "snapshots.safetensors").write_bytes(b"no")
    done = ablations("rescore", "small", "--workers", "1", "--store", str(outdated.root), "--out", str(tmp_path))
    assert done.exit_code == 1, done.output
    assert f"not scored: {first.variant} seed 0" in done.stderr
    assert "snapshots.safetensors" in done.stderr
    assert "small: 1 run scored anew" in done.stdout
    page = (tmp_path / "small" / "report.html").read_text()
    assert OLD in page, "of one scorer alone"


def test_an_unknown_study_is_named(outdated: Archive) -> None:
    refused = ablations("rescore", "smal", "--store", str(outdated.root))
    assert refused.exit_code == 2
    assert "did you mean 'small'" in refused.stderr
