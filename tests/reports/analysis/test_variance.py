"""The parts of the variance: planted ones come out again, and the names are those that the runs have."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from ablations.scoring.metrics.repeats import PARTS, SETS, name_of
from reports.analysis.distributions import Array
from reports.analysis.variance import NAME, SOURCES, by_variant, components

TERMS = ("seed", "samples", "real", "seed_by_real", "rest")
PLANTED = {"seed": 4.0, "samples": 1.0, "real": 2.0, "seed_by_real": 0.8, "rest": 0.5}


def scores(random: np.random.Generator, seeds: int, variances: Mapping[str, float] = PLANTED) -> Array:
    """Repeated scores of one variant, (seeds, SETS, PARTS), whose terms have these variances."""
    shapes = {
        "seed": (seeds, 1, 1),
        "samples": (seeds, SETS, 1),
        "real": (1, 1, PARTS),
        "seed_by_real": (seeds, 1, PARTS),
        "rest": (seeds, SETS, PARTS),
    }
    table = np.full((seeds, SETS, PARTS), 50.0)
    for name, shape in shapes.items():
        table += math.sqrt(variances.get(name, 0.0)) * random.normal(size=shape)
    return table


def runs(table: Array, variant: str = "a") -> pd.DataFrame:
    """A frame of runs with the columns that runs have."""
    seeds, sets, parts = table.shape
    columns = {name_of(j, k): table[:, j, k] for j in range(sets) for k in range(parts)}
    return pd.DataFrame({"variant": [variant] * seeds, "seed": range(seeds), "status": "finished"} | columns)


def test_planted_variances_are_found() -> None:
    random = np.random.default_rng(1)
    found = [components(scores(random, 20)) for _ in range(3_000)]
    for name in TERMS:
        assert np.mean([getattr(item, name) for item in found]) == pytest.approx(PLANTED[name], rel=0.04), name


@pytest.mark.parametrize("absent", ["seed", "samples", "real", "seed_by_real"])
def test_a_source_that_is_not_there_is_hardly_found(absent: str) -> None:
    """Estimates are cut at 0, so their mean is a little above it."""
    random = np.random.default_rng(2)
    found = [components(scores(random, 20, PLANTED | {absent: 0.0})) for _ in range(500)]
    estimates = np.array([getattr(item, absent) for item in found])
    assert np.median(estimates) < 0.1
    assert estimates.mean() < 0.05 * sum(PLANTED.values())
    assert (estimates >= 0).all()


def test_the_interval_of_the_training_seed_covers_what_was_planted() -> None:
    """Where the training seed dominates, as it does with GANs, and where it is half of what scatters."""
    random = np.random.default_rng(3)
    for planted in ({"seed": 4.0, "samples": 0.05, "rest": 0.01}, {"seed": 1.0, "samples": 1.0, "rest": 0.5}):
        inside = 0
        for _ in range(1_000):
            bounds = components(scores(random, 10, planted)).seed_interval
            inside += bounds.low <= planted["seed"] <= bounds.high
        assert 0.92 < inside / 1_000 < 0.985


def test_of_one_score_the_parts_are_averaged_out() -> None:
    """Against made-up scores: one set of samples against all parts together, of real images drawn anew."""
    random = np.random.default_rng(4)
    drawn = np.array([scores(random, 1)[0, 0].mean() for _ in range(40_000)])
    found = [sum(components(scores(random, 20)).of_score().values()) for _ in range(2_000)]
    assert np.mean(found) == pytest.approx(drawn.var(), rel=0.03)


def test_what_all_runs_share_is_no_scatter_over_seeds() -> None:
    random = np.random.default_rng(5)
    table = scores(random, 20)
    shifted = table + 10.0 * random.normal(size=(1, 1, PARTS))
    one, other = components(table), components(shifted)
    assert other.real > one.real + 10
    for name in ("seed", "samples", "seed_by_real", "rest", "seed_share"):
        assert getattr(one, name) == pytest.approx(getattr(other, name)), name


def test_shares_add_up_to_one() -> None:
    found = components(scores(np.random.default_rng(6), 12))
    assert sum(found.shares().values()) == pytest.approx(1)
    assert tuple(found.shares()) == SOURCES
    still = components(np.ones((5, 2, 5)))
    assert all(math.isnan(value) for value in still.shares().values())
    assert math.isnan(still.seed_share)


def test_two_seeds_are_too_few() -> None:
    found = components(scores(np.random.default_rng(7), 2))
    assert found.seeds == 2
    assert all(math.isnan(getattr(found, name)) for name in TERMS)
    assert math.isnan(found.seed_interval.low)


def test_the_names_are_those_that_evaluation_gives() -> None:
    for sets in range(SETS):
        for part in range(PARTS):
            match = NAME.fullmatch(name_of(sets, part))
            assert match is not None
            assert (int(match[1]), int(match[2])) == (sets, part)


def test_a_frame_is_read_variant_by_variant_whatever_the_order_of_its_columns() -> None:
    random = np.random.default_rng(8)
    one, other = scores(random, 6), scores(random, 5)
    frame = pd.concat([runs(one, "z"), runs(other, "a")])
    found = by_variant(frame[[*reversed(frame.columns)]])
    assert [*found] == ["z", "a"]
    for name, table in {"z": one, "a": other}.items():
        assert found[name].of_score() == pytest.approx(components(table).of_score())


def test_only_finished_runs_with_every_repeat_count() -> None:
    table = scores(np.random.default_rng(9), 7)
    frame = runs(table)
    frame.loc[0, "status"] = "diverged"
    frame.loc[1, name_of(1, 3)] = math.nan
    found = by_variant(frame)["a"]
    assert found.seeds == 5
    assert found.of_score() == pytest.approx(components(table[2:]).of_score())


def test_runs_without_repeats_have_no_parts() -> None:
    assert by_variant(pd.DataFrame({"variant": ["a"], "status": ["finished"], "score": [1.0]})) == {}
