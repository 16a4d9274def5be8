"""Claims answered from stored studies. Pure: claims and results in, answers out.

Every test becomes a contrast of two columns of numbers, paired by seed, and all tests of all claims are judged together
by `verdicts.compare`: one family, with the intervals of a study's report. The family is all tests that are written
down, those without data too: what is trained later turns no outcome. A test of the score needs both kinds of features
to agree, as there; other than there, it is of the images alone, whatever the class shares do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from scipy import stats

from ablations.catalog.metrics import primary, second
from ablations.config import Contrast
from ablations.config.claim import Check, Claim, Expectation
from reports.analysis.agreement import agree
from reports.analysis.claim_measures import Chooser, Runs, columns, ended, is_score, lacking
from reports.analysis.comparison import NO_INTERVAL, Comparison, Interval
from reports.analysis.decision_rules import Rules
from reports.analysis.groups import LEAST_GROUP
from reports.analysis.verdicts import compare

Outcome = Literal["holds", "contrary", "not shown", "too few scores", "no data"]
Answer = Literal[
    "confirmed", "refuted", "depends", "described", "not shown", "not trained yet", "cannot be tested here"
]


@dataclass(frozen=True, kw_only=True)
class Tested:
    """One test and its outcome."""

    test: Check
    outcome: Outcome
    comparison: Comparison | None = None
    """By the score that carries the verdict, which is that of both kinds of features. None without data, or for a
    printed figure."""
    other: Comparison | None = None
    """By the other kind of features, with its own verdict; None where there is one kind only."""
    measured: float = math.nan
    """Mean of the measure over all its seeds."""
    held_against: float = math.nan
    """Mean of what it is held against, over all of its own."""
    interval: Interval = field(default_factory=lambda: NO_INTERVAL)
    """Of the difference; for a printed figure where one more seed would lie."""
    seeds: int = 0
    lacks: str = ""
    """Why there are no data, where there are none."""
    trained: bool = True
    """Runs of all that it compares are stored."""

    @property
    def difference(self) -> float:
        """As the comparison finds it, seed by seed where that saves seeds; else of the means."""
        effect = math.nan if self.comparison is None else self.comparison.effect
        return effect if math.isfinite(effect) else self.measured - self.held_against


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A claim and its answer."""

    claim: Claim
    answer: Answer
    tests: tuple[Tested, ...]
    settings: Mapping[str, Answer] = field(default_factory=dict)
    """The same by the tests of one setting alone; in the order of the tests."""

    @property
    def depends_on(self) -> str:
        """Which tests speak for the claim and which against it, where both are there; else empty."""
        if self.answer != "depends":
            return ""
        tests = [(speaks(self.claim, one), one.test.says) for one in self.tests]
        said = {word: [says for spoken, says in tests if spoken == word] for word in (FOR, AGAINST)}
        return ". ".join(f"{word.capitalize()}: {quoted(*those)}" for word, those in said.items())

    @property
    def counted(self) -> str:
        """How many of its tests speak for it, how many against it."""
        words = [speaks(self.claim, item) for item in self.tests]
        short = _OF_QUESTION if self.claim.kind == "question" else _SHORT
        return ", ".join(f"{words.count(word)} {short.get(word, word)}" for word in _SPEAKS if word in words)


def quoted(*texts: str) -> str:
    return ", ".join(f"\N{LEFT DOUBLE QUOTATION MARK}{text}\N{RIGHT DOUBLE QUOTATION MARK}" for text in texts)


FOR, AGAINST = "for the claim", "against the claim"
_WORDS: Mapping[Outcome, str] = {"holds": FOR, "contrary": AGAINST}
_TURNED: Mapping[Outcome, Outcome] = {"holds": "contrary", "contrary": "holds"}
_SPEAKS = (FOR, AGAINST, "not shown", "too few scores", "no data")
_SHORT = {FOR: "for it", AGAINST: "against it", "no data": "without data"}
_OF_QUESTION = _SHORT | {FOR: "true", AGAINST: "the contrary"}
"""Nothing speaks for or against a question: what its tests state is true, or the contrary is."""


