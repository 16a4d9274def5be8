"""Tuned against tuned: equal budgets, nothing tuned that is compared, and rankings that flip are seen."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ablations.catalog import AXES, BASELINE
from ablations.config import Contrast
from ablations.config.errors import ConfigError
from ablations.search.generations import Found
from ablations.search.settings import Settings
from ablations.search.trial import Outcome, Score
from ablations.search.trial_storage import Trial
from ablations.search.tuning import rankings, sides, tuned_study, tuning_searches
from ablations.search.tuning_page import summary
from reports.analysis.verdicts import compare


def searches(axis: str, **options: Any) -> tuple[Settings, ...]:
    chosen: dict[str, Any] = {"narrowed": {}, "fixed": {}, "trials": 4, **options}
    return tuning_searches(AXES[axis], BASELINE, **chosen)


@pytest.mark.parametrize("axis", [axis for axis in AXES if axis != "rates"])
def test_every_level_has_the_same_budget_and_keeps_what_it_is(axis: str) -> None:
    found = searches(axis)
    assert len(found) >= 2
    budgets = {(s.trials, s.seeds, s.steps, s.evaluation_steps, s.parallel, s.seed) for s in found}
    assert len(budgets) == 1
    for side, settings in zip(sides(AXES[axis], BASELINE), found, strict=True):
        assert not set(side.held) & set(settings.space.keys)
        values = settings.space.walk(lambda item: item.domain.points(2)[-1])
        tuned = settings.space.settle(values, "tuned").flat()
        own = side.variant.flat()
        assert {key: tuned[key] for key in side.held} == {key: own[key] for key in side.held}


def test_levels_that_tuning_makes_one_are_tuned_once() -> None:
    assert [side.level.name for side in sides(AXES["optimizer"], BASELINE)] == ["adam-1e-3", "sgd"]


def test_what_is_compared_can_be_neither_searched_nor_fixed() -> None:
    with pytest.raises(ConfigError, match="is what the axis"):
        searches("latent-size", narrowed={"latent.size": "5:6"})
    with pytest.raises(ConfigError, match="is what the axis"):
        searches("dropout", fixed={"generator.dropout": "0.2"})


def test_a_hyperparameter_that_only_some_levels_have_is_searched_there() -> None:
    momentum = {"generator_optimizer.momentum": "0.5:0.9"}
    adam, sgd = searches("optimizer", narrowed=momentum)
    assert "generator_optimizer.momentum" not in adam.space.keys
    assert sgd.space.as_dict()["generator_optimizer.momentum"] == "0.5:0.9"
    with pytest.raises(ConfigError, match="did you mean"):
        searches("optimizer", narrowed={"generator_optimizer.momentm": "0:0.5"})


def found(settings: Settings, value: float | None) -> Found:
    own = settings.space.own_values() or {}
    scores = () if value is None else (Score(step=settings.steps, mean=value, seeds=(value,)),)
    outcome = Outcome(state="finished" if scores else "diverged", scores=scores)
    return Found(settings=settings, metric="frechet_216", trials=(Trial(number=0, values=own, outcome=outcome),))


def test_the_comparison_asks_default_against_default_and_tuned_against_tuned() -> None:
    study = tuned_study(AXES["normalization"], BASELINE, [found(s, 1.0) for s in searches("normalization")], seeds=3)
    assert len(study.variants) == 6
    pairs = {(item.treatment, item.reference) for item in study.contrasts}
    assert pairs == {
        ("no-norm", "layer-norm"),
        ("batch-norm", "layer-norm"),
        ("no-norm tuned", "layer-norm tuned"),
        ("batch-norm tuned", "layer-norm tuned"),
    }


def test_an_axis_of_nothing_but_rates_is_refused_since_tuning_is_free_to_choose_them() -> None:
    with pytest.raises(ConfigError, match="'rates' differ in nothing"):
        searches("rates")


@pytest.mark.parametrize("lost", [0, 1])
def test_a_level_whose_trials_all_failed_has_no_tuned_side(lost: int) -> None:
    founds = [found(s, None if index == lost else 1.0) for index, s in enumerate(searches("conditioning"))]
    study = tuned_study(AXES["conditioning"], BASELINE, founds, seeds=3)
    assert len(study.variants) == 3
    assert len(study.contrasts) == 1


@pytest.mark.parametrize(
    ("default", "tuned", "flips"),
    [(-5.0, -4.0, "no"), (-5.0, 4.0, "yes"), (0.01, -0.01, "perhaps"), (-5.0, math.inf, "unknown")],
)
def test_rankings_that_flip_are_seen(default: float, tuned: float, flips: str) -> None:
    seeds = range(8)
    scores = {name: {seed: 100.0 + seed for seed in seeds} for name in ("a", "a tuned")}
    noise = [0.1, -0.1] * 4
    for name, effect in (("b", default), ("b tuned", tuned)):
        scores[name] = {seed: 100.0 + seed + effect + noise[seed] for seed in seeds}
    contrasts = [
        Contrast(axis=f"x, {kind} settings", question="?", treatment=f"b{end}", reference=f"a{end}")
        for kind, end in (("default", ""), ("tuned", " tuned"))
    ]
    (ranking,) = rankings(compare(scores, contrasts))
    assert ranking.flips == flips


def test_the_tuned_settings_can_be_compared_alone() -> None:
    founds = [found(s, 1.0) for s in searches("conditioning")]
    study = tuned_study(AXES["conditioning"], BASELINE, founds, seeds=3, with_defaults=False)
    assert [variant.name for variant in study.variants] == ["unconditional tuned", "conditional tuned"]
    assert [(item.treatment, item.reference) for item in study.contrasts] == [
        ("conditional tuned", "unconditional tuned")
    ]
    assert "default" not in study.description
    assert rankings(()) == ()
    assert summary(()) == "Tuned settings alone were compared."
