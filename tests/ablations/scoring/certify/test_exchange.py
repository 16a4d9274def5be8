"""Skewed class shares of real images: drawn as asked, and told apart by lines that can fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ablations.scoring.certify.exchange import CONCENTRATIONS, DRAWS, Skewed, exchange_lines, rate, skewed
from ablations.scoring.features import Features
from ablations.scoring.metrics.array_types import Labels


def seen(count: int, seed: int) -> tuple[Features, Labels]:
    """Four distant classes in three dimensions, all readable and read right."""
    draw = np.random.default_rng(seed)
    labels = np.arange(count) % 4
    features = 6 * np.eye(4, 3)[labels] + draw.normal(size=(count, 3))
    return Features(features=features.astype(np.float32), probabilities=np.eye(4, dtype=np.float32)[labels]), labels


@pytest.fixture(scope="module")
def found() -> tuple[Skewed, ...]:
    train, labels = seen(4000, 1)
    test, _ = seen(1000, 2)
    return skewed({"reader": train}, {"reader": test}, labels, 1000)


def test_skewed_shares_of_equal_images_cost_nothing_in_the_image_part(found: tuple[Skewed, ...]) -> None:
    assert len(found) == len(CONCENTRATIONS) * DRAWS
    complete = [item for item in found if item.classes == 4]
    assert len(complete) > DRAWS
    assert max(item.images for item in complete) < 0.3
    assert max(item.whole for item in complete) > 1
    assert {item.status for item in exchange_lines(found, {"reader": 0.05})} == {"holds"}


def test_an_image_part_that_takes_up_the_shares_is_seen(found: tuple[Skewed, ...]) -> None:
    leaking = tuple(replace(item, images=0.5 * item.whole, class_shares=0.5 * item.whole) for item in found)
    status = {item.metric: item.status for item in exchange_lines(leaking, {"reader": 0.05})}
    assert status["balanced_frechet"] == "fails"
    unrelated = tuple(replace(item, class_shares=-item.divergence) for item in found)
    status = {item.metric: item.status for item in exchange_lines(unrelated, {"reader": 0.05})}
    assert status["class_share_frechet"] == "fails"


def test_the_rate_is_the_slope_of_the_complete_draws(found: tuple[Skewed, ...]) -> None:
    lined = tuple(replace(item, class_shares=7 * item.divergence) for item in found)
    assert rate(lined, "reader") == pytest.approx(7)
    odd = tuple(replace(item, class_shares=0.0) if item.classes < 4 else item for item in lined)
    assert rate(odd, "reader") == pytest.approx(7)
