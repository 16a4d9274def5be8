"""An epoch of training: every image once, with the shuffling, the draws and the reading of the curves."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ablations.catalog import BASELINE, RECIPES
from ablations.data import Dataset
from ablations.training.engine import choose_engine, set_up
from ablations.training.loop import train
from ablations.training.seed_group import SeedGroup

VARIANTS = {name: RECIPES[name] for name in ("s2", "s3", "s4")} | {"baseline": BASELINE}
"""Those with batches: an epoch of single images takes minutes, and is 60,000 times the step."""
SEEDS = 2


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)])
@pytest.mark.parametrize("name", sorted(VARIANTS))
def test_epoch(benchmark: BenchmarkFixture, name: str, device: str, dataset: Dataset) -> None:
    variant = VARIANTS[name]
    engine = choose_engine(device)
    set_up(engine)
    group = SeedGroup(variant, range(SEEDS), dataset, engine)
    images = min(len(dataset.train_images), variant.training_images)
    steps = images // variant.batch_size

    def epoch() -> int:
        return sum(len(tick.curves) for tick in train(group, [group.step + steps]))

    group.advance(1)  # on a GPU its context, its libraries and the recording of the step, which come once
    group.synchronize()
    group.take_curves()
    benchmark.group = f"epoch on {device}, {SEEDS} seeds"
    trained = benchmark.pedantic(epoch, rounds=1, warmup_rounds=0)
    assert trained == steps
    if benchmark.stats is not None:
        benchmark.extra_info["images_per_second"] = SEEDS * images / benchmark.stats.stats.median
