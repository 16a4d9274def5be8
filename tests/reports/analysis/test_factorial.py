import dataclasses
import math

import numpy as np
import pytest

from reports.analysis.decision_rules import Rules
from reports.analysis.factorial import effects, factors
from reports.analysis.verdicts import Scores
from tests.reports.analysis.crossed import OPTIMIZERS, crossed, scores
from tests.reports.factories import quick_study

RULES = Rules()


def test_settings_that_change_together_are_one_factor() -> None:
    found = factors(crossed())
    assert [factor.name for factor in found] == ["conditioning", "activation", "optimizer name"]
    assert found[1].levels == ("LeakyReLU(0.02)", "Sigmoid", "ReLU")
    assert found[2].levels == OPTIMIZERS  # no level of the catalog: its SGD has a rate of its own
    assert found[1].settings == ("generator.activation", "discriminator.activation")


def test_a_factor_that_changes_more_than_an_axis_is_named_by_its_settings() -> None:
    study = crossed()
    sizes = {"leaky_relu": 16, "sigmoid": 32, "relu": 64}
    changed = tuple(
        variant.override({"batch_size": sizes[variant.generator.activation]}, name=variant.name)
        for variant in study.variants
    )
    names = [factor.name for factor in factors(dataclasses.replace(study, variants=changed))]
    assert sorted(names) == ["activation, batch size", "conditioning", "optimizer name"]


def test_one_factor_at_a_time_is_no_crossing() -> None:
    assert factors(quick_study()) == ()
    assert effects(quick_study(), {}) == ()


def test_planted_main_effects_and_interactions_are_found_and_no_others() -> None:
    found = effects(crossed(), scores(np.random.default_rng(1)), RULES)
    shown = {(item.factors, item.levels): item.mean for item in found if item.shown}
    sgd, sigmoid = ("sgd", "adam"), ("Sigmoid", "LeakyReLU(0.02)")
    assert shown == {
        (("optimizer name",), (sgd,)): pytest.approx(50, abs=1.5),
        (("activation",), (sigmoid,)): pytest.approx(15, abs=1.5),
        (("activation", "optimizer name"), (sigmoid, sgd)): pytest.approx(30, abs=2.5),
    }
    # 1 + 2 + 1 main effects, 2 + 1 + 2 interactions.
    assert len(found) == 9


def test_without_effects_hardly_any_study_shows_one() -> None:
    random = np.random.default_rng(2)
    false = [any(e.shown for e in effects(crossed(), scores(random, planted=False), RULES)) for _ in range(60)]
    assert np.mean(false) <= 0.15


def test_an_effect_needs_both_kinds_of_features() -> None:
    one = scores(np.random.default_rng(1))
    both, alone = (effects(crossed(), one, RULES, scores(np.random.default_rng(4), planted=p)) for p in (True, False))
    assert sum(item.shown for item in both) == 3
    assert not any(item.shown for item in alone)


def scaled(table: Scores, by: float) -> Scores:
    """Every score's difference from 200, so many times."""
    return {name: {s: 200 + by * (value - 200) for s, value in own.items()} for name, own in table.items()}


def test_an_effect_needs_both_kinds_of_features_to_point_in_one_direction() -> None:
    one = scores(np.random.default_rng(1))
    assert sum(item.shown for item in effects(crossed(), one, RULES, scaled(one, 1))) == 3
    assert not any(item.shown for item in effects(crossed(), one, RULES, scaled(one, -1)))


@pytest.mark.parametrize("by", [0.1, 10.0])
def test_the_noise_floor_bounds_the_first_score_alone(by: float) -> None:
    """Of effects of 50, 30 and 15; by the second kind of features all are below it, or none is."""
    one = scores(np.random.default_rng(1))
    found = effects(crossed(), one, Rules(noise_floor=20.0), scaled(one, by))
    assert sorted(item.mean for item in found if item.shown) == pytest.approx([30, 50], abs=2.5)


def test_a_seed_that_lacks_a_cell_is_left_out_and_counted() -> None:
    table = {name: dict(by_seed) for name, by_seed in scores(np.random.default_rng(3)).items()}
    table["relu-sgd-True"][2] = math.inf
    del table["sigmoid-adam-False"][5]
    found = effects(crossed(), table, RULES)
    assert found[0].seeds == (0, 1, 3, 4, 6, 7)
    assert found[0].left_out == 2


def test_nothing_scored_shows_nothing() -> None:
    assert not any(item.shown for item in effects(crossed(), {}, RULES))
