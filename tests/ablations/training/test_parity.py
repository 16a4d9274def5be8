"""The stacked step against the plain loop: every recipe, every level of every axis, to 1e-9 in float64."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from ablations.catalog import AXES, BASELINE, RECIPES
from ablations.config import Engine, Variant
from ablations.training.seed_group import SeedGroup
from tests.ablations import plain
from tests.ablations.datasets import random_dataset

STEPS = 20
SEEDS = (0, 3)
ENGINE = Engine(precision="float64")

# Imbalanced updates and a few crossings of axes, which no recipe has.
EXTRA = {
    "three-d-steps": BASELINE.override({"update.discriminator_steps": 3, "generator.dropout": 0.1}),
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
}

CASES: dict[str, Variant] = (
    {f"recipe:{name}": recipe for name, recipe in RECIPES.items()}
    | {f"{axis.name}:{level.name}": level.apply(BASELINE) for axis in AXES.values() for level in axis.levels}
    | {f"extra:{name}": variant for name, variant in EXTRA.items()}
)


BOUND = 1e-9


@pytest.mark.parametrize("name", CASES)
def test_twenty_stacked_steps_equal_the_plain_loop(name: str) -> None:
    variant = dataclasses.replace(CASES[name], training_images=450)
    group = SeedGroup(variant, SEEDS, random_dataset(train=500), ENGINE)
    draws = [group._sampler.at(step) for step in range(STEPS)]
    before = [group.weights(slot) for slot in range(len(SEEDS))]
    group.advance(STEPS)
    curves = group.take_curves()
    for slot in range(len(SEEDS)):
        expected = plain.train(variant, before[slot], draws, slot)
        ours, start = (plain.split(variant, weights) for weights in (group.weights(slot), before[slot]))
        assert all(distance(start[side], expected[side]) > 1e-6 for side in ours), "nothing was trained"
        worst = max(distance(ours[side], expected[side]) for side in ours)
        if worst >= BOUND:
            assert worst < 10 * own_sensitivity(variant, before[slot], draws, slot)
        # Curves are kept in float32.
        np.testing.assert_allclose(curves[:, :, slot], expected["curves"], rtol=1e-6, atol=10 * min(worst, 1e-7))


def distance(ours: list[Any], theirs: list[Any]) -> float:
    """The largest difference of any tensor, relative to its largest value."""
    return max(float(np.abs(a - b).max() / (np.abs(b).max() + 1e-300)) for a, b in zip(ours, theirs, strict=True))


def own_sensitivity(variant: Variant, weights: dict[str, Any], draws: list[Any], slot: int) -> float:
    """How far the plain loop itself moves when every weight is changed by one unit in the last place.

    Where it moves by more than the bound (a dense BatchNorm makes some gradients exactly zero but for rounding, which
    Adam then scales up), no two ways of rounding can agree to it.
    """
    moved = {name: np.nextafter(values, np.inf) for name, values in weights.items()}
    first, second = plain.train(variant, weights, draws, slot), plain.train(variant, moved, draws, slot)
    return max(distance(first[side], second[side]) for side in ("generator", "discriminator"))


def test_only_batch_norm_with_adam_is_beyond_the_bound() -> None:
    """The exception above is for rounding that Adam amplifies; with SGD the same networks keep the bound."""
    for name in ("normalization:batch-norm", "extra:two-steps-batch-norm-dropout"):
        sgd = {f"{side}_optimizer.{k}": v for side in ("generator", "discriminator") for k, v in _SGD.items()}
        variant = dataclasses.replace(CASES[name].override(sgd), training_images=450)
        group = SeedGroup(variant, SEEDS, random_dataset(train=500), ENGINE)
        draws = [group._sampler.at(step) for step in range(STEPS)]
        before = group.weights(1)
        group.advance(STEPS)
        expected, ours = plain.train(variant, before, draws, 1), plain.split(variant, group.weights(1))
        assert max(distance(ours[side], expected[side]) for side in ours) < BOUND


_SGD = {"name": "sgd", "learning_rate": 0.01, "momentum": 0.0}
