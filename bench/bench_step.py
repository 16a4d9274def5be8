"""The training step of every recipe, by how many seeds are stacked: `nox -s bench -- -k step`.

The time of a round is that of `width` seed-steps; the column `extra_info` of the JSON has the time of one.
"""

from __future__ import annotations

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from ablations.catalog import RECIPES
from ablations.config import Engine
from ablations.data import load_dataset
from ablations.group import SeedGroup

DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("width", [1, 4, 16])
@pytest.mark.parametrize("recipe", sorted(RECIPES))
def test_step(benchmark: BenchmarkFixture, recipe: str, width: int, device: str) -> None:
    torch.set_num_threads(1)
    group = SeedGroup(RECIPES[recipe], range(width), load_dataset("digits"), Engine(device=device))

    def step() -> None:
        group.advance(1)
        group.synchronize()

    step()
    benchmark.group = f"step of {recipe} on {device}"
    benchmark(step)
    assert group.finite() == [True] * width
    if benchmark.stats is not None:  # None where only the code is tried, not timed
        benchmark.extra_info["milliseconds_per_seed_step"] = benchmark.stats.stats.median * 1e3 / width
