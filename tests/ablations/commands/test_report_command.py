"""`ablations report --publish`: a study's pages in a folder of their own."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ablations.cli import main
from ablations.store import Archive
from reports.pages import published_pages
from tests.ablations.factories import keep, make_result, make_study
from tests.ablations.small_study import STUDY, run


def publish(archive: Archive, folder: Path, out: Path | None = None) -> Result:
    words = ["report", "small", "--store", str(archive.root), "--out", str(out or folder.parent / "out")]
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


def test_where_it_cannot_be_written_what_was_there_is_left(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(archive, make_study("small"), [make_result(study="small")])
    for place in (Path("/proc/foo/bar"), tmp_path / "file" / "pages"):
        (tmp_path / "file").touch()
        refused = publish(archive, place, tmp_path / "out")
        assert refused.exit_code == 2, (refused.output, refused.exception)
        assert f"cannot write into {place}: " in refused.stderr
        assert "choose another --publish" in refused.stderr
    pages = tmp_path / "pages"
    assert publish(archive, pages).exit_code == 0
    before = {path: path.read_bytes() for path in pages.rglob("*") if path.is_file()}

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(published_pages, "write_rows", full)
    refused = publish(archive, pages)
    assert f"cannot write into {pages}: No space left on device" in refused.stderr
    assert {path: path.read_bytes() for path in pages.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "out", "pages", "store"]
