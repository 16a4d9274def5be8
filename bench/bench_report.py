"""The report of a stored study: of the size of `quick`, eight variants of five seeds."""

from __future__ import annotations

from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from ablations.data import load_dataset
from ablations.store import StoredStudy
from bench.made_up import results_of, study_of
from reports.analysis.findings import find
from reports.pages.study_page import write


def test_report(benchmark: BenchmarkFixture, tmp_path: Path, quick: bool) -> None:
    study = study_of(*((2, 3) if quick else (8, 5)))
    results = tuple(results_of(study, load_dataset("digits")))
    stored = StoredStudy(study=study, results=results, scorer=results[0].scorer)
    benchmark.group = "report"
    page = benchmark.pedantic(lambda: write(find(stored), tmp_path), rounds=1 if quick else 3, warmup_rounds=0)
    assert page.stat().st_size > 10_000
