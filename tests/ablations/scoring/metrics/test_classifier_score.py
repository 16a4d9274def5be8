"""The classifier score: its bounds, and agreement with torch-fidelity's Inception score."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch_fidelity.metric_isc import isc_features_to_metric

from ablations.scoring.metrics.classifier_score import classifier_score, confidence, entropy


def test_torch_fidelity_agrees() -> None:
    logits = torch.randn(500, 10, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 3
    theirs = isc_features_to_metric(logits, splits=1, shuffle=False)["inception_score_mean"]
    assert classifier_score(logits.softmax(1).numpy()) == pytest.approx(theirs, rel=1e-9)


def test_it_is_10_for_sure_and_even_predictions_and_1_where_all_are_alike() -> None:
    assert classifier_score(np.eye(10, dtype=np.float32)) == pytest.approx(10)
    assert classifier_score(np.eye(10)[[3] * 20]) == pytest.approx(1)
    assert classifier_score(np.full((20, 10), 0.1)) == pytest.approx(1)
    assert classifier_score(np.eye(10)[[0, 1, 2, 3]]) == pytest.approx(4)


def test_duplicates_do_not_show_in_it() -> None:
    few = np.random.default_rng(0).dirichlet(np.full(10, 0.1), 30)
    assert classifier_score(np.tile(few, (5, 1))) == pytest.approx(classifier_score(few), rel=1e-12)


def test_confidence_is_the_mean_of_the_largest_probability() -> None:
    assert confidence(np.array([[0.7, 0.3], [0.1, 0.9]], dtype=np.float32)) == pytest.approx(0.8)


def test_entropy() -> None:
    assert entropy(np.array([[1.0, 0.0], [0.5, 0.5]])) == pytest.approx([0, np.log(2)])
