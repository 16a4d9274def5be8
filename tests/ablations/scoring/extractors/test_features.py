"""What extractors give: readable images, classes, and whether all is finite."""

from __future__ import annotations

import numpy as np
import pytest

from ablations.scoring.features import Features


def features(count: int = 3) -> np.ndarray:
    return np.zeros((count, 2), dtype=np.float32)


def test_an_image_is_readable_up_to_the_threshold() -> None:
    seen = Features(features=features(), shapeless=np.array([0.1, 0.75, 0.76], dtype=np.float32), threshold=0.75)
    assert seen.readable.tolist() == [True, True, False]


def test_an_extractor_without_classes_reads_nothing_and_refuses_nothing() -> None:
    seen = Features(features=features())
    assert seen.readable.all()
    assert seen.finite
    with pytest.raises(ValueError, match="without labels"):
        _ = seen.labels


def test_one_value_that_is_not_finite_is_enough() -> None:
    whole, broken = features(), features()
    broken[0, 0] = np.nan
    assert Features(features=whole, probabilities=whole, shapeless=whole[:, 0]).finite
    assert not Features(features=broken).finite
    assert not Features(features=whole, probabilities=broken).finite
    assert not Features(features=whole, shapeless=broken[:, 0]).finite


def test_rows_are_taken_of_every_part() -> None:
    draw = np.random.default_rng(0)
    seen = Features(
        features=draw.random((5, 2), np.float32),
        probabilities=draw.random((5, 3), np.float32),
        shapeless=draw.random(5, np.float32),
        threshold=0.3,
    )
    part = seen.rows(np.array([4, 1]))
    assert len(part) == 2
    assert part.labels.tolist() == seen.labels[[4, 1]].tolist()
    assert part.readable.tolist() == seen.readable[[4, 1]].tolist()
    assert np.array_equal(part.features, seen.features[[4, 1]])
