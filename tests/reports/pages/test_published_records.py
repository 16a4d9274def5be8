"""The published pages are made of the published records: anybody can make them again without training anything."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from ablations.catalog.published_bits import read_rows
from ablations.cli import main
from ablations.config.study import with_operands
from ablations.execution.plan_facts import scorer_of
from ablations.scoring.identity import scorer_identity
from ablations.store.archive import Archive
from ablations.training.numerics import NUMERICS

PUBLISHED = Path(__file__).parents[3] / "reports" / "published"
RECORDS = PUBLISHED / "records"
OF_OTHER_COMMANDS = ("certificate", "gallery", "statistics", "tuning")
OF_GIT = {Path("claims") / name for name in ("README.md", "claims.html")}


def test_the_published_runs_are_of_todays_numerics_and_scorer() -> None:
    archive = Archive(RECORDS)
    studies = [path.parent.name for path in RECORDS.glob("studies/*/study.json")]
    assert studies
    for name in studies:
        if archive.study(name).dataset == "mnist":
            assert archive.scorer(name) == scorer_of("mnist", None) == scorer_identity()
    rows = read_rows([PUBLISHED])
    assert {row.numerics for row in rows} == {NUMERICS}
    assert {with_operands(row.study, row.precision) for row in rows} == set(studies)


def files(folder: Path) -> set[Path]:
    """Less the records, which the pages are made of."""
    found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path for path in found if path.parts[0] != RECORDS.name}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_pages_come_out_of_the_records_as_they_were_published(tmp_path: Path) -> None:
    """No file more and none less, each to the byte, but for the two pages that say what git knows of their tests."""
    pages = tmp_path / "pages"
    shutil.copytree(RECORDS, pages / RECORDS.name)
    place = ["--store", str(tmp_path / "store"), "--out", str(pages)]
    made = CliRunner().invoke(main, ["publish", "--no-train", "--no-tuned", *place])
    assert made.exit_code == 0, made.output
    assert files(pages) == {path for path in files(PUBLISHED) if path.parts[0] not in OF_OTHER_COMMANDS}
    for own in sorted(files(pages) - OF_GIT):
        assert (PUBLISHED / own).read_bytes() == (pages / own).read_bytes(), own
