"""A study trained with float32 and with bfloat16 operands is shown, repeated and verified as one of both."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path

from ablations.catalog import STUDIES
from ablations.catalog.published_bits import FILE, read_rows, short
from ablations.config import Engine
from ablations.data.splits import load_split
from ablations.execution.published import seconds_again
from ablations.store import StoredStudy
from ablations.training.numerics import NUMERICS
from reports.analysis.findings import find
from reports.analysis.precisions import side_by_side
from reports.pages.command_line import command
from reports.pages.published_pages import write_study
from tests.reports.factories import quick_study, stored

NAMES = ("baseline", "s2")
SCORES = {"baseline": 100.0, "s2": 140.0}


def trained(precision: str, scores: dict[str, float]) -> StoredStudy:
    engine = Engine(precision=precision, isa="avx512_bf16" if precision == "bfloat16" else "avx512")  # type: ignore[arg-type]
    study = dataclasses.replace(STUDIES["precision"].restricted(NAMES).with_operands(precision), seeds=8)
    plain = stored(study, scores=scores)
    results = tuple(
        dataclasses.replace(item, run=dataclasses.replace(item.run, engine=engine)) for item in plain.results
    )
    digests = {item.key: item.digests for item in results}
    return dataclasses.replace(plain, results=results, digests=digests)


def studies(**scores: float) -> dict[str, StoredStudy]:
    both = {"precision": trained("float32", SCORES), "precision-bfloat16": trained("bfloat16", SCORES | scores)}
    return {"quick": stored(quick_study()), **both}


def test_each_variant_is_followed_by_itself_with_other_operands_and_held_against_it() -> None:
    given = studies(s2=200.0)
    shown = side_by_side(given)
    assert list(shown) == ["quick", "precision"]
    assert shown["quick"] is given["quick"]
    both = shown["precision"]
    assert [v.name for v in both.study.variants] == ["baseline", "baseline-bfloat16", "s2", "s2-bfloat16"]
    assert [(c.treatment, c.reference) for c in both.study.contrasts] == [
        ("baseline-bfloat16", "baseline"), ("s2-bfloat16", "s2")
    ]  # fmt: skip
    assert len(both.results) == 4 * 8
    assert {result.run.engine.precision for result in both.results if result.run.variant.name == "s2-bfloat16"} == {
        "bfloat16"
    }
    assert both.digests.keys() == {result.key for result in both.results}, "what a run is called is not part of its key"
    verdicts = {item.contrast.treatment: item.verdict for item in find(both).comparisons}
    assert verdicts["s2-bfloat16"] == "worse"
    assert verdicts["baseline-bfloat16"] != "worse"


def test_a_study_of_one_precision_alone_is_shown_as_it_is() -> None:
    given = studies()
    del given["precision-bfloat16"]
    assert side_by_side(given) == given
    alone = {"precision-bfloat16": studies()["precision-bfloat16"]}
    assert side_by_side(alone) == {}, "nothing to hold it against"


def test_its_page_says_how_each_run_is_repeated_and_its_rows_can_be_verified(tmp_path: Path) -> None:
    found = find(side_by_side(studies())["precision"])
    variant = found.study.variant("s2-bfloat16")
    words = shlex.split(command(found, variant))
    assert words[:5] == ["ablations", "run", "precision", "--only", "s2"]
    said = dict(zip(words[3::2], words[4::2], strict=True))
    assert (said["--precision"], said["--isa"]) == ("bfloat16", "avx512_bf16")
    write_study(found, tmp_path / "precision")
    rows = {row.label: row for row in read_rows([tmp_path])}
    row = rows["precision/s2-bfloat16 seed 3"]
    assert (tmp_path / "precision" / FILE).is_file()
    assert row.precision == "bfloat16"
    digest = short(load_split("digits", "whole", None)[1])
    here = dataclasses.replace(row, dataset="digits", data_digest=digest, numerics=NUMERICS)
    assert seconds_again(here) > 0, "it is found in the catalog, and nothing speaks against the comparison"
