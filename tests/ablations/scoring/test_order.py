"""Samples may come in any order; those of a conditional generator come in the order of the labels asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from ablations.scoring.metrics import likelihood_divergence as likelihood
from ablations.scoring.metrics.array_types import seeded_rows
from ablations.scoring.metrics.frechet_inf import frechet_inf
from ablations.scoring.metrics.kernel_distance import kernel_distance
from ablations.scoring.metrics.values import random_parts

Array = NDArray[Any]


def clusters(rows: int, seed: int) -> tuple[Array, Array]:
    """Ten distant classes in eight dimensions: features, and the class of each row."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 10, rows)
    centres = np.random.default_rng(9).normal(size=(10, 8)) * 5
    return centres[classes] + rng.normal(size=(rows, 8)), classes


def orders(features: Array, classes: Array) -> dict[str, Array]:
    """As they came, class by class, and with the classes in turn, 0 to 9 again and again, as far as they go."""
    by_class = np.argsort(classes, kind="stable")
    place = np.concatenate([np.arange((classes == label).sum()) for label in range(10)])
    in_turn = by_class[np.lexsort((classes[by_class], place))]
    return {"as they came": features, "class by class": features[by_class], "in turn": features[in_turn]}


def test_the_order_of_the_samples_does_not_matter() -> None:
    """Each estimate stays within its own standard error, whatever the order; parts by stride would be of one class."""
    samples, classes = clusters(4_000, 1)
    real, _ = clusters(4_000, 2)
    found = orders(samples, classes)
    distances = {name: frechet_inf(values, real) for name, values in found.items()}
    kernels = {name: kernel_distance(values, real) for name, values in found.items()}
    first, (kernel, error) = distances["as they came"], kernels["as they came"]
    for name in found:
        assert distances[name].distance == pytest.approx(first.distance, abs=(first.high - first.low) / 2), name
        assert kernels[name][0] == pytest.approx(kernel, abs=3 * error), name


def test_parts_are_disjoint_complete_random_and_always_the_same() -> None:
    parts = random_parts(103, 10)
    assert sorted(np.concatenate(parts).tolist()) == list(range(103))
    assert {len(part) for part in parts} == {10, 11}
    assert all(np.array_equal(a, b) for a, b in zip(parts, random_parts(103, 10), strict=True))
    assert all(len(np.unique(part % 10)) > 3 for part in parts)


def test_of_many_samples_the_same_random_ones_are_taken() -> None:
    rows = seeded_rows(103, 40)
    assert np.array_equal(rows, np.unique(rows))
    assert len(rows) == 40
    assert rows[-1] > 90
    assert len(np.unique(rows % 10)) > 5
    assert np.array_equal(rows, seeded_rows(103, 40))
    assert seeded_rows(40, 40).tolist() == [*range(40)]


def test_the_likelihood_of_some_samples_is_about_that_of_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first ones, or every so-many-th, would lack whole classes in one of the orders: that costs over 100."""
    monkeypatch.setattr(likelihood, "MOST", 500)
    real = [clusters(2_000, seed)[0].astype(np.float32) for seed in (2, 3)]
    reference = likelihood.LikelihoodReference.of(*real)
    found = [
        likelihood.likelihood_divergence(values.astype(np.float32), reference)
        for values in orders(*clusters(2_000, 1)).values()
    ]
    assert max(found) - min(found) < 5
