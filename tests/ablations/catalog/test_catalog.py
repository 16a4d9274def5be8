"""The catalog against the documents, fact by fact."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from ablations.catalog import AXES, BASELINE, RECIPES, STUDIES
from ablations.catalog.normalization_place import NORMALIZATION_PLACE
from ablations.config import Variant
from ablations.data.shape import MNIST_SHAPE as SHAPE
from ablations.execution.estimate import step_cost
from ablations.parts.networks import build_networks
from reports.analysis.factorial import factors

# Rows of the documents' tables: settings by dotted key.
FACTS: dict[str, dict[str, object]] = {
    "s0": {
        "conditional": True,
        "image_range": "unit",
        "latent.size": 100,
        "latent.distribution": "normal",
        "generator.hidden": [200],
        "discriminator.hidden": [200],
        "generator.activation": "leaky_relu",
        "generator.slope": 0.02,
        "discriminator.slope": 0.02,
        "discriminator.normalization": "layer",
        "loss.criterion": "bce",
        "generator_optimizer.name": "adam",
        "generator_optimizer.learning_rate": 1e-4,
        "discriminator_optimizer.learning_rate": 1e-4,
        "batch_size": 1,
        "update.discriminator": "two_steps",
        "update.generator_latents": "fresh",
        "steps": 240_000,
    },
    "s1-first-attempt": {
        "loss.criterion": "mse",
        "generator.activation": "sigmoid",
        "discriminator.activation": "sigmoid",
        "generator.normalization": "none",
        "generator_optimizer.name": "sgd",
        "discriminator_optimizer.learning_rate": 0.01,
        "latent.size": 1,
        "latent.distribution": "uniform",
        "batch_size": 1,
    },
    "s2": {
        "image_range": "unit",
        "latent.size": 64,
        "generator.hidden": [128, 256, 512, 1024],
        "generator.activation": "relu",
        "generator.normalization": "batch",
        "generator.normalization_first": True,
        "discriminator.hidden": [512, 256, 128],
        "discriminator.slope": 0.2,
        "discriminator.normalization": "none",
        "discriminator.output": "logits",
        "loss.criterion": "bce_logits",
        "loss.generator": "non_saturating",
        "loss.discriminator_reduction": "mean",
        "generator_optimizer.learning_rate": 1e-5,
        "batch_size": 128,
        "update.discriminator": "joint",
    },
    "s3": {
        "image_range": "symmetric",
        "generator.output": "tanh",
        "latent.size": 100,
        "generator.hidden": [256, 256],
        "generator.activation": "relu",
        "discriminator.activation": "leaky_relu",
        "discriminator.slope": 0.01,
        "generator.dropout": 0.1,
        "discriminator.dropout": 0.1,
        "initialization": "xavier",
        "generator_optimizer.learning_rate": 2e-4,
        "batch_size": 200,
        "steps": 30_000,
    },
    "s4": {
        "image_range": "unit",
        "latent.size": 128,
        "generator.hidden": [256],
        "discriminator.hidden": [256],
        "generator.activation": "relu",
        "discriminator.activation": "relu",
        "initialization": "normal",
        "generator_optimizer.learning_rate": 2e-4,
        "batch_size": 100,
        "training_images": 55_000,
        "update.generator_latents": "same",
        "update.per": "batch",
        "steps": 55_000,
    },
    "s4-printed": {"update.per": "epoch", "steps": 100},
}


@pytest.mark.parametrize("name", FACTS)
def test_recipes_are_as_the_documents_say(name: str) -> None:
    settings = RECIPES[name].flat()
    assert {key: settings[key] for key in FACTS[name]} == FACTS[name]


def parameters(variant: Variant) -> tuple[int, int]:
    g, d = (
        sum(int(np.prod(spec.shape)) for spec in network.tensors if not spec.is_buffer)
        for network in build_networks(variant, SHAPE)
    )
    return g, d


@pytest.mark.parametrize(
    ("name", "g", "d"),
    [
        ("s0", 110 * 200 + 200 + 400 + 200 * 784 + 784, 794 * 200 + 200 + 400 + 201),
        ("s1", 100 * 200 + 200 + 400 + 200 * 784 + 784, 784 * 200 + 200 + 400 + 201),
        ("s3", 100 * 256 + 256 + 256 * 257 + 256 * 784 + 784, 784 * 256 + 256 + 256 * 257 + 257),
        ("s4", 128 * 256 + 256 + 256 * 784 + 784, 784 * 256 + 256 + 257),
        ("s1-cnn", 100 * 250 + 250 + 20 + 910 + 20 + 251, 260 + 20 + 910 + 20 + 251),
    ],
)
def test_networks_have_as_many_parameters_as_the_documents_give_them(name: str, g: int, d: int) -> None:
    assert parameters(RECIPES[name]) == (g, d)


SEPARATE = [axis for axis in AXES.values() if axis is not NORMALIZATION_PLACE]
"""The places of BatchNorm are finer levels of the axis of normalisations."""


def test_the_ladder_adds_one_refinement_at_a_time() -> None:
    rungs = STUDIES["ladder"].variants
    for before, after in itertools.pairwise(rungs):
        moved = [axis.name for axis in SEPARATE if axis.level_of(before) != axis.level_of(after)]
        assert len(moved) == 1, (after.name, moved)
    ends = RECIPES["s1-first-attempt"].digest, RECIPES["s1"].digest
    assert (rungs[0].digest, rungs[-1].digest) == ends, "runs of the recipes, whole length and all"
    ladder, recipes = STUDIES["ladder"], STUDIES["recipes"]
    assert (ladder.evaluations, ladder.scored_steps) == (recipes.evaluations, recipes.scored_steps)


def test_every_level_of_every_axis_is_a_variant_of_the_axes_study() -> None:
    digests = {variant.digest for variant in STUDIES["axes"].variants}
    for axis in AXES.values():
        for level in axis.levels:
            assert level.apply(BASELINE).digest in digests, (axis.name, level.name)


def test_one_factor_at_a_time_means_one_axis() -> None:
    for study in ("quick", "axes"):
        for variant in STUDIES[study].variants[1:]:
            # An optimizer's level states rates of its own, which are no level of the axis of rates.
            levels = {axis.name: (axis.level_of(variant), axis.level_of(BASELINE)) for axis in SEPARATE}
            moved = [name for name, (level, base) in levels.items() if level not in (None, base)]
            place = NORMALIZATION_PLACE.level_of(variant)
            assert len(moved) == 1 or (not moved and place is not None), (variant.name, moved)
            assert moved in ([], ["normalization"]) or place == NORMALIZATION_PLACE.level_of(BASELINE), variant.name


def test_the_places_of_batch_norm_keep_all_else_and_share_their_runs_with_the_normalizations() -> None:
    study, others = STUDIES["normalization-places"], STUDIES["normalization"]
    assert len(study.variants) == 2 * len(NORMALIZATION_PLACE.levels)
    for contrast in study.contrasts:
        one, other = study.variant(contrast.treatment).flat(), study.variant(contrast.reference).flat()
        changed = {key for key in one if one[key] != other[key]} - {"name"}
        assert changed <= {*NORMALIZATION_PLACE.levels[0].overrides}, contrast.question
    for architecture in ("mlp", "cnn"):
        for place, norm in (("no-batch-norm", "layer-norm"), ("batch-norm-in-both", "batch-norm")):
            ours, theirs = study.variant(f"{architecture}-{place}"), others.variant(f"{architecture}-{norm}-batch-64")
            assert ours.digest == theirs.digest


def test_the_crossed_study_crosses_the_four_refinements_and_holds_the_baseline() -> None:
    study = STUDIES["crossed"]
    assert {factor.name for factor in factors(study)} == {"loss", "activation", "normalization", "optimizer"}
    assert len(study.variants) == 16
    assert study.variants[-1].digest == BASELINE.digest
    for contrast in study.contrasts:
        one, other = study.variant(contrast.treatment).flat(), study.variant(contrast.reference).flat()
        changed = {key for key in one if one[key] != other[key]} - {"name"}
        asked = {key for level in AXES[contrast.axis].levels for key in level.overrides}
        assert changed <= asked, contrast.question


def test_quick_asks_about_its_six_axes() -> None:
    asked = {contrast.axis for contrast in STUDIES["quick"].contrasts}
    assert asked == {"loss", "activation", "normalization", "optimizer", "conditioning", "architecture"}
    assert STUDIES["quick"].seeds == 10


def test_the_cost_of_s3_is_the_one_that_was_counted_by_hand() -> None:
    assert step_cost(RECIPES["s3"]).flops == pytest.approx(1.149e9, rel=1e-3)
    assert step_cost(RECIPES["s3"].override({"update.detach": False})).flops > 1.2 * step_cost(RECIPES["s3"]).flops


def test_cost_grows_with_what_it_should() -> None:
    base = step_cost(BASELINE)
    assert step_cost(BASELINE.override({"batch_size": 128})).flops == pytest.approx(2 * base.flops)
    assert step_cost(BASELINE.override({"batch_size": 128})).parameter_bytes == base.parameter_bytes
    assert step_cost(BASELINE.override({"update.generator_latents": "same"})).flops < base.flops
    assert step_cost(BASELINE.override({"update.discriminator_steps": 2})).flops == pytest.approx(
        1.494 * base.flops, rel=1e-3
    )
    cnn = step_cost(AXES["architecture"].level("cnn").apply(BASELINE))
    assert cnn.convolution_flops > 0
