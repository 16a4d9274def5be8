"""The answers of a study as its page shows them: a row a contrast, with all that stands beside a verdict. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from reports import words
from reports.analysis.agreement import Answer
from reports.analysis.comparison import Comparison
from reports.analysis.findings import Findings
from reports.figures import small_figures
from reports.figures.palette import styles
from reports.pages.sections import drawn

SYMBOLS = {
    "better": "\N{CHECK MARK}",
    "worse": "\N{MULTIPLICATION X}",
    "equivalent": "\N{ALMOST EQUAL TO}",
    "no difference shown": "?",
    "too few scores": "\N{HORIZONTAL ELLIPSIS}",
    "depends on the score": "\N{NOT EQUAL TO}",
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One contrast in words and small figures; a text or a figure that has nothing to say is empty or None."""

    answer: Answer
    question: str
    claims: tuple[str, ...]
    verdict: str
    symbol: str
    css: str
    """Of the treatment's colour."""
    length: str
    """The training length that the verdict holds for."""
    effect: str
    splits: tuple[tuple[str, str], ...]
    """The kind of features, and what the difference is made of by it."""
    pieces: tuple[tuple[str, tuple[str, ...]], ...]
    """The same as the cells of a table: whole, images, class shares; empty where a score is lacking."""
    caveat: str
    evidence: str
    power: str
    course: str
    """How the answer came about over training."""
    flips: bool
    course_figure: Markup | None
    looks: str
    looks_figure: Markup | None


def rows(found: Findings) -> list[Row]:
    """One for each of the study's contrasts."""
    seconds = seconds_a_seed(found)
    paths = found.progress.paths if found.progress else (None,) * len(found.answers)
    states = {"decided": "decided", "closed": "closed without a decision", "open": "still open"}
    made = []
    for answer, course, path in zip(found.answers, found.courses, paths, strict=True):
        item = answer.main
        looks = 0 if path is None else len(path.comparisons)
        made.append(
            Row(
                answer=answer,
                question=words.question(item),
                claims=item.contrast.claims,
                verdict=item.verdict,
                symbol=SYMBOLS[item.verdict],
                css=styles(found.study)[item.contrast.treatment].css,
                length=course.length if course else "",
                effect=words.effect(item, found.metric),
                splits=tuple(
                    (split.kind.words, words.split(split)) for split in answer.splits if math.isfinite(item.effect)
                ),
                pieces=tuple(
                    (split.kind.words, tuple(words.pieces(split).values()))
                    for split in answer.splits
                    if math.isfinite(item.effect)
                ),
                caveat=words.caveat(answer, course, found.rules, _classes_drawn(found, item)),
                evidence=words.evidence(item),
                power=words.power(item, found.rules, minutes_a_seed(item, found, seconds)),
                course=course.said.sentence if course else "",
                flips=course is not None and course.said.flips_late,
                course_figure=small_figures.course(course.by_step) if course and len(course.by_step) > 1 else None,
                looks="" if path is None else f"{states[path.state]} after {words.count(looks, 'look')}",
                looks_figure=small_figures.looks(path.comparisons) if path is not None and looks > 1 else None,
            )
        )
    return made


@dataclass(frozen=True, kw_only=True)
class Brief:
    """One contrast in a line, for a first page."""

    question: str
    verdict: str
    images: str
    """The mean score of both sides, or how their runs ended where that decided."""
    shares: str
    """What the class shares say by themselves."""
    course: str


def in_brief(found: Findings) -> list[Brief]:
    """One for each of the study's contrasts."""
    return [
        Brief(
            question=row.question,
            verdict=row.verdict,
            images=_both_sides(row.answer.main, found),
            shares=_shares(row.answer),
            course=row.course,
        )
        for row in rows(found)
    ]


def _classes_drawn(found: Findings, item: Comparison) -> tuple[float, float]:
    """The mean over the scored runs of either side; NaN where it was not counted, or where nothing is scored."""
    ours, theirs = (
        drawn(found, name, scored=True)["classes"] for name in (item.contrast.treatment, item.contrast.reference)
    )
    return ours, theirs


def _both_sides(item: Comparison, found: Findings) -> str:
    if item.rests_on == "statuses" or not math.isfinite(item.effect):
        return words.statuses_in_words(item).rstrip(".") or words.DASH
    ours, theirs = (found.spreads[name].mean for name in (item.contrast.treatment, item.contrast.reference))
    return f"{words.number(ours)} instead of {words.number(theirs)} ({words.percent(item.percent)})"


def _shares(answer: Answer) -> str:
    parts = [split.shares for split in answer.splits if split.shares is not None]
    return parts[0].verdict if parts and math.isfinite(parts[0].effect) else words.DASH


def seconds_a_seed(found: Findings) -> Mapping[str, float]:
    """Variant to the training seconds of one seed, NaN where none finished."""
    return dict(zip(found.cost.variant, found.cost.train_seconds_a_seed, strict=True))


def minutes_a_seed(item: Comparison, found: Findings, seconds: Mapping[str, float]) -> float | None:
    """Training minutes of one more seed of the treatment, with its share of the reference's; None where unknown.

    The reference's seeds grow in proportion, and serve all contrasts that are held against it.
    """
    contrast = item.contrast
    shared = sum(other.contrast.reference == contrast.reference for other in found.comparisons)
    own, other = (seconds.get(name, math.nan) for name in (contrast.treatment, contrast.reference))
    if not (math.isfinite(own) and math.isfinite(other) and item.treatment_scores):
        return None
    return (own + other * item.reference_scores / item.treatment_scores / shared) / 60
