"""What a GPU is promised, as far as a machine without one can show: with recorders and fake tensors in its place."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from ablations.config import Engine, Variant
from ablations.config.errors import ConfigError
from ablations.execution.executors import processes
from ablations.parts.layers import Linear, Pass, kept_exact
from ablations.scoring import reference_cache, suite
from ablations.scoring.panel import load_panel
from ablations.training import engine as engines
from ablations.training.cuda_graph import CapturedStep
from ablations.training.engine import check_in_reach, set_up
from tests.ablations import own_parts
from tests.ablations.datasets import random_dataset
from tests.ablations.training.recorded import captured
from tests.ablations.training.small_groups import SMALL, group


class Stream:
    def __init__(self, calls: list[str], name: str) -> None:
        self.calls, self.name = calls, name

    def wait_stream(self, other: Stream) -> None:
        self.calls.append(f"{self.name} waits for {other.name}")


def test_warming_up_waits_for_what_is_copied_and_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the first, a GPU that others use too copies weights that are already being changed."""
    calls: list[str] = []
    current = Stream(calls, "current")

    @contextlib.contextmanager
    def entered(stream: Stream) -> Iterator[None]:
        calls.append(f"on {stream.name}")
        yield
        calls.append(f"off {stream.name}")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "Stream", lambda: Stream(calls, "side"))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda *device: current)
    monkeypatch.setattr(torch.cuda, "stream", entered)
    captured(SMALL).advance(1)
    assert calls == ["side waits for current", "on side", "off side", "current waits for side"]


def test_a_process_is_set_up_for_exact_convolutions_that_repeat_their_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("allow_tf32", True), ("deterministic", False), ("benchmark", True)):
        monkeypatch.setattr(torch.backends.cudnn, name, value)
    set_up(Engine())
    found = torch.backends.cudnn
    assert (found.allow_tf32, found.deterministic, found.benchmark) == (False, True, False)
    assert torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction in (False, (False, False))


def on_a_gpu(variant: Variant) -> object:
    """The step that a group would take there."""
    one = group(variant)
    one.device = torch.device("cuda")
    return one._new_step()


def test_a_step_with_an_own_part_of_any_kind_is_never_recorded() -> None:
    assert isinstance(on_a_gpu(SMALL), CapturedStep)
    own_parts.enter()
    own = SMALL.override({"discriminator_optimizer.name": "small_steps"})
    assert own.own_parts
    assert not isinstance(on_a_gpu(own), CapturedStep)


@pytest.mark.parametrize(("given", "gpu", "seen"), [("", 1, "1"), ("2,3", 1, "3"), ("GPU-a, GPU-b", 0, "GPU-a")])
def test_a_worker_gets_one_of_the_gpus_that_this_process_was_given(
    given: str, gpu: int, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", given)
    with processes._worker_environment({}, gpu):
        assert os.environ["CUDA_VISIBLE_DEVICES"] == seen
    assert os.environ["CUDA_VISIBLE_DEVICES"] == given


def test_what_is_kept_of_real_images_is_kept_apart_by_what_rounded_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[object, ...]] = []
    whole = reference_cache.reference_cache

    def noted(*identity: object) -> reference_cache.ReferenceCache:
        asked.append(identity)
        return whole(*identity)

    monkeypatch.setattr(suite, "reference_cache", noted)
    monkeypatch.setattr(suite, "_references", {})
    data, panel = random_dataset(train=60, test=60), load_panel()
    for one in (panel, dataclasses.replace(panel, where=("cuda", "a card"))):
        suite.references_of(data, one)
    plain, other = asked[: len(asked) // 2], asked[len(asked) // 2 :]
    assert [(*identity, "cuda", "a card") for identity in plain] == other


def test_what_d_says_is_exact_where_wide_products_are_coarse() -> None:
    """Of autocast, which a GPU takes, with fake tensors on it."""
    with FakeTensorMode(), coarse_products():
        inputs = torch.empty(2, 4, 8, device="cuda")
        for outputs, kind in ((3, torch.bfloat16), (1, torch.float32)):
            layer = Linear("output", 8, outputs)
            tensors = {
                "output.weight": torch.empty(2, 8, outputs, device="cuda"),
                "output.bias": torch.empty(2, outputs, device="cuda"),
            }
            assert layer(inputs, Pass(tensors, training=True)).dtype == kind
        with kept_exact(inputs):
            assert torch.bmm(inputs, inputs.transpose(1, 2)).dtype == torch.float32


@contextlib.contextmanager
def coarse_products() -> Iterator[None]:
    torch.set_autocast_enabled("cuda", True)
    torch.set_autocast_dtype("cuda", torch.bfloat16)
    try:
        yield
    finally:
        torch.set_autocast_enabled("cuda", False)


def test_a_run_of_a_gpu_is_not_drawn_again_with_other_latents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "cuda_in_reach", lambda: False)
    with pytest.raises(ConfigError, match="was trained on a GPU"):
        check_in_reach(Engine(device="cuda"))
    check_in_reach(Engine())
