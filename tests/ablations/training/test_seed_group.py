"""A stack of seeds: pairing, isolation, exact bits, exact resume."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from ablations.catalog import AXES, RECIPES
from ablations.catalog.quantities import CURVES
from ablations.config import Engine, Variant
from ablations.config.digest import digest_of_arrays
from ablations.config.errors import ConfigError
from ablations.training.engine import set_up
from ablations.training.seed_group import SeedGroup
from ablations.training.step_inputs import evaluation_latents
from ablations.training.stored_module import stored_modules
from tests.ablations.training.small_groups import (
    CNN,
    DATA,
    DROPOUT,
    RELATIVISTIC,
    SMALL,
    SPECTRAL,
    digest,
    group,
    trained,
)

VARIANTS = {
    "mlp": SMALL,
    "dropout-conditional": DROPOUT,
    "cnn-batch-norm": CNN,
    "cnn-spectral-penalty": SPECTRAL,
    "relativistic-joint-batch-norm": RELATIVISTIC,
}


@pytest.mark.parametrize("name", VARIANTS)
def test_the_same_seed_in_the_same_slot_has_the_same_bits_whoever_its_neighbours_are(name: str) -> None:
    first, second = trained(VARIANTS[name], (0, 1, 2, 3)), trained(VARIANTS[name], (7, 1, 9, 8))
    assert digest(first, 1) == digest(second, 1)
    np.testing.assert_array_equal(first.take_curves()[:, :, 1], second.take_curves()[:, :, 1])
    assert digest(first, 0) != digest(second, 0)


@pytest.mark.parametrize("name", VARIANTS)
def test_another_width_gives_the_same_run_up_to_rounding(name: str) -> None:
    wide, alone = trained(VARIANTS[name], steps=5), trained(VARIANTS[name], (2,), steps=5)
    ours, theirs = wide.weights(2), alone.weights(0)
    for key in ours:
        np.testing.assert_allclose(ours[key], theirs[key], atol=2e-5)


@pytest.mark.parametrize("name", VARIANTS)
def test_looking_does_not_change_the_training(name: str) -> None:
    undisturbed, watched = trained(VARIANTS[name]), group(VARIANTS[name])
    for _ in range(12):
        watched.advance(1)
        images = watched.sample(1, 20)
        watched.discriminate(1, images, torch.zeros(20, dtype=torch.int64))
        watched.weights(1)
        watched.finite()
        watched.state()
        watched.take_curves()
    assert [digest(undisturbed, slot) for slot in range(4)] == [digest(watched, slot) for slot in range(4)]


@pytest.mark.parametrize("name", VARIANTS)
def test_a_group_restored_from_its_state_goes_on_to_the_bit(name: str) -> None:
    whole = trained(VARIANTS[name], steps=12)
    begun = trained(VARIANTS[name], steps=5)
    state = begun.state()
    begun.advance(3)  # what happens after the state was taken must not reach it
    resumed = group(VARIANTS[name])
    resumed.load_state(state, 5)
    resumed.advance(7)
    assert [digest(whole, slot) for slot in range(4)] == [digest(resumed, slot) for slot in range(4)]
    np.testing.assert_array_equal(whole.take_curves()[5:], resumed.take_curves())


def test_a_state_of_another_variant_is_refused() -> None:
    state = trained().state()
    with pytest.raises(ValueError, match="shape"):
        group(SMALL.override({"generator.hidden": 25})).load_state(state, 5)
    with pytest.raises(KeyError):
        group(SMALL.override({"generator.hidden": "24,24"})).load_state(state, 5)


def first_draws(variant: Variant, step: int = 3) -> Any:
    return group(variant)._sampler.at(step)


def discriminator_update(trained: SeedGroup, number: int) -> Any:
    """What D's update of that number draws, however many of them an iteration has."""
    step, index = divmod(number, trained.variant.update.discriminator_steps)
    return trained._sampler.at(step).discriminator[index]


@pytest.mark.parametrize(
    "axis", [name for name in AXES if name not in ("latent-size", "latent-distribution", "batch-size")]
)
def test_variants_are_paired_in_draws_and_initial_values(axis: str) -> None:
    """Every level shares data order, latents and labels with the baseline, and each tensor that both have."""
    base = group(SMALL)
    for level in AXES[axis].levels:
        other = group(level.apply(SMALL))
        theirs, ours = other._sampler.at(3), base._sampler.at(3)
        their_update, our_update = discriminator_update(other, 3), discriminator_update(base, 3)
        if level.name != "per-epoch":
            torch.testing.assert_close(their_update.images, our_update.images, rtol=0, atol=0)
        assert torch.equal(their_update.latents, our_update.latents)
        if theirs.generator[0].latents is not None:
            assert ours.generator[0].latents is not None
            assert torch.equal(theirs.generator[0].latents, ours.generator[0].latents)
        if level.name in ("xavier-init", "normal-init"):
            continue
        first, second = base.weights(1), other.weights(1)
        # A bias is of the same tensor where its layer is: PyTorch scales it by the layer's number of inputs.
        layers = {key.rpartition(".")[0] for key in first if key.endswith("weight") and key in second}
        layers = {x for x in layers if first[f"{x}.weight"].shape == second[f"{x}.weight"].shape}
        shared = [key for key in first if key in second and key.rpartition(".")[0] in layers]
        assert shared or axis == "architecture"
        for key in shared:
            np.testing.assert_array_equal(first[key], second[key])


