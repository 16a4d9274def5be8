"""Configuration: nothing misspelt, nothing impossible, one identity for one meaning."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import functools
import json
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablations.catalog import RECIPES, STUDIES
from ablations.config import Contrast, Engine, Run, Study, Variant
from ablations.config.errors import ConfigError

BASE = Variant(name="base", batch_size=8)


@pytest.mark.parametrize("variant", [v for s in STUDIES.values() for v in s.variants], ids=lambda v: v.name)
def test_every_variant_survives_the_way_through_json(variant: Variant) -> None:
    again = Variant.from_dict(json.loads(json.dumps(variant.as_dict())))
    assert again == variant
    assert again.digest == variant.digest


@pytest.mark.parametrize("study", STUDIES.values(), ids=lambda s: s.name)
def test_every_study_survives_the_way_through_json(study: Study) -> None:
    assert Study.from_dict(json.loads(json.dumps(study.as_dict()))) == study


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"loss.criterio": "mse"}, "did you mean 'loss.criterion'"),
        ({"los": 1}, "unknown setting 'los'"),
        ({"loss.criterion": "msee"}, "did you mean 'mse'"),
        ({"batch_size": "many"}, "batch_size must be a whole number, not 'many'"),
        ({"batch_size": 1.5}, "batch_size must be a whole number"),
        ({"batch_size": 0}, "batch_size must be positive and finite, not 0"),
        ({"conditional": "perhaps"}, "conditional must be true or false"),
        ({"generator.hidden": "200,x"}, r"hidden\[1\] must be a whole number"),
        ({"generator.dropout": 1.0}, r"generator.dropout must be in \[0, 1\)"),
        ({"generator_optimizer.learning_rate": float("nan")}, "learning_rate must be positive and finite, not nan"),
        ({"generator_optimizer.learning_rate": float("inf")}, "learning_rate must be positive and finite"),
        ({"discriminator.slope": 2}, "slope must be in"),
        # Impossible combinations, each with its reason.
        (
            {"batch_size": 1, "generator.normalization": "batch"},
            "needs a batch of at least 2.*every unit becomes a con",
        ),
        ({"discriminator.output": "logits"}, "binary cross-entropy takes a probability.*bce_logits"),
        ({"loss.criterion": "bce_logits"}, "applies the Sigmoid itself"),
        ({"loss.criterion": "mse", "discriminator.output": "logits"}, "targets 0 and 1 are probabilities"),
        ({"discriminator.output": "tanh"}, "needs discriminator.output=sigmoid"),
        ({"image_range": "symmetric"}, "image_range=symmetric needs generator.output=tanh"),
        ({"generator.output": "tanh"}, "image_range=unit needs generator.output=sigmoid"),
        ({"generator.architecture": "cnn"}, "kernels has 0 sizes"),
        ({"generator.kernels": "5"}, "kernels has 1 sizes, but architecture=mlp"),
        ({"generator.architecture": "cnn", "generator.hidden": ""}, "hidden is empty, but architecture=cnn"),
        ({"loss.criterion": "hinge"}, "loss.criterion=hinge needs discriminator.output=logits, not sigmoid"),
        ({"loss.penalty": "r2"}, "unknown penalty in loss.penalty: 'r2'; did you mean 'r1'"),
        ({"loss.penalty_weight": -1}, "penalty_weight must be at least 0 and finite, not -1"),
        ({"discriminator.weight_norm": "spectrl"}, "weight_norm in discriminator.weight_norm.*did you mean 'spectral'"),
        ({"generator_optimizer.name": "adamm"}, "optimizer in generator_optimizer.name.*did you mean 'adam'"),
        ({"loss.penalty": "r1", "update.discriminator": "two_steps"}, "one D step on real and fake images"),
        ({"loss.penalty": "r1", "discriminator.normalization": "batch"}, "lets the other images of a batch into it"),
        (
            {
                "loss.criterion": "relativistic",
                "discriminator.output": "logits",
                "update.discriminator": "two_steps",
            },
            "compares D's outputs on real and on fake images",
        ),
        ({"update.batch_statistics": "joint", "update.discriminator": "two_steps"}, "real and fake images in one pass"),
        ({"update.generator_latents": "same", "update.detach": False}, "shares one forward pass"),
    ],
)
def test_bad_settings_are_refused_with_the_reason(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        BASE.override(overrides)


def test_overrides_are_validated_together() -> None:
    """Neither of the two is possible without the other."""
    both = BASE.override({"loss.criterion": "bce_logits", "discriminator.output": "logits"})
    assert both.loss.criterion == "bce_logits"


def test_text_and_values_mean_the_same() -> None:
    typed = BASE.override({"batch_size": 64, "generator.hidden": (128, 256), "conditional": True, "latent.size": 10})
    text = {"batch_size": "64", "generator.hidden": "128,256", "conditional": "true", "latent.size": "1e1"}
    assert BASE.override(text) == typed


def test_labels_do_not_change_the_digest_and_everything_else_does() -> None:
    assert dataclasses.replace(BASE, name="other", recipe="x").digest == BASE.digest
    changes: dict[str, Any] = {
        "steps": 7,
        "batch_size": 9,
        "conditional": True,
        "latent.size": 3,
        "latent.distribution": "uniform",
        "generator.hidden": (5,),
        "discriminator.slope": 0.3,
        "loss.generator": "saturating",
        "generator_optimizer.beta2": 0.9,
        "update.discriminator_steps": 2,
        "update.detach": False,
        "initialization": "normal",
        "training_images": 5,
    }
    digests = {BASE.override({key: value}).digest for key, value in changes.items()}
    assert len(digests | {BASE.digest}) == len(changes) + 1


def another(value: Any) -> Any:
    if isinstance(value, bool | str):
        return not value if isinstance(value, bool) else f"{value} too"
    return (*value, 7) if isinstance(value, list | tuple) else value + 1


@pytest.mark.parametrize("key", [key for key in BASE.flat() if key not in ("name", "recipe")])
def test_no_setting_is_left_out_of_the_digest(key: str) -> None:
    """Whether or not the value is one that a variant may have."""
    changed = copy.deepcopy(BASE)
    changed.__dict__.pop("digest", None)
    *sections, field = key.split(".")
    owner = functools.reduce(getattr, sections, changed)
    object.__setattr__(owner, field, another(getattr(owner, field)))
    assert changed.digest != BASE.digest


def test_equal_meaning_has_equal_digest_whatever_the_type_it_was_written_in() -> None:
    listed: Any = [200]
    loose = dataclasses.replace(BASE, generator=dataclasses.replace(BASE.generator, hidden=listed))
    assert loose == BASE
    assert loose.digest == BASE.digest
    whole = {"generator_optimizer.learning_rate": 1}
    assert BASE.override(whole).digest == BASE.override({"generator_optimizer.learning_rate": 1.0}).digest


RUN = Run(
    variant=BASE,
    seed=0,
    width=5,
    slot=0,
    dataset="mnist",
    data_digest="d",
    engine=Engine(),
    numerics=1,
)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"width": 4},
        {"slot": 1},
        {"data_digest": "x"},
        {"split": "validation"},
        {"numerics": 2},
        {"engine": Engine(threads=2)},
        {"engine": Engine(device="cuda")},
        {"engine": Engine(precision="bfloat16")},
        {"engine": Engine(matmul="onednn")},
        {"engine": Engine(isa="avx2")},
        {"variant": BASE.override({"steps": 3})},
    ],
    ids=str,
)
def test_whatever_changes_bits_changes_the_key(change: dict[str, Any]) -> None:
    assert dataclasses.replace(RUN, **change).key != RUN.key


def test_the_key_of_a_run_is_fixed_over_processes() -> None:
    code = "from tests.ablations.config.test_config import RUN; print(RUN.key)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == RUN.key


def test_studies_refuse_what_does_not_fit() -> None:
    contrast = Contrast(axis="a", question="q", treatment="bas", reference="base")
    with pytest.raises(ConfigError, match="did you mean 'base'"):
        Study(name="s", title="", description="", variants=(BASE,), contrasts=(contrast,))
    with pytest.raises(ConfigError, match="more than one variant named 'base'"):
        Study(name="s", title="", description="", variants=(BASE, BASE))
    with pytest.raises(ConfigError, match="no variants"):
        Study(name="s", title="", description="", variants=())
    with pytest.raises(ConfigError, match="names have"):
        Variant(name="it's")
    with pytest.raises(ConfigError, match="seeds must be at least 1"):
        Study(name="s", title="", description="", variants=(BASE,), seeds=0)
    for looks, said in (((3,), "3"), ((10, 5), "10, 5"), ((5, 5), "5, 5")):
        with pytest.raises(ConfigError, match=f"looks at {said} seeds"):
            Study(name="s", title="", description="", variants=(BASE,), looks=looks)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(sorted(BASE.flat()))


@given(st.dictionaries(KEYS, JSON, max_size=4))
def test_no_override_gives_anything_but_a_variant_or_a_reason(overrides: dict[str, Any]) -> None:
    with contextlib.suppress(ConfigError):
        variant = BASE.override(overrides)
        assert Variant.from_dict(variant.as_dict()) == variant


@given(st.dictionaries(st.text(max_size=8) | st.sampled_from(["name", "steps", "generator"]), JSON, max_size=4))
def test_no_tree_gives_anything_but_a_variant_or_a_reason(tree: dict[str, Any]) -> None:
    with contextlib.suppress(ConfigError):
        Variant.from_dict(tree)


def test_no_two_recipes_are_the_same() -> None:
    assert len({recipe.digest for recipe in RECIPES.values()}) == len(RECIPES)


def test_the_main_reference_of_thousands_of_variants_is_found_at_once() -> None:
    count = 3_000
    names = [f"v{number}" for number in range(count)]
    first = Variant(name="v0")
    variants = tuple(dataclasses.replace(first, name=name) for name in names[:3])
    contrasts = [Contrast(axis="a", question="q", treatment="v1", reference="v0")] * count
    other = [Contrast(axis="a", question="q", treatment="v0", reference="v2")] * (count + 1)
    study = Study(name="s", title="t", description="d", variants=variants, contrasts=(*contrasts, *other))
    started = time.process_time()
    assert {study.seeds_of("v2") for _ in range(count)} == {5}
    assert study.main_reference == "v2"
    assert time.process_time() - started < 2, "it was counted anew for every variant: minutes"
