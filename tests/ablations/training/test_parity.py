"""The stacked step against the plain loop to 1e-9 in float64: every recipe, every level of every axis."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from ablations.catalog import AXES, BASELINE, RECIPES
from ablations.config import Engine, Variant
from ablations.data import Dataset, DataShape
from ablations.training.seed_group import SeedGroup
from tests.ablations import plain, plain_networks
from tests.ablations.datasets import random_dataset

STEPS = 20
FEW_STEPS = 2
NARROWER = 8
BATCH = 16
"""The products of dense layers take nearly all the time of a step, and nothing that a step does looks at sizes but the
choice of a kernel: twenty steps are held on dense layers so many times narrower and on batches of at most so many
images, the sizes as they are trained for two. A few such batches are an epoch, so that the twenty cross its ends."""
SEEDS = (0, 3)
ENGINE = Engine(precision="float64")

SGD = {
    f"{side}_optimizer.{k}": v
    for side in ("generator", "discriminator")
    for k, v in {"name": "sgd", "learning_rate": 0.01, "momentum": 0.0}.items()
}
JOINT = {"discriminator.normalization": "batch", "update.batch_statistics": "joint"}
RELATIVISTIC = {"loss.criterion": "relativistic", "discriminator.output": "logits"}
WASSERSTEIN = {"loss.criterion": "wasserstein", "discriminator.output": "logits"}

# Imbalanced updates and a few crossings of axes, which no recipe has.
EXTRA = {
    "three-d-steps": BASELINE.override({"update.discriminator_steps": 3, "generator.dropout": 0.1}),
    "three-g-steps-two-d-steps": BASELINE.override(
        {
            "update.generator_steps": 3,
            "update.discriminator_steps": 2,
            "conditional": True,
            "batch_size": 10,
            "generator.dropout": 0.1,
            "discriminator.dropout": 0.2,
        }
    ),
    "cnn-conditional-batch-norm": RECIPES["s1-cnn"].override({"conditional": True, "batch_size": 6}),
    "same-z-dropout-conditional": RECIPES["s3"].override(
        {"update.generator_latents": "same", "conditional": True, "batch_size": 10}
    ),
    "two-steps-batch-norm-dropout": BASELINE.override(
        {
            "update.discriminator": "two_steps",
            "discriminator.normalization": "batch",
            "discriminator.dropout": 0.3,
            "generator_optimizer.name": "sgd",
            "generator_optimizer.momentum": 0.5,
        }
    ),
    "undetached-batch-norm": RECIPES["s2"].override({"update.detach": False, "batch_size": 8, "steps": 1}),
    "joint-batch-norm-dropout": BASELINE.override(
        {**JOINT, "discriminator.dropout": 0.2, "discriminator.normalization_first": True, **SGD}
    ),
    "relativistic-batch-norm-apart": BASELINE.override({**RELATIVISTIC, "discriminator.normalization": "batch", **SGD}),
    "relativistic-joint-batch-norm-conditional": BASELINE.override(
        {**RELATIVISTIC, **JOINT, **SGD, "conditional": True, "batch_size": 10}
    ),
    "relativistic-saturating-free-dropout": BASELINE.override(
        {**RELATIVISTIC, "discriminator.dropout": 0.2, "update.detach": False, "loss.discriminator_reduction": "mean"}
    ),
    "gradient-penalty-conditional-dropout": BASELINE.override(
        {
            **WASSERSTEIN,
            "loss.penalty": "gradient_penalty",
            "conditional": True,
            "discriminator.dropout": 0.2,
            "update.discriminator_steps": 2,
            "batch_size": 10,
        }
    ),
    "gradient-penalty-sigmoid": BASELINE.override({"loss.penalty": "gradient_penalty", "loss.penalty_weight": 2.5}),
    "gradient-penalty-cnn": AXES["architecture"]
    .level("cnn")
    .apply(BASELINE)
    .override({**WASSERSTEIN, "loss.penalty": "gradient_penalty", "batch_size": 8}),
    "r1-cnn-conditional": AXES["architecture"]
    .level("cnn")
    .apply(BASELINE)
    .override({"loss.penalty": "r1", "conditional": True, "batch_size": 8, "update.generator_latents": "same"}),
    "spectral-cnn-both-hinge": AXES["architecture"]
    .level("cnn")
    .apply(BASELINE)
    .override(
        {
            "loss.criterion": "hinge",
            "discriminator.output": "logits",
            "generator.weight_norm": "spectral",
            "discriminator.weight_norm": "spectral",
            "discriminator.normalization": "none",
            "batch_size": 8,
        }
    ),
    "spectral-gradient-penalty-two-d-steps": BASELINE.override(
        {
            **WASSERSTEIN,
            "loss.penalty": "gradient_penalty",
            "discriminator.weight_norm": "spectral",
            "update.discriminator_steps": 2,
        }
    ),
}

CASES: dict[str, Variant] = (
    {f"recipe:{name}": recipe for name, recipe in RECIPES.items()}
    | {f"{axis.name}:{level.name}": level.apply(BASELINE) for axis in AXES.values() for level in axis.levels}
    | {f"extra:{name}": variant for name, variant in EXTRA.items()}
)
# With Adam its curves too move by what BatchNorm's gradients have of rounding alone; with SGD they do not, see below.
CASES["normalization-place:batch-norm-joint"] = CASES["normalization-place:batch-norm-joint"].override(SGD)


BOUND = 1e-9
SMALL = 0.01


GREY = random_dataset(train=500)
COLOUR = random_dataset(train=200, image=(3, 20, 20), classes=4)


@pytest.mark.parametrize("name", CASES)
def test_twenty_stacked_steps_equal_the_plain_loop(name: str) -> None:
    if name.startswith("batch-size:"):
        compare(dataclasses.replace(narrower(CASES[name]), training_images=450), GREY)
        return
    batch = min(CASES[name].batch_size, BATCH)
    compare(dataclasses.replace(narrower(CASES[name]), batch_size=batch, training_images=7 * BATCH), GREY)


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith(("recipe:", "batch-size:"))])
def test_two_do_with_layers_and_batches_of_the_sizes_that_are_trained(name: str) -> None:
    compare(dataclasses.replace(CASES[name], training_images=450), GREY, FEW_STEPS)


@pytest.mark.parametrize("name", ["recipe:s1-cnn", "recipe:s3", "extra:r1-cnn-conditional", "loss:wasserstein-gp"])
@pytest.mark.parametrize("conditional", [False, True])
def test_so_they_do_on_colour_images_of_another_size_and_number_of_classes(name: str, conditional: bool) -> None:
    changes = {"conditional": conditional, "batch_size": 10, "training_images": 150}
    compare(CASES[name].override(changes), COLOUR)


def narrower(variant: Variant) -> Variant:
    """The same networks with narrower dense layers, each of a width of its own where they were so."""
    sides = {"generator": variant.generator, "discriminator": variant.discriminator}
    return variant.override(
        {
            f"{side}.hidden": tuple(width // NARROWER for width in network.hidden)
            for side, network in sides.items()
            if network.architecture == "mlp"
        }
    )


def compare(variant: Variant, data: Dataset, steps: int = STEPS) -> None:
    group = SeedGroup(variant, SEEDS, data, ENGINE)
    draws = [group._sampler.at(step) for step in range(steps)]
    before = [group.weights(slot) for slot in range(len(SEEDS))]
    group.advance(steps)
    curves = group.take_curves()
    for slot in range(len(SEEDS)):
        expected = plain.train(variant, data.shape, before[slot], draws, slot)
        ours, start = (
            plain_networks.split(variant, data.shape, weights) for weights in (group.weights(slot), before[slot])
        )
        assert all(distance(start[side], expected[side]) > 1e-6 for side in ours), "nothing was trained"
        worst = max(distance(ours[side], expected[side]) for side in ours)
        if worst >= BOUND:
            assert worst < 10 * own_sensitivity(variant, data.shape, before[slot], draws, slot)
        # Curves are kept in float32.
        np.testing.assert_allclose(curves[:, :, slot], expected["curves"], rtol=1e-6, atol=10 * min(worst, 1e-7))


def distance(ours: list[Any], theirs: list[Any]) -> float:
    """The largest difference of any tensor, relative to its largest value or to `SMALL`.

    Some values have no gradient but for rounding, as D's last shift under the Wasserstein loss: those stay near 0.
    """
    return max(float(np.abs(a - b).max() / max(np.abs(b).max(), SMALL)) for a, b in zip(ours, theirs, strict=True))


def own_sensitivity(variant: Variant, shape: DataShape, weights: dict[str, Any], draws: list[Any], slot: int) -> float:
    """How far the plain loop itself moves when every weight is changed by one unit in the last place.

    Where it moves by more than the bound (a dense BatchNorm makes some gradients exactly zero but for rounding, which
    Adam then scales up), no two ways of rounding can agree to it.
    """
    moved = {name: np.nextafter(values, np.inf) for name, values in weights.items()}
    first, second = (plain.train(variant, shape, values, draws, slot) for values in (weights, moved))
    return max(distance(first[side], second[side]) for side in ("generator", "discriminator"))


def test_only_batch_norm_with_adam_is_beyond_the_bound() -> None:
    """The exception above is for rounding that Adam amplifies; with SGD the same networks keep the bound."""
    for name in ("normalization:batch-norm", "extra:two-steps-batch-norm-dropout"):
        variant = dataclasses.replace(narrower(CASES[name].override(SGD)), batch_size=BATCH, training_images=7 * BATCH)
        group = SeedGroup(variant, SEEDS, GREY, ENGINE)
        draws = [group._sampler.at(step) for step in range(STEPS)]
        before = group.weights(1)
        group.advance(STEPS)
        expected = plain.train(variant, GREY.shape, before, draws, 1)
        ours = plain_networks.split(variant, GREY.shape, group.weights(1))
        assert max(distance(ours[side], expected[side]) for side in ours) < BOUND
