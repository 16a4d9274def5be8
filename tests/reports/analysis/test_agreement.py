"""One answer from several scores: an intersection, with its error, and the words for what it depends on."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from ablations.catalog.metrics import LABEL_FREE, READER
from reports.analysis.agreement import DEPENDS, Measures, agree, answers, depends_on
from reports.analysis.comparison import Comparison
from reports.analysis.decision_rules import Rules
from reports.analysis.decisions import VERDICTS, Verdict
from tests.reports.analysis.answered import ASKED, answered


def said(verdict: Verdict) -> Comparison:
    return Comparison(
        contrast=ASKED[0], treatment_counts={}, reference_counts={}, treatment_scores=5, reference_scores=5, seeds=(),
        differences=(), wins=0, reference_mean=1.0, verdict=verdict,
    )  # fmt: skip


def test_better_worse_and_equivalent_need_both_kinds_of_features() -> None:
    for one, other in itertools.product(VERDICTS, VERDICTS):
        agreed = agree(said(one), said(other)).verdict
        assert agreed == agree(said(other), said(one)).verdict
        if agreed in ("better", "worse", "equivalent"):
            assert one == other == agreed
    assert agree(said("better"), said("worse")).verdict == DEPENDS
    assert agree(said("better"), said("no difference shown")).verdict == DEPENDS
    assert agree(said("equivalent"), said("no difference shown")).verdict == "no difference shown"
    assert agree(said("better"), said("too few scores")).verdict == "too few scores"


@pytest.mark.parametrize("shares", VERDICTS)
def test_class_shares_that_move_the_other_way_make_it_depend(shares: Verdict) -> None:
    agreed = agree(said("better"), said("better"), said(shares)).verdict
    assert agreed == (DEPENDS if shares == "worse" else "better")


def test_the_words_say_on_what() -> None:
    both = answered(images=-5.0)
    assert (both.main.verdict, both.depends_on) == ("better", "")
    differs = answered(images=-5.0, other=0.0)
    assert differs.main.verdict == DEPENDS
    assert differs.depends_on == "images: better by the reader's features, equivalent by the label-free features"
    against = answered(images=-5.0, shares=9.0)
    assert against.main.verdict == DEPENDS
    assert against.depends_on == "images: better, class shares: worse"
    assert depends_on(said("better"), None, None).startswith("by one kind of features only")


@pytest.mark.parametrize("images", ["no difference shown", "equivalent"])
def test_class_shares_that_differ_where_images_do_not_are_told(images: Verdict) -> None:
    open_images, known = said(images), said("worse")
    assert agree(open_images, open_images, known).verdict == images
    assert depends_on(open_images, open_images, known) == f"images: {images}, class shares: worse"
    assert depends_on(open_images, open_images, said("no difference shown")) == ""
    assert "class shares" not in depends_on(open_images, said("better"), known)
    assert depends_on(said("worse"), said("worse"), known) == ""


def test_the_noise_floor_bounds_the_first_score_alone() -> None:
    """Neither the other kind of features nor the class shares, of which none is known."""
    assert answered(images=-9.0, other=-2.0, floor=4.0).main.verdict == "better"
    assert answered(images=-9.0, shares=2.0, floor=4.0).depends_on == "images: better, class shares: worse"
    below = answered(images=-2.0, other=-9.0, floor=4.0)
    assert below.main.verdict == DEPENDS
    assert below.depends_on.startswith("images: no difference shown by the reader's features, better by")


def test_a_difference_is_that_of_the_images_and_of_the_class_shares() -> None:
    splits = answered(images=-5.0, shares=3.0).splits
    assert [split.kind for split in splits] == [READER, LABEL_FREE]
    for split in splits:
        assert split.whole is not None
        assert split.images is not None
        assert split.shares is not None
        assert split.whole.effect == pytest.approx(split.images.effect + split.shares.effect)


def test_old_results_have_one_kind_and_say_so() -> None:
    old = answered(images=-5.0, other=5.0, names=("frechet_10k", "coverage_10k"))
    assert old.main.verdict == "better"
    assert "one kind of features only" in old.depends_on
    assert [split.kind for split in old.splits] == [READER]
    unlabelled = Measures.of(["contrastive_frechet_10k"])
    assert (unlabelled.primary, unlabelled.second, unlabelled.shares) == ("contrastive_frechet_10k", None, None)
    both = Measures.of(["frechet_10k", "contrastive_frechet_10k"])
    assert (both.primary, both.second) == ("frechet_10k", "contrastive_frechet_10k")


def test_without_any_difference_both_are_wrong_less_often_than_the_level() -> None:
    """Also where the two kinds of features see the same noise, which is the worst case."""
    random = np.random.default_rng(2)
    false = 0
    for _ in range(400):
        noise = random.standard_exponential((2, 10))
        tables = {
            "balanced_frechet": dict(zip("tr", noise, strict=True)),
            "contrastive_balanced_frechet": dict(zip("tr", noise * 2, strict=True)),
        }
        scores = {
            name: {side: dict(enumerate(map(float, row))) for side, row in table.items()}
            for name, table in tables.items()
        }
        (found,) = answers(scores.__getitem__, Measures.of([*tables]), ASKED, Rules())
        false += found.main.verdict in ("better", "worse")
    assert false <= stats.binom.ppf(0.999, 400, 0.05)
