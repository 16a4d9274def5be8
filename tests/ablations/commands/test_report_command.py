"""`ablations report --publish`: a study's pages in a folder of their own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from click.testing import CliRunner, Result

from ablations.cli import main
from ablations.store import Archive
from tests.ablations.small_study import STUDY, run


def publish(archive: Archive, folder: Path) -> Result:
    words = ["report", "small", "--store", str(archive.root), "--out", str(folder.parent / "out")]
    return CliRunner().invoke(main, [*words, "--publish", str(folder)])


def test_an_earlier_publication_is_replaced_and_nothing_else(archive: Archive, tmp_path: Path) -> None:
    run(dataclasses.replace(STUDY, seeds=1), archive)
    pages, others = tmp_path / "pages", tmp_path / "docs"
    assert publish(archive, pages).exit_code == 0
    (pages / "old.csv").touch()
    done = publish(archive, pages)
    assert done.exit_code == 0, done.output
    assert (pages / "bits.csv").is_file()
    assert not (pages / "old.csv").exists()
    others.mkdir()
    (others / "README.md").write_text("mine")
    refused = publish(archive, others)
    assert refused.exit_code == 2
    assert f"--publish {others} holds something else" in refused.stderr
    assert (others / "README.md").read_text() == "mine"
