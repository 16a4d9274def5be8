"""What can be read: an image that shows nothing is of no class, and is counted once."""

from __future__ import annotations

import numpy as np
import pytest

from ablations.scoring.metrics.reading import (
    Reading,
    class_shares,
    label_accuracy,
    label_accuracy_by_class,
    mode_count,
    mode_kl,
    present,
    readable,
)


def reading(labels: list[int], unreadable: tuple[int, ...] = (), classes: int = 4) -> Reading:
    mask = np.ones(len(labels), dtype=np.bool_)
    mask[list(unreadable)] = False
    return Reading(labels=np.array(labels, dtype=np.int64), readable=mask, classes=classes)


REAL = reading([0, 1, 2, 3] * 25)


def test_an_unreadable_image_changes_no_share_but_that_of_the_readable() -> None:
    whole, more = reading([0, 0, 1, 2]), reading([0, 0, 1, 2, 3, 3], unreadable=(4, 5))
    assert readable(whole) == 1
    assert readable(more) == pytest.approx(4 / 6)
    assert class_shares(more) == pytest.approx(class_shares(whole))
    assert class_shares(whole) == pytest.approx([0.5, 0.25, 0.25, 0])
    assert mode_kl(more, REAL) == pytest.approx(mode_kl(whole, REAL))


def test_the_divergence_of_modes_is_that_of_the_shares() -> None:
    assert mode_kl(REAL, REAL) == 0
    assert mode_kl(reading([2] * 10), REAL) == pytest.approx(np.log(4))


def test_a_class_is_present_from_a_tenth_of_its_share_on_among_all_samples() -> None:
    assert present(reading([0] * 39 + [1]), REAL).tolist() == [True, True, False, False]
    assert mode_count(reading([0] * 40 + [1]), REAL) == 1
    # As many readable ones, but among twice as many samples.
    assert mode_count(reading([0] * 39 + [1] + [3] * 40, unreadable=tuple(range(40, 80))), REAL) == 1


def test_labels_are_judged_over_what_can_be_read() -> None:
    samples = reading([0, 1, 2, 3, 0], unreadable=(0,))
    asked = np.array([0, 1, 1, 3, 2])
    assert label_accuracy(samples, asked) == pytest.approx(2 / 4)
    assert label_accuracy_by_class(samples, asked) == pytest.approx([np.nan, 0.5, 0, 1], nan_ok=True)


def test_where_nothing_can_be_read_there_is_no_number() -> None:
    nothing = reading([0, 1], unreadable=(0, 1))
    assert readable(nothing) == 0
    assert np.isnan(class_shares(nothing)).all()
    assert np.isnan(mode_kl(nothing, REAL))
    assert np.isnan(label_accuracy(nothing, np.array([0, 1])))
    assert mode_count(nothing, REAL) == 0
