"""Two extractors against each other: what agrees holds, what does not fails, and too few sets are not judged."""

from __future__ import annotations

import pytest

from ablations.scoring.certify.extractors_compared import Ranked, rank_correlation, ranked_lines


def ranked(theirs: list[float]) -> tuple[Ranked, ...]:
    """Sets of samples whose distance by the reader is 1, 2, 3, ...; by the other extractor what is said."""
    return tuple(
        Ranked(
            variant="baseline",
            seed=0,
            step=step,
            steps=len(theirs),
            scores={
                "frechet": float(step),
                "contrastive_frechet": value,
                "balanced_frechet": float(step),
                "contrastive_balanced_frechet": float(step**2),
            },
        )
        for step, value in enumerate(theirs, start=1)
    )


def test_any_rising_relation_is_full_agreement_and_a_falling_one_none() -> None:
    rising = ranked([float(step) ** 3 for step in range(1, 41)])
    assert rank_correlation(rising, "frechet") == pytest.approx((1, 1))
    assert [item.status for item in ranked_lines(rising)] == ["holds", "holds"]
    falling = ranked([-float(step) for step in range(1, 41)])
    assert rank_correlation(falling, "frechet") == pytest.approx((-1, -1))
    assert [item.status for item in ranked_lines(falling)] == ["fails", "holds"]


def test_the_better_half_is_judged_on_its_own() -> None:
    """Good samples in the wrong order among bad ones in the right order: the whole hides it."""
    mixed = ranked([float(20 - step) for step in range(20)] + [float(step) for step in range(100, 120)])
    everything, better = rank_correlation(mixed, "frechet")
    assert everything > 0.5
    assert better == pytest.approx(-1)


def test_fewer_than_thirty_sets_are_not_judged() -> None:
    assert {item.status for item in ranked_lines(ranked([1.0] * 29))} == {"not checked"}
