"""The Frechet distance told apart: true on mixtures whose parts are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ablations.scoring.metrics.array_types import Float64
from ablations.scoring.metrics.balanced_frechet import balanced_frechet, balancing_weights, weighted_gaussian
from ablations.scoring.metrics.frechet import Gaussian, frechet_distance
from ablations.scoring.metrics.reading import Reading, present

CLASSES, WIDTH = 5, 8
CENTRES = np.random.default_rng(0).normal(size=(CLASSES, WIDTH)) * 3
EVEN = [1 / CLASSES] * CLASSES


def images(seed: int, shares: list[float], count: int = 20_000, unreadable: float = 0.0) -> tuple[Float64, Reading]:
    """Features of a mixture of Gaussians, one for each class, and that class."""
    draw = np.random.default_rng(seed)
    labels = draw.choice(CLASSES, count, p=shares)
    readable = draw.random(count) >= unreadable
    features = CENTRES[labels] + draw.normal(size=(count, WIDTH))
    # What cannot be read lies somewhere else.
    features[~readable] = draw.normal(size=(int((~readable).sum()), WIDTH)) + 10
    return features, Reading(labels=labels, readable=readable, classes=CLASSES)


REAL, REAL_READ = images(1, EVEN)


def test_real_images_in_skewed_shares_have_no_image_part() -> None:
    samples, read = images(2, [0.5, 0.25, 0.15, 0.06, 0.04])
    parts = balanced_frechet(samples, read, REAL, REAL_READ)
    floor = frechet_distance(images(3, EVEN)[0], REAL)
    assert parts.whole > 200 * floor
    assert parts.images < 5 * floor
    assert parts.classes == CLASSES


def test_poor_images_in_true_shares_have_no_class_part() -> None:
    samples, read = images(2, EVEN)
    parts = balanced_frechet(samples + 2, read, REAL, REAL_READ)
    assert parts.images == pytest.approx(4 * WIDTH, rel=0.02)
    assert abs(parts.class_shares) < 0.02 * parts.images


def test_a_missing_class_belongs_to_the_class_part() -> None:
    samples, read = images(2, [0.4, 0.3, 0.2, 0.1, 0])
    parts = balanced_frechet(samples, read, REAL, REAL_READ)
    assert parts.classes == CLASSES - 1
    assert parts.images < 0.02 < 1 < parts.class_shares
    collapsed = balanced_frechet(*images(2, [0, 0, 1, 0, 0]), REAL, REAL_READ)
    assert collapsed.classes == 1
    assert collapsed.images < 0.02
    assert collapsed.class_shares > 10


def test_a_few_samples_of_a_class_are_not_taken_for_the_class() -> None:
    """Ten of them would weigh four hundred times as much as others, and their covariance has no inverse."""
    samples, read = images(2, [0.4, 0.3, 0.2, 0.0995, 0.0005])
    parts = balanced_frechet(samples, read, REAL, REAL_READ)
    assert parts.classes == CLASSES - 1
    assert parts.images < 0.02


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5])
def test_unreadable_samples_count_against_the_images_by_as_much_as_there_are(share: float) -> None:
    """Weighed up or not, the image part is that of real images with so many unreadable ones."""
    mixed, _ = images(4, EVEN, unreadable=share)
    expected = frechet_distance(mixed, REAL)
    samples, read = images(2, [0.5, 0.2, 0.1, 0.1, 0.1], unreadable=share)
    assert balanced_frechet(samples, read, REAL, REAL_READ).images == pytest.approx(expected, rel=0.12)


def test_where_nothing_is_read_all_is_images() -> None:
    samples, read = images(2, EVEN, unreadable=1.0)
    parts = balanced_frechet(samples, read, REAL, REAL_READ)
    assert (parts.images, parts.class_shares, parts.classes) == (parts.whole, 0, 0)


@given(st.integers(0, 100), st.floats(0, 0.5))
def test_the_parts_add_up_exactly(seed: int, unreadable: float) -> None:
    shares = np.random.default_rng(seed).dirichlet([1] * CLASSES)
    samples, read = images(seed, shares.tolist(), 1000, unreadable)
    parts = balanced_frechet(samples, read, REAL, REAL_READ)
    assert parts.whole == frechet_distance(samples, REAL)
    assert parts.images + parts.class_shares == pytest.approx(parts.whole, rel=1e-12)


@given(st.integers(0, 100))
def test_weights_sum_to_one_and_give_each_class_its_share(seed: int) -> None:
    _, read = images(seed, np.random.default_rng(seed).dirichlet([2] * CLASSES).tolist(), 2000, 0.1)
    drawn = present(read, REAL_READ)
    weights = balancing_weights(read, REAL_READ, drawn)
    assert weights.sum() == pytest.approx(1)
    assert weights[~read.readable] == pytest.approx(1 / len(read))
    sums = np.bincount(read.read, weights[read.readable], minlength=CLASSES)[drawn]
    expected = REAL_READ.counts[drawn] / REAL_READ.counts[drawn].sum()
    assert sums / sums.sum() == pytest.approx(expected)


def test_even_weights_change_nothing() -> None:
    labels = np.arange(1000) % CLASSES
    read = Reading(labels=labels, readable=np.ones(1000, dtype=np.bool_), classes=CLASSES)
    samples = CENTRES[labels] + np.random.default_rng(0).normal(size=(1000, WIDTH))
    parts = balanced_frechet(samples, read, REAL[:1000], read)
    assert parts.images == pytest.approx(parts.whole, rel=1e-9)


def test_a_weighted_covariance_is_that_of_repeated_rows_but_for_its_divisor() -> None:
    draw = np.random.default_rng(0)
    rows, times = draw.normal(size=(50, 3)), draw.integers(1, 5, 50)
    weights = times / times.sum()
    weighted, repeated = weighted_gaussian(rows, weights), Gaussian.of(np.repeat(rows, times, axis=0))
    assert weighted.mean == pytest.approx(repeated.mean)
    scale = (1 - 1 / times.sum()) / (1 - (weights**2).sum())
    assert weighted.covariance == pytest.approx(repeated.covariance * scale)
    numpy = np.cov(rows, rowvar=False, aweights=weights)
    assert weighted.covariance == pytest.approx(numpy)


def test_a_value_that_is_not_finite_leaves_no_part() -> None:
    samples, read = images(2, EVEN, 100)
    samples[3, 2] = np.inf
    parts = balanced_frechet(samples, read, REAL, REAL_READ)
    assert np.isnan([parts.whole, parts.images, parts.class_shares]).all()


@pytest.mark.parametrize("real", [0, 1])
def test_a_class_that_hardly_any_real_image_shows_leaves_the_whole_distance(real: int) -> None:
    """A reader that was trained too little may read all samples as such a class."""
    samples, _ = images(2, EVEN, count=50)
    read = Reading(labels=np.zeros(50, dtype=np.int64), readable=np.ones(50, dtype=bool), classes=CLASSES)
    labels = np.where(np.arange(len(REAL)) < real, 0, 1)
    real_read = Reading(labels=labels, readable=np.ones(len(REAL), dtype=bool), classes=CLASSES)
    parts = balanced_frechet(samples, read, REAL, real_read)
    assert parts.images == parts.whole == frechet_distance(samples, REAL)
    assert parts.class_shares == 0
