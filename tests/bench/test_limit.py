from __future__ import annotations

import time

import pytest
import torch

from ablations.catalog import BASELINE, RECIPES
from ablations.config import Engine
from ablations.data import load_dataset
from ablations.execution.estimate import step_cost
from ablations.training.seed_group import SeedGroup
from bench.limit import (
    FLOAT32_ERROR,
    MEBIBYTE,
    Limits,
    bandwidth,
    best_time,
    floor_of,
    measure_limits,
    product_error,
    working_set,
)

LIMITS = Limits(
    products={"highest": 1e11, "medium": 5e11},
    errors={"highest": 3e-7, "medium": 2e-3},
    bandwidth={1: 1e11, 8: 4e10, 64: 2e10},
)


def test_a_rate_counts_only_where_products_are_in_float32() -> None:
    assert LIMITS.rate == 1e11
    exact = Limits(products=LIMITS.products, errors={"highest": 3e-7, "medium": 4e-7}, bandwidth=LIMITS.bandwidth)
    assert exact.rate == 5e11


@pytest.mark.parametrize(
    ("mebibytes", "expected"), [(0.1, 1e11), (1, 1e11), (7.9, 1e11), (8, 4e10), (63, 4e10), (1e4, 2e10)]
)
def test_the_bandwidth_is_that_of_a_size_not_larger_than_the_working_set(mebibytes: float, expected: float) -> None:
    assert LIMITS.bytes_per_second(mebibytes * MEBIBYTE) == expected


def test_the_floor_of_large_batches_is_arithmetic_and_that_of_single_images_memory() -> None:
    s3, s1 = floor_of(RECIPES["s3"], 16, LIMITS), floor_of(RECIPES["s1"], 16, LIMITS)
    assert (s3.bound, s1.bound) == ("arithmetic", "memory")
    assert s3.seconds == s3.arithmetic_seconds == step_cost(RECIPES["s3"]).flops / 1e11
    assert s1.seconds == s1.memory_seconds == step_cost(RECIPES["s1"]).parameter_bytes / 2e10


def test_s3_needs_the_arithmetic_that_its_layers_say() -> None:
    """1.15 GFLOP: 2 * 200 * (G forward twice and backward; D on three batches, with D's gradients for two)."""
    g, d = (100 * 256, 256 * 256, 256 * 784), (784 * 256, 256 * 256, 256)
    inner_g, inner_d = sum(g[1:]), sum(d[1:])
    discriminator = sum(g) + 2 * (2 * sum(d) + inner_d)
    generator = sum(g) + sum(d) + sum(d) + sum(g) + inner_g
    assert floor_of(RECIPES["s3"], 16, LIMITS).arithmetic_seconds == 2 * 200 * (discriminator + generator) / 1e11
    assert 2 * 200 * (discriminator + generator) == pytest.approx(1.15e9, rel=0.01)


def test_the_working_set_is_what_a_stack_keeps_for_its_parameters() -> None:
    width = 3
    group = SeedGroup(BASELINE, range(width), load_dataset("digits"), Engine())
    group.advance(1)
    values = sum(t.numel() for name, t in group.state().items() if not name.endswith("step"))
    assert working_set(BASELINE, width) == 4 * values * 4 / 3  # the state has no gradients


def test_default_products_are_in_float32() -> None:
    assert product_error("highest") < FLOAT32_ERROR
    left, right = torch.rand(256, 256).bfloat16(), torch.rand(256, 256).bfloat16()
    exact = left.double() @ right.double()
    assert float(((left @ right) - exact).norm() / exact.norm()) > 10 * FLOAT32_ERROR


def test_measured_limits_are_those_of_a_computer() -> None:
    threads, precision = torch.get_num_threads(), torch.get_float32_matmul_precision()
    limits = measure_limits(rounds=1, seconds=0.001)
    assert 1e9 < limits.rate < 1e13
    assert all(1e8 < rate < 1e13 for rate in limits.bandwidth.values())
    assert (torch.get_num_threads(), torch.get_float32_matmul_precision()) == (threads, precision)


def test_the_bandwidth_of_much_memory_is_not_above_that_of_little() -> None:
    assert bandwidth(128 * MEBIBYTE, 2, 0.01) < 1.5 * bandwidth(MEBIBYTE // 2, 2, 0.01)


def test_the_best_time_is_that_of_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that the work itself moves on: by a quarter of a second, and by a half up to the first round's end."""
    calls, now = 0, 0.0

    def work() -> None:
        nonlocal calls, now
        calls += 1
        now += 0.5 if calls <= 2 + 4 else 0.25

    monkeypatch.setattr(time, "process_time", lambda: now)
    assert best_time(work, 3, 2.0) == 0.25
    assert calls == 2 + 3 * 4, "one unmeasured and one for the number of calls, then rounds of two seconds"
