"""The Vendi score: how many different images a set is worth."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
from sklearn.preprocessing import normalize

from ablations.scoring.metrics.vendi import vendi_score


def test_it_counts_what_is_wholly_different() -> None:
    different = np.repeat(np.eye(6)[:4], 25, axis=0)
    assert vendi_score(different) == pytest.approx(4)
    assert vendi_score(np.ones((50, 6))) == pytest.approx(1)
    uneven = np.repeat(np.eye(2), [90, 10], axis=0)
    assert vendi_score(uneven) == pytest.approx(np.exp(-(0.9 * np.log(0.9) + 0.1 * np.log(0.1))))


def test_it_is_the_definition_over_all_pairs() -> None:
    features = np.random.default_rng(0).normal(size=(200, 12)) + 1
    directions = normalize(features)
    shares = scipy.linalg.eigvalsh(directions @ directions.T / len(features))
    shares = shares[shares > 1e-12]
    assert vendi_score(features) == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))


def test_lengths_mean_nothing_and_a_row_of_zeros_is_like_no_other() -> None:
    features = np.random.default_rng(0).normal(size=(100, 5))
    longer = features * np.random.default_rng(1).uniform(1, 9, size=(100, 1))
    assert vendi_score(longer) == pytest.approx(vendi_score(features))
    assert vendi_score(np.vstack([np.ones((2, 3)), np.zeros((2, 3))])) == pytest.approx(np.exp(1.5 * np.log(2)))


def test_what_is_not_finite_has_no_score() -> None:
    assert np.isnan(vendi_score(np.array([[1.0, np.nan], [0, 1]])))
