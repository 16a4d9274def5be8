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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_pages_come_out_of_the_records_as_they_were_published(tmp_path: Path) -> None:
    shutil.copytree(RECORDS, tmp_path / "pages" / "records")
    place = ["--store", str(tmp_path / "store"), "--out", str(tmp_path / "pages")]
    made = CliRunner().invoke(main, ["publish", "--no-train", "--no-tuned", *place])
    assert made.exit_code == 0, made.output
    compared = 0
    for path in sorted((tmp_path / "pages").rglob("*")):
        own = path.relative_to(tmp_path / "pages")
        if path.is_file() and own.parts[0] != "claims":  # which say what git knows of their tests
            assert (PUBLISHED / own).read_bytes() == path.read_bytes(), own
            compared += 1
    assert compared > 20
