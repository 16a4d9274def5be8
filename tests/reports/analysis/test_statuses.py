"""How runs end."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from reports.analysis.statuses import count, exact_p, paired_p, share_unscored


def test_fishers_test_is_that_of_scipy_also_for_sides_of_different_size() -> None:
    treatment, reference = {"finished": 12, "collapsed": 5, "diverged": 3}, {"finished": 57, "failed": 3}
    expected = stats.fisher_exact(np.array([[12, 8], [57, 3]])).pvalue
    assert exact_p(treatment, reference) == pytest.approx(expected)
    assert exact_p({"finished": 5}, {"finished": 9}) == 1
    assert exact_p({}, {"collapsed": 4}) == 1


def test_mcnemars_test_counts_the_seeds_of_which_one_side_alone_is_lost() -> None:
    assert paired_p({1, 2, 3}, {2, 3, 4}) == 1
    assert paired_p(range(10), ()) == pytest.approx(2 * 0.5**10)
    assert paired_p({8, 9}, range(8)) == pytest.approx(stats.binomtest(2, 10).pvalue)
    assert paired_p({1, 2}, {1, 2}) == paired_p((), ()) == 1


def test_interrupted_runs_are_not_counted() -> None:
    counts = count(["finished", "interrupted", "collapsed", "finished"])
    assert counts == {"finished": 2, "collapsed": 1}
    assert share_unscored(counts) == pytest.approx(1 / 3)
    assert share_unscored({}) == 0
