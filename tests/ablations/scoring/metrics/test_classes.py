"""Mode collapse: between the classes, as `reading` counts it, and within them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import entropy

from ablations.scoring.metrics.array_types import Float64
from ablations.scoring.metrics.classes import intra_class_diversity
from ablations.scoring.metrics.reading import Reading, mode_count, mode_kl


def read(labels: np.ndarray | Sequence[int], readable: np.ndarray | None = None) -> Reading:
    """Images of ten classes, all of them readable unless it is said which are."""
    found = np.asarray(labels, dtype=np.int64)
    return Reading(labels=found, readable=np.ones(len(found), bool) if readable is None else readable, classes=10)


CLASSES = np.arange(1000) % 10
REAL = read(CLASSES)


def of_classes(*classes: int, count: int = 1000) -> np.ndarray:
    return np.array([classes[n % len(classes)] for n in range(count)])


def normal() -> Float64:
    return np.random.default_rng(0).normal(size=(1000, 8))


def test_the_data_has_all_modes_and_no_divergence() -> None:
    assert mode_count(read(CLASSES[::-1]), REAL) == 10
    assert mode_kl(read(CLASSES[::-1]), REAL) == 0


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_classes_that_are_dropped_are_counted_and_diverge(count: int) -> None:
    samples = read(of_classes(*range(count)))
    assert mode_count(samples, REAL) == count
    assert mode_kl(samples, REAL) == pytest.approx(np.log(10 / count), rel=2e-2)


def test_scipy_agrees_on_the_divergence() -> None:
    labels = np.random.default_rng(0).choice(10, 500, p=np.arange(1, 11) / 55)
    ours, data = (np.bincount(values, minlength=10) for values in (labels, CLASSES))
    assert mode_kl(read(labels), REAL) == pytest.approx(entropy(ours, data), rel=1e-12)


def test_a_few_misread_samples_do_not_make_a_class() -> None:
    labels = of_classes(0, 1)
    labels[:5] = 7
    assert mode_count(read(labels), REAL) == 2
    labels[:15] = 7
    assert mode_count(read(labels), REAL) == 3


def test_a_class_that_the_data_lacks_is_infinitely_surprising() -> None:
    assert mode_kl(read(of_classes(0, 1)), read(of_classes(0))) == np.inf


def test_diversity_is_0_for_one_image_a_class_and_1_for_the_data() -> None:
    features: Float64 = normal() * (1 + CLASSES[:, None])
    assert intra_class_diversity(features, REAL, features, REAL) == pytest.approx(1)
    once = features[:10][CLASSES]
    assert intra_class_diversity(once, REAL, features, REAL) == pytest.approx(0, abs=1e-12)
    half = features / 2 + 7
    assert intra_class_diversity(half, REAL, features, REAL) == pytest.approx(0.25)


def test_diversity_is_blind_to_how_often_a_class_is_drawn() -> None:
    features, kept = normal(), CLASSES < 3
    assert intra_class_diversity(features[kept], read(CLASSES[kept]), features, REAL) == pytest.approx(1)


def test_diversity_needs_two_samples_of_some_class() -> None:
    features = normal()
    assert np.isnan(intra_class_diversity(features[:10], read(CLASSES[:10]), features, REAL))


def test_images_that_cannot_be_read_do_not_count_in_the_diversity() -> None:
    """A fifth of each class far away would multiply the spread, were it counted."""
    features = normal()
    spoiled = (np.arange(1000) // 10) % 5 == 0
    far = np.where(spoiled[:, None], 100 + 50 * features, features)
    found = intra_class_diversity(far, read(CLASSES, ~spoiled), features, REAL)
    assert found == pytest.approx(1, abs=0.05)
    assert intra_class_diversity(far, REAL, features, REAL) > 10


def test_a_few_misread_samples_do_not_count_in_the_diversity() -> None:
    """Two equal images that are read as a class of their own have no spread: with them the mean would be a half."""
    features = normal()
    ours = features[CLASSES == 0]
    misread = np.concatenate([np.repeat(ours, 3, axis=0), ours[:1], ours[:1]])
    labels = np.concatenate([np.zeros(300, dtype=np.int64), [7, 7]])
    assert intra_class_diversity(misread, read(labels), features, REAL) == pytest.approx(1, abs=0.02)
