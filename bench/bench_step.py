"""The training step of every recipe, and of the baseline with dense and with convolutional networks, by how many seeds
are stacked: `nox -s bench -- -k step`.

The time of a round is that of `width` seed-steps; `milliseconds_per_seed_step` in the JSON is that of one.
"""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ablations.catalog import BASELINE, RECIPES, STUDIES
from ablations.data import load_dataset
from ablations.training.engine import choose_engine, set_up
from ablations.training.seed_group import SeedGroup

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)]
VARIANTS = {**RECIPES, "baseline-mlp": BASELINE, "baseline-cnn": STUDIES["quick"].variant("cnn")}
WARM_UP = 5
"""Steps before the clock starts: the first ones allocate, and on a GPU choose kernels."""


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_step(benchmark: BenchmarkFixture, name: str, width: int, device: str, quick: bool) -> None:
    engine = choose_engine(device)
    set_up(engine)
    group = SeedGroup(VARIANTS[name], range(width), load_dataset("digits"), engine)

    def step() -> None:
        group.advance(1)
        group.synchronize()

    for _ in range(1 if quick else WARM_UP):
        step()
    benchmark.group = f"step of {name} on {device}"
    benchmark(step)
    assert group.finite() == [True] * width
    assert group.take_curves().shape[0] == group.step
    if benchmark.stats is not None:  # None where only the code is tried, not timed
        benchmark.extra_info["milliseconds_per_seed_step"] = benchmark.stats.stats.median * 1e3 / width
