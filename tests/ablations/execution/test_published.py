from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from ablations.catalog import STUDIES
from ablations.catalog.published_bits import (
    FILE,
    PublishedRun,
    curve_digests,
    first_difference,
    read_rows,
    write_rows,
)
from ablations.catalog.quantities import CURVES
from ablations.config.errors import DataError, UserError
from ablations.execution.options import Options
from ablations.execution.plan import make_plan
from ablations.execution.published import seconds_again, verify_published
from ablations.execution.runner import execute
from ablations.store.archive import Archive
from ablations.training.seed_group import SeedGroup
from reports.analysis.published_rows import published_rows


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[PublishedRun]:
    """Two seeds of a variant of a study of the catalog, as they would be published."""
    archive = Archive.open(tmp_path_factory.mktemp("archive"))
    options = Options(only=("baseline",), seeds=2, steps=12, dataset="digits", device="cpu", workers=1)
    execute(make_plan(STUDIES["quick"], options, archive), archive)
    stored = archive.read("quick")
    return published_rows("quick", stored.results, stored.digests)


def test_a_published_run_is_repeated_without_a_store(rows: list[PublishedRun]) -> None:
    found = verify_published(rows[1])
    assert (found.identical, found.difference, found.facts) == (True, "", {})
    assert seconds_again(rows[1]) > 0


def test_another_training_is_found_out(rows: list[PublishedRun]) -> None:
    found = verify_published(dataclasses.replace(rows[0], weights="0" * 16))
    assert (found.identical, found.difference) == (False, "the weights after step 12")
    found = verify_published(dataclasses.replace(rows[0], curves=rows[1].curves))
    assert found.difference == "the curves, between step 1 and step 1"


def test_what_makes_a_comparison_impossible_is_named(rows: list[PublishedRun]) -> None:
    found = verify_published(dataclasses.replace(rows[0], numerics=0, data_digest="other"))
    assert not found.identical
    assert found.facts.keys() == {"numerics of the code", "data"}
    gone = verify_published(dataclasses.replace(rows[0], variant="of another age"))
    assert gone.facts == {"variant": ("quick/of another age", "not in the catalog")}
    assert seconds_again(dataclasses.replace(rows[0], numerics=0)) == 0


def test_a_training_that_fails_is_no_difference(rows: list[PublishedRun], monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(self: SeedGroup, steps: int) -> None:
        raise MemoryError("no room")

    monkeypatch.setattr(SeedGroup, "advance", breaks)
    with pytest.raises(UserError, match=r"could not be trained again: .*no room"):
        verify_published(rows[0])


def test_rows_read_back_as_they_were_written(rows: list[PublishedRun], tmp_path: Path) -> None:
    (tmp_path / "quick").mkdir()
    write_rows(tmp_path / "quick" / FILE, rows)
    assert read_rows([tmp_path]) == rows
    (tmp_path / "quick" / FILE).write_text("study,seed\nquick,one\n")
    with pytest.raises(DataError, match=FILE):
        read_rows([tmp_path])


def test_the_place_where_curves_part_is_known_to_a_factor_of_ten() -> None:
    curves = {name: np.arange(250, dtype=np.float32) for name in CURVES}
    other = {name: values.copy() for name, values in curves.items()}
    other["g_loss"][57] += 1
    ours, theirs = curve_digests(curves, 250), curve_digests(other, 250)
    assert first_difference(ours, ours, 250) is None
    assert first_difference(ours, theirs, 250) == "the curves, between step 11 and step 100"
