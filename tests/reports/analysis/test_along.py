"""Answers by training length."""

from __future__ import annotations

import pytest

from ablations.config import Contrast
from reports.analysis.along import along
from reports.analysis.comparison import Comparison
from reports.analysis.decisions import Verdict

EFFECTS: dict[Verdict, float] = {"better": -3.0, "worse": 3.0, "equivalent": 0.1}
WORDS: dict[str, Verdict] = {
    "b": "better",
    "w": "worse",
    "e": "equivalent",
    "n": "no difference shown",
    "d": "depends on the score",
}


def answers(letters: str, *, effects: dict[int, float] | None = None) -> dict[int, Comparison]:
    """One answer a thousand steps."""
    items = {}
    for number, letter in enumerate(letters, start=1):
        verdict = WORDS[letter]
        items[1_000 * number] = Comparison(
            contrast=Contrast(axis="a", question="q", treatment="t", reference="r"),
            treatment_counts={"finished": 9},
            reference_counts={"finished": 9},
            treatment_scores=9,
            reference_scores=9,
            seeds=tuple(range(9)),
            differences=(),
            wins=5.0,
            reference_mean=30.0,
            effect=(effects or {}).get(1_000 * number, EFFECTS.get(verdict, -0.5)),
            verdict=verdict,
        )
    return items


@pytest.mark.parametrize(
    ("letters", "sentence"),
    [
        ("nnbb", "better from step 3,000 to the end"),
        ("bbbb", "better from step 1,000 to the end"),
        ("nnnb", "better at step 4,000 alone"),
        ("nnnn", "no difference shown at any length up to step 4,000"),
        ("b", "better at step 1,000, the only one scored"),
        ("wnnnbb", "changes sign at 5,000: better from step 5,000 to the end"),
        ("bbnnnnnn", "better from step 1,000 to 2,000, no longer shown at step 8,000"),
        ("nbbd", "better from step 2,000 to 3,000, depends on the score at step 4,000"),
        ("dddd", "depends on the score at any length up to step 4,000"),
        ("dddb", "better at step 4,000 alone"),
    ],
)
def test_sentences(letters: str, sentence: str) -> None:
    found = along(answers(letters))
    assert (found.sentence, found.flips_late) == (sentence, False)
    assert (found.verdict, found.steps) == (WORDS[letters[-1]], 1_000 * len(letters))


@pytest.mark.parametrize("letters", ["bbbw", "wwwbwb", "bbbn", "eeeb"])
def test_another_answer_in_the_last_half_is_marked(letters: str) -> None:
    found = along(answers(letters))
    assert found.flips_late
    assert found.sentence.endswith("longer training may change it again")


def test_an_effect_of_the_other_sign_in_the_last_half_is_marked_too() -> None:
    assert along(answers("nnnb", effects={3_000: 0.4})).flips_late
    assert not along(answers("nnnb", effects={1_000: 0.4})).flips_late


@pytest.mark.parametrize(
    ("letters", "effect", "late"),
    [("nbbd", -3.0, False), ("nbbd", 3.0, True), ("wwwd", -3.0, True), ("bnnd", 3.0, False), ("nddd", 3.0, False)],
)
def test_an_end_that_depends_on_the_score_has_lost_an_answer_where_the_sign_has_changed(
    letters: str, effect: float, late: bool
) -> None:
    """Since half of the training, and from a step that had an answer."""
    assert along(answers(letters, effects={4_000: effect})).flips_late is late


def test_the_order_of_the_steps_does_not_matter() -> None:
    items = answers("wnbb")
    assert along(dict(reversed(items.items()))) == along(items)
    assert along(items).sign_changes == (3_000,)


def test_no_step_is_refused() -> None:
    with pytest.raises(ValueError, match="no scored step"):
        along({})
