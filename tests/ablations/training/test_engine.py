"""The engine is chosen by measurement, recorded, and refused where it cannot be had."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch

from ablations.config import Engine
from ablations.config.errors import ConfigError
from ablations.training.engine import choose_engine, default_workers, onednn_keeps_float32, set_up


@pytest.fixture(autouse=True)
def _precision() -> Iterator[None]:
    before = torch.get_float32_matmul_precision()
    yield
    torch.set_float32_matmul_precision(before)
    onednn_keeps_float32.cache_clear()


@pytest.mark.skipif(torch.cuda.is_available(), reason="is about a machine without a CUDA device")
def test_what_the_machine_lacks_is_refused() -> None:
    with pytest.raises(ConfigError, match="no CUDA device here; take --device cpu"):
        choose_engine("cuda")
    assert choose_engine("auto").device == "cpu"


def test_the_measurement_tells_float32_from_bfloat16(monkeypatch: pytest.MonkeyPatch) -> None:
    product = torch.bmm

    def coarse(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return product(left.bfloat16(), right.bfloat16()).float()

    with monkeypatch.context() as patch:
        patch.setattr(torch, "bmm", coarse)
        assert not onednn_keeps_float32()
    onednn_keeps_float32.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(torch, "bmm", lambda left, right: (left.double() @ right.double()).float())
        assert onednn_keeps_float32()


def test_measuring_leaves_no_trace() -> None:
    torch.set_float32_matmul_precision("highest")
    onednn_keeps_float32()
    assert torch.get_float32_matmul_precision() == "highest"


def test_the_chosen_engine_computes_in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this CPU has: after `set_up` a product is as exact as float32 is."""
    set_up(choose_engine("cpu"))
    left, right = torch.randn(64, 784), torch.randn(784, 64)
    exact = left.double() @ right.double()
    assert (left @ right - exact).norm() / exact.norm() < 5e-6


def test_set_up_follows_the_engine() -> None:
    for wanted, expected in ((Engine(matmul="onednn"), "medium"), (Engine(matmul="default"), "highest")):
        set_up(wanted)
        assert torch.get_float32_matmul_precision() == expected
    assert torch.get_num_threads() == 1


def test_workers_are_one_a_core_that_this_process_may_use_or_one_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 3, 5}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert default_workers(Engine()) == 3
    monkeypatch.delattr(os, "sched_getaffinity")
    assert default_workers(Engine()) == 7
    for gpus, workers in ((2, 2), (0, 1)):
        monkeypatch.setattr(torch.cuda, "device_count", lambda found=gpus: found)
        assert default_workers(Engine(device="cuda")) == workers


def test_numpy_has_the_engines_threads_too() -> None:
    """Its sums, and so the last bits of scores, depend on how many threads share them."""
    import numpy as np
    from threadpoolctl import threadpool_info, threadpool_limits

    np.linalg.norm(np.ones((4, 4)) @ np.ones((4, 4)))
    with threadpool_limits(2, user_api="blas"):
        set_up(choose_engine("cpu"))
        assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
