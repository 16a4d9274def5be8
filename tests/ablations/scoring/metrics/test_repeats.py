"""Repeated scores: of other samples, against parts of the real images."""

from __future__ import annotations

import numpy as np
import pytest

from ablations.scoring.metrics.frechet import frechet_distance
from ablations.scoring.metrics.repeats import PARTS, SETS, name_of, parts_of, repeats
from ablations.scoring.metrics.values import Features, random_parts


def features(seed: int, count: int = 2_000, width: int = 8) -> Features:
    rng = np.random.default_rng(seed)
    probabilities = np.full((count, 10), 0.1, dtype=np.float32)
    return Features(features=rng.normal(size=(count, width)).astype(np.float32), probabilities=probabilities)


def test_each_number_is_the_distance_to_a_disjoint_part() -> None:
    real, sets = features(0), [features(1), features(2)]
    found = repeats(sets, parts_of(real))
    assert len(found) == SETS * PARTS
    rows = random_parts(len(real), PARTS)
    assert sorted(np.concatenate(rows)) == list(range(len(real)))
    for number, seen in enumerate(sets):
        for part in range(PARTS):
            expected = frechet_distance(seen.features, real.features[rows[part]])
            assert found[name_of(number, part)] == pytest.approx(expected, rel=1e-12)


def test_too_few_real_images_have_no_parts() -> None:
    assert parts_of(features(0, count=5 * 8)) == ()
    assert len(parts_of(features(0, count=5 * 9))) == PARTS


def test_a_model_that_diverged_has_no_distance() -> None:
    broken = features(1)
    broken.features[3, 2] = np.nan
    found = repeats([broken], parts_of(features(0)))
    assert len(found) == PARTS
    assert all(np.isnan(value) for value in found.values())