def stands(claim: Claim, item: Tested) -> str:
    """What a test shows, as a page says it: for or against a claim, of a question true or the contrary."""
    word = speaks(claim, item)
    return _OF_QUESTION.get(word, word) if claim.kind == "question" else word


def speaks(claim: Claim, item: Tested) -> str:
    """What a test says of the claim: of a denied one, a test that holds speaks against it."""
    outcome = _TURNED.get(item.outcome, item.outcome) if claim.denied else item.outcome
    return _WORDS.get(outcome, outcome)


BOTH_KINDS: tuple[Chooser, ...] = (primary, second)
"""What stands for the score: the metric that carries verdicts, and the same by the other kind of features."""


def answer(
    claims: Sequence[Claim], runs: Runs, rules: Rules | None = None, *, scores: Sequence[Chooser] = BOTH_KINDS
) -> tuple[Answered, ...]:
    """Answer every claim.

    Args:
        claims: with tests that name variants as `runs` does.
        runs: those to read.
        rules: what a verdict demands; `noise_floor` bounds differences of the score only.
        scores: which metrics stand for the score; the first is the one that is shown. A test of the score needs all of
            them, where its runs have them.
    """
    rules = rules or Rules()
    tests = dict.fromkeys(test for claim in claims for test in claim.tests)
    shared = family(claims)
    found = dict(zip(shared, _compared(shared, runs, rules, scores), strict=True))
    tested = {test: _tested(test, found.get(test), runs, rules, scores[0]) for test in tests}
    return tuple(_answered(claim, tuple(tested[test] for test in claim.tests)) for claim in claims)


def family(claims: Sequence[Claim]) -> tuple[Check, ...]:
    """The tests that share the error: all that compare, each once, whether they have data or not."""
    return tuple(dict.fromkeys(test for claim in claims for test in claim.tests if test.expect != "among"))


def _compared(
    tests: Sequence[Check], runs: Runs, rules: Rules, scores: Sequence[Chooser]
) -> list[tuple[Comparison, Comparison | None]]:
    """By the score, with the verdict that both kinds of features agree on, and by the other kind alone."""
    contrasts = [
        Contrast(axis="claims", question=test.says, treatment=f"{name} measure", reference=f"{name} against")
        for name, test in enumerate(tests)
    ]
    statuses = {
        side: ends
        for test, contrast in zip(tests, contrasts, strict=True)
        for side, ends in (
            (contrast.treatment, ended(test.measure, runs)),
            (contrast.reference, ended(test.against, runs)),
        )
    }
    same = {item.treatment for test, item in zip(tests, contrasts, strict=True) if _of_the_same_runs(test)}
    bare = replace(rules, noise_floor=0.0)
    one, *others = (
        compare(
            {
                side: column
                for test, contrast in zip(tests, contrasts, strict=True)
                for side, column in zip(
                    (contrast.treatment, contrast.reference), columns(test, runs, score), strict=True
                )
            },
            contrasts,
            bare,
            statuses,
            same_runs=same,
        )
        for score in scores
    )
    if not others:
        return [(item, None) for item in one]
    there = [all(columns(test, runs, scores[1])) for test in tests]
    pairs = [(a, b if known else None) for a, b, known in zip(one, others[0], there, strict=True)]
    return [(agree(a, b), b) for a, b in pairs]


def _of_the_same_runs(test: Check) -> bool:
    return not isinstance(test.against, float | int) and test.measure.of == test.against.of


