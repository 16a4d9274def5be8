"""When a run has collapsed."""

from __future__ import annotations

from ablations.catalog.collapse import CollapseRule, why_collapsed


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


def test_before_the_last_evaluation_classes_are_counted_by_their_shares() -> None:
    two = {f"class_{k}": share for k, share in enumerate([0.6, 0.383, 0.009, 0.008, *[0.0] * 6])}
    assert why_collapsed(two) == "2 of 10 classes are drawn, no more than 2"
    three = two | {"class_1": 0.38, "class_2": 0.012}
    assert why_collapsed(three) is None
    assert why_collapsed(three | {"readable": 0.5}) is not None, "of all images, those that cannot be read among them"
    assert why_collapsed(two | {"mode_count_10k": 3.0}) is None, (
        "what was counted with the data's own shares goes first"
    )
    assert why_collapsed({name: float("nan") for name in two} | {"readable": 0.0}) is not None
