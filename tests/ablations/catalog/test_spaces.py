"""Spaces: what is searched, under which conditions, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ablations.catalog import BASELINE, RECIPES
from ablations.catalog.domains import Choice, Range, Value
from ablations.catalog.hyperparameters import HYPERPARAMETERS, Hyperparameter
from ablations.catalog.spaces import make_space
from ablations.config import Variant
from ablations.config.errors import ConfigError

BOTH = {"generator_optimizer.name": "adam,sgd"}


def lowest(item: Hyperparameter) -> Value:
    return item.domain.points(2)[0]


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_has_a_space_whose_ends_are_valid_variants(name: str) -> None:
    space = make_space(RECIPES[name])
    assert {f"{side}_optimizer.learning_rate" for side in ("generator", "discriminator")} <= set(space.keys)
    for end in (0, -1):
        values = space.walk(lambda item, end=end: item.domain.points(2)[end])  # type: ignore[misc]
        assert isinstance(space.settle(values, "end"), Variant)


def test_rows_with_one_key_never_exist_together() -> None:
    for key in {item.key for item in HYPERPARAMETERS}:
        conditions = [dict(item.when) for item in HYPERPARAMETERS if item.key == key]
        shared = [set(one.items()) & set(other.items()) for one in conditions for other in conditions if one != other]
        assert not any(shared), key


def test_an_optimizer_brings_its_own_hyperparameters() -> None:
    space = make_space(BASELINE, narrowed=BOTH)
    ranges = {}
    for choice in ("adam", "sgd"):
        seen: dict[str, Hyperparameter] = {}

        def choose(item: Hyperparameter, choice: str = choice, seen: dict[str, Hyperparameter] = seen) -> Value:
            seen[item.key] = item
            return choice if item.key == "generator_optimizer.name" else lowest(item)

        values = space.walk(choose)
        assert ("generator_optimizer.momentum" in values) == (choice == "sgd")
        assert ("generator_optimizer.beta1" in values) == (choice == "adam")
        assert space.settle(values, "one").generator_optimizer.name == choice
        ranges[choice] = seen["generator_optimizer.learning_rate"].domain
    assert ranges["adam"] != ranges["sgd"]


def test_common_hyperparameters_are_those_of_every_trial() -> None:
    assert make_space(BASELINE).common_keys == make_space(BASELINE).keys
    common = make_space(BASELINE, narrowed=BOTH).common_keys
    assert {"generator_optimizer.name", "generator_optimizer.learning_rate", "batch_size"} <= set(common)
    assert not {"generator_optimizer.momentum", "generator_optimizer.beta1"} & set(common)


def test_an_architecture_has_its_own_widths() -> None:
    widths = {name: make_space(RECIPES[name]).as_dict()["generator.hidden"] for name in ("s1", "s1-cnn")}
    assert widths["s1"] != widths["s1-cnn"]


def test_a_width_is_that_of_the_widest_layer_and_the_others_keep_their_share() -> None:
    space = make_space(RECIPES["s2"])
    assert max(RECIPES["s2"].generator.hidden) == 1024
    assert space.settle({"generator.hidden": 512}, "half").generator.hidden == (64, 128, 256, 512)


def test_the_baseline_lies_in_its_space_and_a_narrow_space_leaves_it_out() -> None:
    own = make_space(BASELINE).own_values()
    assert own is not None
    assert own["batch_size"] == BASELINE.batch_size
    assert make_space(BASELINE).settle(own, BASELINE.name) == BASELINE
    assert make_space(BASELINE, narrowed={"batch_size": "65:128"}).own_values() is None


def test_what_is_fixed_is_held_and_not_searched() -> None:
    space = make_space(BASELINE, fixed={"batch_size": "32", "loss.criterion": "mse"})
    assert "batch_size" not in space.keys
    variant = space.settle(space.walk(lowest), "held")
    assert (variant.batch_size, variant.loss.criterion) == (32, "mse")


def test_a_grid_has_each_combination_once_and_only_those_that_exist() -> None:
    narrowed = {**BOTH, "generator_optimizer.momentum": "0.5,0.9", "latent.size": "10:100"}
    fixed = {key: None for key in make_space(BASELINE, narrowed=narrowed).keys if key not in narrowed}
    settings = BASELINE.flat()
    space = make_space(BASELINE, narrowed=narrowed, fixed={key: settings[key] for key in fixed})
    grid = space.grid(3)
    assert len(grid) == len({tuple(sorted(point.items())) for point in grid}) == 3 + 2 * 3
    assert {point.get("generator_optimizer.momentum") for point in grid} == {None, 0.5, 0.9}


def test_points_of_a_range_are_equally_spaced_on_its_scale() -> None:
    points = [float(point) for point in Range(low=1e-4, high=1e-2, log=True).points(3)]
    assert points == pytest.approx([1e-4, 1e-3, 1e-2])
    assert Range(low=1, high=3, whole=True).points(9) == (1, 2, 3)
    assert math.isclose(float(Range(low=0.0, high=1.0).points(1)[0]), 0.5)
    assert Choice(values=(5, 6)).points(1) == (5, 6)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"narrowed": {"generator_optimizer.learning_rat": "1:2"}}, "did you mean 'generator_optimizer.learning_rate'"),
        ({"narrowed": {"batch_size": "4:2"}}, "is empty"),
        ({"narrowed": {"batch_size": "2.1:2.9"}}, "is empty"),
        ({"narrowed": {"batch_size": ","}}, "is empty"),
        ({"narrowed": {"batch_size": "16,2.5"}}, "whole numbers"),
        ({"narrowed": {"latent.size": "a:b"}}, "not a number"),
        ({"narrowed": {"latent.size": "0:10"}}, "logarithmic"),
        ({"narrowed": {"generator.dropout": "0:1"}}, r"dropout must be in \[0, 1\)"),
        ({"narrowed": {"generator_optimizer.momentum": "0:0.5"}}, "it needs generator_optimizer.name=sgd"),
        ({"narrowed": {"generator_optimizer.name": "adm"}}, "did you mean 'adam'"),
        ({"narrowed": {"generator_optimizer.name": "1:2"}}, "is a choice"),
        ({"narrowed": {"batch_size": "1:2"}, "fixed": {"batch_size": 3}}, "both fixed"),
        ({"fixed": {"latent.sze": 3}}, "did you mean 'latent.size'"),
        ({"fixed": {"name": "other"}}, "label"),
    ],
)
def test_mistakes_are_refused_with_the_reason(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        make_space(BASELINE, **wrong)


def test_a_grid_too_large_is_refused() -> None:
    with pytest.raises(ConfigError, match="more than 10,000 trials"):
        make_space(BASELINE).grid(3)
