"""Open registries: every built-in part is what it says, and a part of one's own takes one file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from ablations.catalog import BASELINE
from ablations.config import Engine, Variant
from ablations.config.errors import ConfigError
from ablations.config.parts import KINDS, LOSSES, OPTIMIZERS, register
from ablations.data import load_dataset
from ablations.execution.estimate import step_cost
from ablations.training.seed_group import SeedGroup
from tests.ablations import own_parts
from tests.ablations.datasets import random_dataset

SMALL = BASELINE.override({"batch_size": 10, "generator.hidden": 16, "discriminator.hidden": 16, "training_images": 60})

OWN: Mapping[str, Mapping[str, Any]] = {
    "loss": {"loss.criterion": "quartic"},
    "axis level": own_parts.AXIS.levels[0].overrides,
    "penalty": {"loss.penalty": "far_from_zero"},
    "activation": {"generator.activation": "logistic", "discriminator.activation": "logistic"},
    "optimizer": {"generator_optimizer.name": "small_steps", "discriminator_optimizer.name": "small_steps"},
    "initialization": {"initialization": "small"},
    "network": {"generator.architecture": "sine", "discriminator.architecture": "sine"},
}


def trained(variant: Variant, data: str | None = None) -> dict[str, Any]:
    dataset = load_dataset(data) if data else random_dataset(train=60)
    group = SeedGroup(variant, (0, 1), dataset, Engine())
    before = group.weights(1)
    group.advance(8)
    assert np.isfinite(group.take_curves()).all()
    assert group.sample(1, 5).shape == (5, *dataset.shape.image)
    after = group.weights(1)
    assert any((before[key] != after[key]).any() for key in after)
    return after


@pytest.mark.parametrize("kind", KINDS)
def test_every_builtin_part_has_a_builder_and_settings_that_exist(kind: str) -> None:
    settings = {key.rpartition(".")[2] for key in BASELINE.flat()}
    for name in KINDS[kind]:
        part = KINDS[kind][name]
        assert set(part.settings) <= settings
        assert part.load() is not None or name == "none"


@pytest.mark.parametrize("what", OWN)
def test_a_part_of_ones_own_takes_one_file_and_is_trained_by_its_name(what: str) -> None:
    with pytest.raises(ConfigError, match="unknown"):
        SMALL.override(OWN[what])
    own_parts.enter()
    variant = SMALL.override(OWN[what])
    assert Variant.from_dict(variant.as_dict()) == variant
    assert step_cost(variant).flops > 0
    theirs, ours = trained(SMALL), trained(variant)
    assert any(key not in theirs or not np.array_equal(ours[key], theirs[key]) for key in ours)


@pytest.mark.parametrize("conditional", [False, True])
def test_a_dataset_of_ones_own_takes_one_file_whatever_its_shape(conditional: bool) -> None:
    own_parts.enter()
    weights = trained(SMALL.override({"conditional": conditional}), "stripes")
    assert weights["generator.output.weight"].shape == (3 * 12 * 12, 16)
    assert weights["discriminator.hidden.0.weight"].shape == (16, 3 * 12 * 12 + 2 * conditional)


def test_data_without_labels_train_an_unconditional_gan_alone() -> None:
    data = random_dataset(train=60, image=(1, 9, 14))
    bare = type(data)(
        name="bare",
        train_images=data.train_images,
        train_labels=None,
        test_images=data.test_images,
        test_labels=None,
    )
    group = SeedGroup(SMALL, (0,), bare, Engine())
    group.advance(3)
    assert group.sample(0, 4).shape == (4, 1, 9, 14)
    assert group.discriminate(0, group.sample(0, 4), None).shape == (4,)
    with pytest.raises(ConfigError, match=r"'baseline' on bare: conditional=true needs labels"):
        SeedGroup(SMALL.override({"conditional": True}), (0,), bare, Engine())


def test_a_cnn_refuses_images_that_are_not_square() -> None:
    cnn = {"discriminator.architecture": "cnn", "discriminator.hidden": "4", "discriminator.kernels": "3"}
    with pytest.raises(ConfigError, match="needs square images, and these are 9x14"):
        SeedGroup(SMALL.override(cnn), (0,), random_dataset(train=60, image=(1, 9, 14)), Engine())


@pytest.mark.parametrize(
    ("arguments", "facts", "message"),
    [
        (("los", "mine", None), {}, "unknown kind of part 'los'; did you mean 'loss'"),
        (("loss", "bce", None), {"outputs": ("logits",)}, "the loss 'bce' is built in; take another name"),
        (("loss", "mine", None), {}, "the loss 'mine' lacks the fact 'outputs'"),
        (("loss", "mine", None), {"output": "logits"}, "did you mean 'outputs'"),
        (("optimizer", "mine!", None), {"transfers": 1}, "'mine!' is no name for a part"),
    ],
)
def test_a_part_that_is_badly_entered_is_refused(
    arguments: tuple[str, str, Any], facts: dict[str, Any], message: str
) -> None:
    before = len(LOSSES), len(OPTIMIZERS)
    with pytest.raises(ConfigError, match=message):
        register(*arguments, **facts)
    assert (len(LOSSES), len(OPTIMIZERS)) == before
