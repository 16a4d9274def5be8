"""The documents' loops do what shared facts about them say: so many images and optimizer steps an iteration."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.flop_counter import FlopCounterMode
from torchvision import datasets

from ablations.catalog import STUDIES
from ablations.config import Variant
from ablations.data.shape import MNIST_SHAPE as SHAPE
from ablations.execution.estimate import step_cost
from ablations.parts.networks import discriminator_network
from bench.peers import PEERS
from bench.small import write_mnist_files
from tests.ablations.datasets import random_dataset

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data")
    write_mnist_files(random_dataset(train=420), path)
    return path


@pytest.fixture
def counts(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """How many images were read and how many optimizer steps were done."""
    counted: Counter[str] = Counter()
    read = datasets.MNIST.__getitem__

    def counting(self: Any, index: int) -> Any:
        counted["images"] += 1
        return read(self, index)

    def stepped(*_: Any) -> None:
        counted["steps"] += 1

    monkeypatch.setattr(datasets.MNIST, "__getitem__", counting)
    handle = register_optimizer_step_post_hook(stepped)
    yield counted
    handle.remove()


@pytest.mark.parametrize(
    ("name", "images", "steps"),
    [("s0", 1, 3), ("s1", 1, 3), ("s2", 128, 2), ("s3", 200, 2), ("s4", 100, 2), ("cnn", 0, 2)],
)
def test_an_iteration_takes_a_batch_and_its_optimizer_steps(
    name: str, images: int, steps: int, folder: Path, counts: Counter[str]
) -> None:
    taken = 2
    losses = list(itertools.islice(PEERS[name].train(folder, CPU), taken))
    assert counts == Counter({"images": taken * images, "steps": taken * steps})
    assert all(math.isfinite(float(value)) for pair in losses for value in pair)


@pytest.mark.parametrize("name", ["s2", "s3", "s4"])
def test_an_iteration_computes_what_the_harness_counts_and_the_waste_of_plain_autograd(name: str, folder: Path) -> None:
    """So the networks have the sizes of the recipe, and S3's fakes are not detached while the others' are."""
    variant = variant_of(name)
    assert variant.update.detach  # the harness does not compute what S3 throws away
    if name == "s3":
        variant = variant.override({"update.detach": False})
    iterations = PEERS[name].train(folder, CPU)
    next(iterations)
    with FlopCounterMode(display=False) as counter:
        next(iterations)
    assert counter.get_total_flops() == step_cost(variant).flops + unused_gradient_flops(variant)


def unused_gradient_flops(variant: Variant) -> float:
    """A backward pass of G's loss computes the gradient of D's weights too."""
    return 2 * variant.batch_size * sum(layer.multiply_adds for layer in discriminator_network(variant, SHAPE).layers)


@pytest.mark.parametrize("name", ["s0", "s1", "s2", "s3", "s4", "cnn"])
def test_the_batch_is_that_of_the_variant_it_races(name: str) -> None:
    assert variant_of(name).batch_size == {"s0": 1, "s1": 1, "s2": 128, "s3": 200, "s4": 100, "cnn": 64}[name]


def test_losses_start_where_an_untrained_pair_of_s4_stands(folder: Path) -> None:
    """Weights of N(0, 0.01) give D an output of one half: ln 2 for each term."""
    d_loss, g_loss = next(PEERS["s4"].train(folder, CPU))
    assert float(d_loss) == pytest.approx(2 * math.log(2), rel=0.02)
    assert float(g_loss) == pytest.approx(math.log(2), rel=0.02)


def test_a_loop_ends_after_its_epochs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.peers.s4.EPOCHS", 2)
    assert sum(1 for _ in PEERS["s4"].train(folder, CPU)) == 2 * math.ceil(420 / 100)


def test_conditional_loops_need_more_inputs(folder: Path) -> None:
    """S0's D sees 784 + 10 values, S1's 784."""
    seen: list[int] = []

    def note(module: Any, inputs: tuple[torch.Tensor, ...]) -> None:
        if isinstance(module, torch.nn.Linear):
            seen.append(inputs[0].shape[-1])

    handle = torch.nn.modules.module.register_module_forward_pre_hook(note)
    try:
        for name, sizes in (("s0", {794, 200, 110}), ("s1", {784, 200, 100})):
            seen.clear()
            next(PEERS[name].train(folder, CPU))
            assert set(seen) == sizes
    finally:
        handle.remove()


def variant_of(name: str) -> Variant:
    peer = PEERS[name]
    return STUDIES[peer.study].variant(peer.variant)
