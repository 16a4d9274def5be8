"""Writing runs into the archive and into its mirror, and reading a study back."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from pytest_benchmark.fixture import BenchmarkFixture

from ablations.config import Study
from ablations.data import load_dataset
from ablations.store import Archive, Member, Result
from ablations.store.mirror import Mirror
from bench.made_up import result_of, results_of, study_of

Open = Callable[[], Archive]


def test_write_a_run(benchmark: BenchmarkFixture, open_archive: Open, quick: bool) -> None:
    """A run of the study `quick`: seven curves of 3,000 steps, six evaluations, and the weights."""
    study, dataset, archive = study_of(1, 5), load_dataset("digits"), open_archive()
    seeds = itertools.count()
    benchmark.group = "store"

    def next_result() -> tuple[tuple[object, ...], dict[str, object]]:
        return (result_of(study, study.variants[0], next(seeds), dataset),), {}

    benchmark.pedantic(archive.put, setup=next_result, rounds=1 if quick else 10)
    assert len(archive.keys()) == next(seeds)


def test_read_a_study(benchmark: BenchmarkFixture, open_archive: Open, quick: bool) -> None:
    archive, study, results = filled(open_archive, quick)
    benchmark.group = "store"
    stored = benchmark.pedantic(lambda: archive.read(study.name), rounds=1 if quick else 5)
    assert {result.key for result in stored.results} == {result.key for result in results}


def test_mirror_a_study(benchmark: BenchmarkFixture, open_archive: Open, quick: bool) -> None:
    """Everything of the study that MLflow shows, into an empty database."""
    archive, study, results = filled(open_archive, quick)
    mirror = Mirror.open(archive.root)
    benchmark.group = "store"
    written = benchmark.pedantic(lambda: mirror.sync_study(archive, study.name), rounds=1)
    assert written == len(results)


def filled(open_archive: Open, quick: bool) -> tuple[Archive, Study, list[Result]]:
    study, archive = study_of(*((2, 2) if quick else (8, 5))), open_archive()
    results = results_of(study, load_dataset("digits"))
    for result in results:
        archive.put(result)
    members = [Member(variant=r.run.variant.name, seed=r.run.seed, key=r.key) for r in results]
    archive.write_study(study, members, scorer=results[0].scorer)
    return archive, study, results
