"""Modules of a user's own in the one training loop: what stacked layers promise, they promise too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ablations.catalog import BASELINE
from ablations.config import Engine, Variant
from ablations.config.errors import ConfigError
from ablations.config.own_parts import PartError
from ablations.config.parts import register
from ablations.parts.networks import build_networks
from ablations.training.generator import StoredGenerator
from ablations.training.seed_group import SeedGroup
from tests.ablations.datasets import random_dataset
from tests.ablations.training import own_modules

DATA = random_dataset(train=60, image=(1, 12, 12))
SMALL = BASELINE.override({"batch_size": 8, "generator.hidden": 16, "discriminator.hidden": 16, "training_images": 60})
DENSE = {"generator.architecture": "dense", "discriminator.architecture": "dense"}
KINDS: dict[str, dict[str, Any]] = {
    "dense": DENSE,
    "convolutional": {"discriminator.architecture": "convolutional"},
    "spectral": {"discriminator.architecture": "spectral"},
    "noisy": {"generator.architecture": "noisy", "update.discriminator": "two_steps"},
    "conditional": {"discriminator.architecture": "conditional", "conditional": True},
    "joint statistics": {"discriminator.architecture": "convolutional", "update.batch_statistics": "joint"},
    "shared latents": {"generator.architecture": "noisy", "update.generator_latents": "same"},
    "not detached": {**DENSE, "update.detach": False},
    "penalty": {**DENSE, "loss.penalty": "r1"},
    "xavier": {**DENSE, "initialization": "xavier"},
}
STACKED = {"dense": True, "convolutional": True, "spectral": False, "noisy": False, "conditional": True}


@pytest.fixture(autouse=True)
def _entered(registries_restored: None) -> None:
    own_modules.enter()


def variant_of(kind: str) -> Variant:
    return SMALL.override(KINDS[kind])


def trained(group: SeedGroup, steps: int) -> np.ndarray[Any, Any]:
    group.advance(steps)
    return group.take_curves()


@pytest.mark.parametrize("kind", STACKED)
def test_it_is_found_out_whether_the_seeds_of_a_module_stack(kind: str) -> None:
    own = [network.own for network in build_networks(variant_of(kind), DATA.shape) if network.own]
    assert [one.traits.stacks for one in own] == [STACKED[kind]] * len(own)
    assert all(bool(one.traits.reason) is not one.traits.stacks for one in own)
    assert own[-1].traits.over_batch is (kind in ("convolutional", "conditional"))
    assert own[-1].traits.multiply_adds > 0
    assert own[-1].traits.convolutional is (kind == "convolutional")


@pytest.mark.parametrize("kind", KINDS)
def test_a_module_is_trained_resumed_and_looked_at_to_the_bit(kind: str) -> None:
    variant = variant_of(kind)
    whole = SeedGroup(variant, (0, 1), DATA, Engine())
    start = whole.weights(0)
    first = trained(whole, 5)
    state = whole.state()
    looked = [whole.sample(0, 9), whole.sample(0, 9)]
    whole.discriminate(1, DATA.test_images[:7].float() / 255, DATA.labels[1][:7])
    rest = trained(whole, 5)
    assert np.isfinite(first).all()
    assert torch.equal(*looked)
    assert any((start[name] != values).any() for name, values in whole.weights(0).items())
    again = SeedGroup(variant, (0, 1), DATA, Engine())
    again.load_state(state, 5)
    np.testing.assert_array_equal(trained(again, 5), rest)
    for name, values in whole.weights(1).items():
        np.testing.assert_array_equal(values, again.weights(1)[name])


@pytest.mark.parametrize("kind", KINDS)
def test_neighbours_in_the_stack_do_not_matter(kind: str) -> None:
    variant = variant_of(kind)
    together = trained(SeedGroup(variant, (3, 1, 2), DATA, Engine()), 6)[:, :, 1]
    others = trained(SeedGroup(variant, (0, 1, 5), DATA, Engine()), 6)[:, :, 1]
    np.testing.assert_array_equal(together, others)
    alone = trained(SeedGroup(variant, (1,), DATA, Engine()), 6)[:, :, 0]
    # Kernels round otherwise for another number of seeds, and Adam takes a gradient near 0 by its sign.
    np.testing.assert_allclose(together[:2], alone[:2], rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["dense", "noisy"])
def test_images_are_drawn_again_from_stored_weights_to_the_bit(kind: str) -> None:
    group = SeedGroup(variant_of(kind), (4, 5), DATA, Engine())
    group.advance(3)
    stored = StoredGenerator(group.variant, DATA.shape, 5, group.generator_weights(1))
    torch.testing.assert_close(stored.sample(20), group.sample(1, 20), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(stored.sample(20), stored.sample(20))


def test_the_same_network_as_a_module_has_the_curves_of_the_stacked_layers() -> None:
    layers = SeedGroup(SMALL, (0, 1), DATA, Engine(precision="float64"))
    modules = SeedGroup(variant_of("dense"), (0, 1), DATA, Engine(precision="float64"))
    state = modules.state()
    names = {"hidden.0": "0", "norm.0": "2", "output": "3"}
    for key, values in layers.state().items():
        side, _, name = key.split(".", 2)
        layer, _, last = name.rpartition(".")
        place = str(int(names[layer]) + (side == "discriminator"))
        dense_weight = last == "weight" and layer != "norm.0"
        state[f"{side}.tensors.{place}.{last}"] = values.transpose(1, 2).contiguous() if dense_weight else values
    modules.load_state(state, 0)
    expected, found = trained(layers, 40), trained(modules, 40)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)
    assert not np.allclose(expected[0], expected[-1], rtol=1e-3)


def test_seeds_start_apart_and_a_start_is_the_runs_own_whatever_was_drawn_before() -> None:
    one = SeedGroup(variant_of("dense"), (0, 1), DATA, Engine())
    torch.rand(100)
    two = SeedGroup(variant_of("dense"), (1,), DATA, Engine())
    name = "discriminator.1.weight"
    np.testing.assert_array_equal(one.weights(1)[name], two.weights(0)[name])
    assert (one.weights(0)[name] != one.weights(1)[name]).all()
    scheme = SeedGroup(variant_of("xavier"), (1,), DATA, Engine()).weights(0)
    assert (scheme["discriminator.1.bias"] >= 0.1).all()


def test_own_randomness_leaves_the_global_generators_alone() -> None:
    group = SeedGroup(variant_of("noisy"), (0,), DATA, Engine())
    before = torch.get_rng_state()
    group.advance(2)
    group.sample(0, 4)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("statistics", ["separate", "joint"])
def test_batch_normalisation_of_one_value_refuses_a_batch_of_one(statistics: str) -> None:
    register("generator", "bn", own_modules.normalised)
    one = SMALL.override({"batch_size": 1, "update.batch_statistics": statistics})
    with pytest.raises(
        ConfigError,
        match=r"own_modules.py, line \d+: the generator 'bn' needs a batch of at least 2 \(batch_size is 1\)",
    ) as caught:
        build_networks(one.override({"generator.architecture": "bn"}), DATA.shape)
    assert not isinstance(caught.value, PartError), "it is refused with the study, and not with its runs"
    build_networks(one.override({"discriminator.architecture": "convolutional"}), DATA.shape)
    build_networks(SMALL.override({"batch_size": 2, "generator.architecture": "bn"}), DATA.shape)


def test_a_gradient_penalty_refuses_a_module_that_mixes_the_batch() -> None:
    with pytest.raises(ConfigError, match="the other images of a batch have a part in it"):
        SeedGroup(variant_of("convolutional").override({"loss.penalty": "r1"}), (0,), DATA, Engine())
