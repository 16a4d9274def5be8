"""Writing runs into the store and reading a study back."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from pytest_benchmark.fixture import BenchmarkFixture

from ablations.data import load_dataset
from ablations.store import Store
from bench.made_up import result_of, results_of, study_of


def test_write_a_run(benchmark: BenchmarkFixture, open_store: Callable[[], Store], quick: bool) -> None:
    """A run of the study `quick`: seven curves of 3,000 steps, six evaluations, and the weights."""
    study, dataset, store = study_of(1, 5), load_dataset("digits"), open_store()
    store.write_study(study)
    seeds = itertools.count()
    benchmark.group = "store"

    def next_result() -> tuple[tuple[object, ...], dict[str, object]]:
        return (result_of(study, study.variants[0], next(seeds), dataset),), {}

    benchmark.pedantic(store.write, setup=next_result, rounds=1 if quick else 10)
    assert len(store.keys(study.name)) == next(seeds)


def test_read_a_study(benchmark: BenchmarkFixture, open_store: Callable[[], Store], quick: bool) -> None:
    study = study_of(*((2, 2) if quick else (8, 5)))
    store = open_store()
    store.write_study(study)
    results = results_of(study, load_dataset("digits"))
    for result in results:
        store.write(result)
    benchmark.group = "store"
    stored = benchmark.pedantic(lambda: store.read(study.name), rounds=1 if quick else 5)
    assert {result.key for result in stored.results} == {result.key for result in results}
