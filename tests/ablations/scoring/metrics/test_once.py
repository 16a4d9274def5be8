"""What several metrics need of the same samples is made once, and changes no number."""

from __future__ import annotations

import numpy as np
import pytest

from ablations.scoring.features import Features
from ablations.scoring.metrics.frechet import Gaussian, samples_gaussian
from ablations.scoring.metrics.frechet_inf import LeftOut, frechet_inf
from ablations.scoring.metrics.values import Samples


def features(seed: int, rows: int = 400) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, 5)).astype(np.float32)


def test_the_gaussian_of_samples_is_made_once() -> None:
    samples = Samples(seen=Features(features=features(0)))
    first = samples.once(samples_gaussian)
    assert samples.once(samples_gaussian) is first
    assert np.array_equal(first.covariance, Gaussian.of(features(0)).covariance)
    assert Samples(seen=Features(features=features(1))).once(samples_gaussian) is not first


def test_what_is_kept_of_the_real_images_changes_no_bit_of_the_extrapolation() -> None:
    kept = LeftOut.of(features(2, 500))
    assert frechet_inf(features(1), kept) == frechet_inf(features(1), features(2, 500))
    assert frechet_inf(features(3), kept) == frechet_inf(features(3), features(2, 500))


def test_too_few_real_images_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 40 samples, not 39"):
        LeftOut.of(features(0, 39))