def test_g_and_d_draw_different_latents_unless_they_share_them() -> None:
    draws = first_draws(SMALL)
    assert not torch.equal(draws.discriminator[0].latents, draws.generator[0].latents)
    assert first_draws(SMALL.override({"update.generator_latents": "same"})).generator[0].latents is None


@pytest.mark.parametrize("name", ["s3", "s4", "s1"])
def test_initial_values_are_those_of_the_documents(name: str) -> None:
    weights = group(RECIPES[name].override({"training_images": 300}), (0,)).weights(0)
    matrices = {k: v for k, v in weights.items() if v.ndim == 2}
    vectors = {k: v for k, v in weights.items() if v.ndim == 1}
    for key, values in matrices.items():
        fan_out, fan_in = values.shape
        sigma = {"s3": (2 / (fan_in + fan_out)) ** 0.5, "s4": 0.01, "s1": (1 / fan_in) ** 0.5 / 3**0.5}[name]
        assert values.std() == pytest.approx(sigma, rel=0.25 if values.size < 1000 else 0.03), key
        if name == "s1":
            assert abs(values).max() <= fan_in**-0.5
    for key, values in vectors.items():
        if name == "s3":
            assert values.min() >= 0.1, key
            assert values.max() < 0.2, key
        elif name == "s4":
            assert not values.any(), key


def test_undetached_fakes_change_the_cost_only() -> None:
    assert digest(trained(SMALL), 0) == digest(trained(SMALL.override({"update.detach": False})), 0)


def test_samples_are_images_and_depend_on_the_label_asked_for() -> None:
    one = trained(RECIPES["s3"].override({"conditional": True, "training_images": 300, "batch_size": 20}))
    images = one.sample(0, 30)
    assert images.shape == (30, 1, 28, 28)
    assert images.dtype == torch.float32
    assert images.min() >= 0
    assert images.max() <= 1
    assert torch.equal(images, one.sample(0, 30))
    assert not torch.equal(images, one.sample(1, 30))
    assert torch.equal(images[:20], one.sample(0, 20))


def test_curves_are_read_once_and_hold_every_step() -> None:
    one = trained(steps=6)
    curves = one.take_curves()
    assert curves.shape == (6, len(CURVES), 4)
    assert curves.dtype == np.float32
    assert np.isfinite(curves).all()
    assert one.take_curves().shape == (0, len(CURVES), 4)


def test_a_diverged_seed_leaves_its_neighbours_alone() -> None:
    healthy, sick = trained(steps=8), group()
    sick.advance(3)
    with torch.no_grad():
        sick._generator.tensors["hidden.0.weight"][2] = float("nan")
    sick.advance(5)
    assert sick.finite() == [True, True, False, True]
    for slot in (0, 1, 3):
        assert digest(healthy, slot) == digest(sick, slot)


def test_weights_are_copies() -> None:
    one = group()
    before = one.weights(0)
    kept = {key: value.copy() for key, value in before.items()}
    one.advance(2)
    for key in before:
        np.testing.assert_array_equal(before[key], kept[key])


def test_a_batch_larger_than_the_dataset_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"batch_size=400.*only 300 images of random"):
        group(SMALL.override({"batch_size": 400}))


def test_networks_that_do_not_fit_the_data_are_refused() -> None:
    """The kernels are checked where the size of the images is known."""
    kernels = {"discriminator.architecture": "cnn", "discriminator.hidden": "8,8,8", "discriminator.kernels": "9,9,9"}
    with pytest.raises(ConfigError, match=r"on random: discriminator.kernels=\(9, 9, 9\) leave nothing of a 28x28 im"):
        group(SMALL.override(kernels))


@pytest.mark.cuda
@pytest.mark.parametrize("name", VARIANTS)
def test_on_a_gpu_two_runs_agree_to_the_bit_and_neighbours_do_not_matter(name: str) -> None:
    engine = Engine(device="cuda")
    set_up(engine)
    digests = []
    for seeds in ((0, 1, 2, 3), (0, 1, 2, 3), (7, 1, 9, 8)):
        one = group(VARIANTS[name], seeds, engine)
        one.advance(12)
        digests.append(digest(one, 1))
    assert len(set(digests)) == 1


@pytest.mark.parametrize("name", ["mlp", "dropout-conditional", "cnn-batch-norm", "relativistic-joint-batch-norm"])
def test_the_gradients_of_both_objectives_are_those_of_plain_modules(name: str) -> None:
    """In float64, by autograd through `torch.nn.Module`s and the logarithms as they are written."""
    one = group(VARIANTS[name], engine=Engine(precision="float64"))
    one.advance(3)
    before = digest_of_arrays(one.weights(1))
    found = one.objective_gradients(1, 20)
    assert digest_of_arrays(one.weights(1)) == before
    g, d = stored_modules(one.variant, DATA.shape, one.weights(1))
    latents = evaluation_latents(one.variant, one.seeds[1], 20, torch.device("cpu"), torch.float64)[0]
    labels = torch.arange(20) % 10
    probability = d(g(latents, labels), labels)
    losses = {"saturating": (1 - probability).log().mean(), "non_saturating": -probability.log().mean()}
    for objective, loss in losses.items():
        gradients = torch.autograd.grad(loss, list(g.parameters()), retain_graph=True)
        norm = torch.cat([x.flatten() for x in gradients]).norm().item()
        assert found[f"g_gradient_{objective}"] == pytest.approx(norm, rel=1e-9)
    alone = group(VARIANTS[name], (1,), Engine(precision="float64"))
    alone.advance(3)
    assert alone.objective_gradients(0, 20) == pytest.approx(found, rel=1e-12)