def _tested(
    test: Check, compared: tuple[Comparison, Comparison | None] | None, runs: Runs, rules: Rules, score: Chooser
) -> Tested:
    ours, theirs = columns(test, runs, score)
    if not ours or not theirs:
        lacks = (lacking(side, runs, score) for side in (test.measure, test.against))
        sides = [side for side in (test.measure, test.against) if not isinstance(side, float | int)]
        trained = all(runs.get(side.of) for side in sides)
        return Tested(test=test, outcome="no data", lacks=next(filter(None, lacks), ""), trained=trained)
    if test.expect == "among":
        return _among(test, [*ours.values()], rules)
    assert compared is not None
    comparison, other = compared
    return Tested(
        test=test,
        outcome=_outcome(test, comparison, other, rules),
        comparison=comparison,
        other=other if is_score(test.measure) else None,
        measured=_mean([value for value in ours.values() if math.isfinite(value)]),
        held_against=_mean([value for value in theirs.values() if math.isfinite(value)]),
        interval=comparison.interval,
        seeds=len(comparison.seeds),
    )


def _among(test: Check, numbers: Sequence[float], rules: Rules) -> Tested:
    """Could the printed number be one more seed's? By the prediction interval of Student's t."""
    assert isinstance(test.against, float | int)
    count, mean = len(numbers), _mean(numbers)
    if count < LEAST_GROUP:
        return Tested(test=test, outcome="too few scores", measured=mean, held_against=test.against, seeds=count)
    reach = float(stats.t.ppf(1 - rules.alpha / 2, count - 1)) * float(np.std(numbers, ddof=1)) * (1 + 1 / count) ** 0.5
    interval = Interval(mean - reach, mean + reach)
    return Tested(
        test=test,
        outcome="contrary" if interval.excludes(test.against) else "holds",
        measured=mean,
        held_against=float(test.against),
        interval=interval,
        seeds=count,
    )


_SIGNS: Mapping[Expectation, int] = {"lower": -1, "higher": 1}
_VERDICTS = {"better": -1, "worse": 1}


def _outcome(test: Check, item: Comparison, other: Comparison | None, rules: Rules) -> Outcome:
    if item.verdict == "too few scores":
        return "too few scores"
    shown = _VERDICTS.get(item.verdict, 0)
    if is_score(test.measure) and not isinstance(test.against, float | int) and abs(item.effect) <= rules.noise_floor:
        shown = 0
    if test.expect == "equal":
        # A difference may be sure and yet smaller than matters: more seeds must not make equal means unequal.
        if item.within and (other is None or other.within):
            return "holds"
        # So is one that shows by how many runs have a score at all; it has no interval.
        return "contrary" if shown and (item.matters or not math.isfinite(item.effect)) else "not shown"
    return "not shown" if not shown else "holds" if shown == _SIGNS[test.expect] else "contrary"


def _answered(claim: Claim, tests: tuple[Tested, ...]) -> Answered:
    named = dict.fromkeys(item.test.setting for item in tests if item.test.setting)
    settings = {name: by_rule(claim, [item for item in tests if item.test.setting == name]) for name in named}
    return Answered(claim=claim, answer=by_rule(claim, tests), tests=tests, settings=settings)


def by_rule(claim: Claim, tests: Sequence[Tested]) -> Answer:
    """By the claim's rule, as `config.claim.RULES` states it."""
    words = {speaks(claim, item) for item in tests}
    if not words - {"no data"}:
        return "cannot be tested here" if all(item.trained for item in tests) else "not trained yet"
    if claim.kind == "question" and words & {FOR, AGAINST}:
        return "described"
    if claim.rule == "some case" and FOR in words:
        return "confirmed"
    if {FOR, AGAINST} <= words:
        return "depends"
    if AGAINST in words and (claim.rule == "every case" or words == {AGAINST}):
        return "refuted"
    if words == {FOR}:
        return "confirmed"
    return "not shown" if all(item.trained for item in tests) else "not trained yet"


def _mean(numbers: Sequence[float]) -> float:
    return float(np.mean(numbers)) if len(numbers) else math.nan
