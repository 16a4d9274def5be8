"""Stacks of seeds of milliseconds."""

from __future__ import annotations

from ablations.catalog import AXES, BASELINE
from ablations.config import Engine, Variant
from ablations.config.digest import digest_of_arrays
from ablations.training.seed_group import SeedGroup
from tests.ablations.datasets import random_dataset

DATA = random_dataset()
SMALL = BASELINE.override(
    {"batch_size": 16, "generator.hidden": 24, "discriminator.hidden": 24, "training_images": 300}
)
DROPOUT = SMALL.override({"generator.dropout": 0.2, "discriminator.dropout": 0.2, "conditional": True})
CNN = AXES["architecture"].level("cnn").apply(SMALL).override({"generator.normalization": "batch"})
SPECTRAL = CNN.override(
    {
        "loss.criterion": "hinge",
        "loss.penalty": "gradient_penalty",
        "discriminator.output": "logits",
        "discriminator.weight_norm": "spectral",
        "discriminator.dropout": 0.1,
    }
)
RELATIVISTIC = DROPOUT.override(
    {
        "loss.criterion": "relativistic",
        "discriminator.output": "logits",
        "discriminator.normalization": "batch",
        "update.batch_statistics": "joint",
        **{f"{side}_optimizer.name": "sgd" for side in ("generator", "discriminator")},
    }
)
"""With SGD: Adam scales up the rounding of gradients that a dense BatchNorm makes exactly zero."""


def group(variant: Variant = SMALL, seeds: tuple[int, ...] = (0, 1, 2, 3), engine: Engine | None = None) -> SeedGroup:
    return SeedGroup(variant, seeds, DATA, engine or Engine())


def trained(variant: Variant = SMALL, seeds: tuple[int, ...] = (0, 1, 2, 3), steps: int = 12) -> SeedGroup:
    one = group(variant, seeds)
    one.advance(steps)
    return one


def digest(one: SeedGroup, slot: int) -> str:
    return digest_of_arrays(one.weights(slot))
