"""`ablations verify`: which runs it takes, and what it refuses."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ablations.catalog.published_bits import FILE, PublishedRun, write_rows
from ablations.cli import main
from ablations.execution.published import PublishedVerification
from ablations.store import Archive
from ablations.training import instruction_set
from tests.ablations.factories import keep, make_result, make_study

ROW = PublishedRun(
    study="quick",
    variant="baseline",
    seed=0,
    width=1,
    slot=0,
    dataset="mnist",
    numerics=3,
    device="cpu",
    precision="float32",
    matmul="default",
    isa="avx2",
    last_step=1,
    variant_digest="",
    data_digest="",
    weights="",
    curves="",
)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Two rows made with avx2, five with avx512."""
    rows = [dataclasses.replace(ROW, seed=seed, isa="avx2" if seed in (0, 3) else "avx512") for seed in range(7)]
    write_rows(tmp_path / FILE, rows)
    return tmp_path


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[PublishedRun]:
    """The rows that are trained again, all to the same bits but that of seed 6."""
    found: list[PublishedRun] = []

    def again(row: PublishedRun, data_folder: Path | None, emit: object) -> PublishedVerification:
        found.append(row)
        part = "the weights after step 1" if row.seed == 6 else ""
        return PublishedVerification(label=row.label, identical=not part, difference=part, facts={})

    monkeypatch.setattr("ablations.execution.published.verify_published", again)
    monkeypatch.setattr("ablations.execution.published.seconds_again", lambda row, data_folder: 1.0)
    monkeypatch.setattr(instruction_set, "hold", lambda name: None)
    return found


def held(pages: Path, monkeypatch: pytest.MonkeyPatch, able: set[str], *options: str) -> Result:
    """The command on a processor that has these instruction sets."""
    monkeypatch.setattr(instruction_set, "lacking", lambda name: () if name in able else ("avx512f",))
    return CliRunner().invoke(main, ["verify", "--published", "--pages", str(pages), *options])


def test_rows_of_one_set_are_taken_and_the_others_are_counted(
    pages: Path, trained: list[PublishedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = held(pages, monkeypatch, {"avx2", "avx512"}, "--sample", "3")
    assert (done.exit_code, [row.seed for row in trained]) == (0, [1, 2, 5])
    assert "left out: 2 rows made with avx2: they are for --isa avx2" in done.stderr
    assert held(pages, monkeypatch, {"avx2", "avx512"}, "--sample", "9").exit_code == 1, "seed 6 is another training"


def test_rows_that_this_processor_has_no_set_for_are_counted(
    pages: Path, trained: list[PublishedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = held(pages, monkeypatch, {"avx2"})
    assert (done.exit_code, [row.seed for row in trained]) == (0, [0, 3])
    assert "left out: 5 rows made with avx512: needs avx512f here" in done.stderr
    none = held(pages, monkeypatch, set())
    assert (none.exit_code, len(trained)) == (2, 2)
    assert "has no such row that this processor can be held to" in none.output


def test_the_rows_of_the_other_set_can_be_asked_for(
    pages: Path, trained: list[PublishedRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = held(pages, monkeypatch, {"avx2", "avx512"}, "--isa", "avx2")
    assert (done.exit_code, [row.seed for row in trained]) == (0, [0, 3])
    assert "left out" not in done.stderr
    lacking = held(pages, monkeypatch, {"avx2"}, "--isa", "avx512")
    assert lacking.exit_code == 2
    assert "made with avx512: needs avx512f here" in lacking.stderr
    assert "no such row that this processor can be held to" in lacking.stderr
    none = held(pages, monkeypatch, {"avx2", "avx512"}, "--isa", "native")
    assert (none.exit_code, len(trained)) == (2, 2)
    assert "no row made with native: they were made with avx2 and avx512" in none.stderr


def test_what_published_rows_do_not_have_is_refused() -> None:
    stored = CliRunner().invoke(main, ["verify", "--study", "quick", "--isa", "avx2"])
    assert (stored.exit_code, "--isa is for --published" in stored.output) == (2, True)
    both = CliRunner().invoke(main, ["verify", "--published", "--study", "quick"])
    assert (both.exit_code, "--pages reports/published/quick" in both.output) == (2, True)
    near = CliRunner().invoke(main, ["verify", "--published", "--tolerance", "1e-3"])
    assert (near.exit_code, "--tolerance is for stored runs" in near.output) == (2, True)


def test_the_beginning_of_a_key_is_enough(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instruction_set, "hold", lambda name: None)
    study = make_study()
    results = [make_result(study.variants[0], seed=seed, status="failed") for seed in range(2)]
    keep(archive, study, results)
    key = results[0].key
    done = CliRunner().invoke(main, ["verify", key[:8], "--store", str(archive.root)])
    assert "is failed: only finished" in done.output
    assert "has no run '000000'" in CliRunner().invoke(main, ["verify", "000000", "--store", str(archive.root)]).output
