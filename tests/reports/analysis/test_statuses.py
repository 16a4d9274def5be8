"""How runs end, and when one has collapsed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.analysis.statuses import CollapseRule, count, exact_p, share_unscored, why_collapsed


def test_a_run_that_draws_two_classes_has_collapsed_and_one_that_draws_three_has_not() -> None:
    assert why_collapsed({"mode_count_10k": 2.0}) == "2 of 10 classes are drawn, no more than 2"
    assert why_collapsed({"mode_count_10k": 3.0}) is None


def test_data_of_few_classes_are_not_judged_by_their_number() -> None:
    assert why_collapsed({"mode_count_10k": 2.0}, classes=3) is None
    assert why_collapsed({"mode_count_10k": 1.0}, CollapseRule(most_classes=1), classes=3) is not None


def test_unreadable_images_are_a_collapse_whatever_classes_are_read_into_them() -> None:
    reason = why_collapsed({"mode_count_10k": 9.0, "readable_10k": 0.03})
    assert reason == "3% of the images are readable, fewer than 10%"
    assert why_collapsed({"mode_count_10k": 9.0, "readable_10k": 0.1}) is None


def test_metrics_that_are_missing_or_named_alike_speak_for_nothing() -> None:
    assert why_collapsed({}) is None
    assert why_collapsed({"mode_counts": 1.0, "unreadable": 0.0}) is None


def test_fishers_test_is_that_of_scipy_also_for_sides_of_different_size() -> None:
    treatment, reference = {"finished": 12, "collapsed": 5, "diverged": 3}, {"finished": 57, "failed": 3}
    expected = stats.fisher_exact(np.array([[12, 8], [57, 3]])).pvalue
    assert exact_p(treatment, reference) == pytest.approx(expected)
    assert exact_p({"finished": 5}, {"finished": 9}) == 1
    assert exact_p({}, {"collapsed": 4}) == 1


def test_interrupted_runs_are_not_counted() -> None:
    counts = count(["finished", "interrupted", "collapsed", "finished"])
    assert counts == {"finished": 2, "collapsed": 1}
    assert share_unscored(counts) == pytest.approx(1 / 3)
    assert share_unscored({}) == 0
