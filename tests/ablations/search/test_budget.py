"""The expected best score against the budget, and the front of two objectives."""

from __future__ import annotations

import numpy as np
import pytest

from ablations.search.budget import expected_best, front, scored
from tests.ablations.search.factories import made


def test_the_expected_best_is_that_of_all_samples() -> None:
    values = [5.0, 1.0, 3.0]
    line = expected_best(values)
    assert line[0] == pytest.approx(np.mean(values))
    pairs = [min(a, b) for a in values for b in values]
    assert line[1] == pytest.approx(np.mean(pairs))
    triples = [min(a, b, c) for a in values for b in values for c in values]
    assert line[2] == pytest.approx(np.mean(triples))


def test_a_trial_without_a_score_counts_as_the_worst() -> None:
    assert scored(made(2.0, None, 4.0)) == [2.0, 4.0, 4.0]
    assert scored(made(2.0, 7.0, state="pruned")) == [2.0, 7.0]


def test_the_front_has_no_trial_that_another_beats() -> None:
    assert [trial.number for trial in front(made(5.0, 6.0, 3.0, None, 3.0, 1.0))] == [0, 2, 5]
