"""The documents' claims answered from stored studies. Pure: claims and results in, answers out.

Every test becomes a contrast of two columns of numbers, paired by seed, and all tests of all claims are judged together
by `verdicts.compare`: one family, the same intervals and the same demands as in a study's report. A test of the score
needs both kinds of features to agree, as there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from scipy import stats

from ablations.catalog.claims.model import SETTINGS, Check, Claim, Curve, Expectation, Measure, Setting, Value
from ablations.catalog.metrics import PRIMARY, facts, primary, second
from ablations.config import Contrast
from ablations.store.outcomes import FINISHED, outcome
from ablations.store.result import Evaluation, Result
from reports.analysis.agreement import agree
from reports.analysis.comparison import NO_INTERVAL, Comparison, Interval
from reports.analysis.decision_rules import Rules
from reports.analysis.groups import LEAST_GROUP
from reports.analysis.statuses import INTERRUPTED
from reports.analysis.verdicts import compare

Outcome = Literal["holds", "contrary", "not shown", "too few seeds", "no data"]
Answer = Literal["confirmed", "refuted", "depends", "described", "not shown", "cannot be tested here"]

Runs = Mapping[str, Mapping[int, Result]]
"""\"study/variant" to seed to run."""

Chooser = Callable[[Iterable[str]], str | None]
"""From the names of a result's metrics, the one that stands for the score."""

_DERIVED: Mapping[str, Callable[[Mapping[str, float]], float]] = {
    "worst_label_accuracy": lambda metrics: min(
        (value for name, value in metrics.items() if facts(name).name == "label_accuracy_{}"), default=math.nan
    ),
}
_HALVES = {"d_loss": ("d_loss_real", "d_loss_fake")}


@dataclass(frozen=True, kw_only=True)
class Tested:
    """One test and its outcome."""

    test: Check
    outcome: Outcome
    comparison: Comparison | None = None
    """None without data, or for a printed figure."""
    measured: float = math.nan
    """Mean of the measure over the paired seeds."""
    held_against: float = math.nan
    """Mean of what it is held against."""
    interval: Interval = field(default_factory=lambda: NO_INTERVAL)
    """Of the mean difference; for a printed figure where one more seed would lie."""
    seeds: int = 0

    @property
    def difference(self) -> float:
        return self.measured - self.held_against


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A claim and its answer."""

    claim: Claim
    answer: Answer
    tests: tuple[Tested, ...]
    settings: Mapping[Setting, Answer] = field(default_factory=dict)
    """The same by the tests of one setting alone; a setting without tests is left out."""

    @property
    def depends_on(self) -> str:
        """Which tests speak for the claim and which against it, where both are there; else empty."""
        if self.answer != "depends":
            return ""
        tests = [(speaks(self.claim, one), one.test.says) for one in self.tests]
        said = {word: [says for spoken, says in tests if spoken == word] for word in (FOR, AGAINST)}
        return "; ".join(f"{word}: {', '.join(those)}" for word, those in said.items())

    @property
    def counted(self) -> str:
        """How many of its tests speak for it, how many against it."""
        words = [speaks(self.claim, item) for item in self.tests]
        return ", ".join(f"{words.count(word)} {_SHORT.get(word, word)}" for word in _SPEAKS if word in words)


FOR, AGAINST = "for the claim", "against the claim"
_WORDS: Mapping[Outcome, str] = {"holds": FOR, "contrary": AGAINST}
_TURNED: Mapping[Outcome, Outcome] = {"holds": "contrary", "contrary": "holds"}
_SPEAKS = (FOR, AGAINST, "not shown", "too few seeds", "no data")
_SHORT = {FOR: "for it", AGAINST: "against it", "no data": "without data"}


def speaks(claim: Claim, item: Tested) -> str:
    """What a test says of the claim: of a denied one, a test that holds speaks against it."""
    outcome = _TURNED.get(item.outcome, item.outcome) if claim.denied else item.outcome
    return _WORDS.get(outcome, outcome)


def answer(claims: Sequence[Claim], runs: Runs, rules: Rules | None = None) -> tuple[Answered, ...]:
    """Answer every claim. `rules.noise_floor` bounds differences of the score only."""
    rules = rules or Rules()
    tests = dict.fromkeys(test for claim in claims for test in claim.tests)
    compared = [test for test in tests if test.expect != "among" and all(_columns(test, runs, primary))]
    found = dict(zip(compared, _compared(compared, runs, rules), strict=True))
    tested = {test: _tested(test, found.get(test), runs, rules) for test in tests}
    return tuple(_answered(claim, tuple(tested[test] for test in claim.tests)) for claim in claims)


def values(measure: Measure, runs: Runs, score: Chooser = primary) -> dict[int, float]:
    """Seed to number. Seeds that have none are left out; `score` says which metric stands for the score."""
    found = {}
    for seed, result in runs.get(measure.of, {}).items():
        number = _value(measure, seed, result, runs, score) if isinstance(measure, Value) else _curve(measure, result)
        if number is not None:
            found[seed] = number * measure.scale
    return found


def ended(measure: Measure | float, runs: Runs) -> dict[int, str]:
    """Seed to how its run counts, where the score is measured: to end without one is an outcome, not a gap."""
    if isinstance(measure, float | int) or not _is_score(measure):
        return {}
    found = {seed: outcome(result).status for seed, result in runs.get(measure.of, {}).items()}
    return {seed: status for seed, status in found.items() if status not in (FINISHED, INTERRUPTED)}


def _compared(tests: Sequence[Check], runs: Runs, rules: Rules) -> list[Comparison]:
    """By the score and by the other kind of features, where the runs of all sides have that."""
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
    bare = replace(rules, noise_floor=0.0)
    one, other = (
        compare(
            {
                side: column
                for test, contrast in zip(tests, contrasts, strict=True)
                for side, column in zip(
                    (contrast.treatment, contrast.reference), _columns(test, runs, score), strict=True
                )
            },
            contrasts,
            bare,
            statuses,
        )
        for score in (primary, second)
    )
    both = [all(_columns(test, runs, second)) for test in tests]
    return [agree(a, b if there else None) for a, b, there in zip(one, other, both, strict=True)]


def _columns(test: Check, runs: Runs, score: Chooser) -> tuple[dict[int, float], dict[int, float]]:
    ours = values(test.measure, runs, score)
    if isinstance(test.against, float | int):
        return ours, dict.fromkeys(sorted({*ours, *ended(test.measure, runs)}), float(test.against))
    theirs = values(test.against, runs, score)
    lost = {*ended(test.measure, runs)}, {*ended(test.against, runs)}
    # A side of which no run has a score still has an answer, by how its runs ended: NaN keeps its place.
    return ours or dict.fromkeys(lost[0], math.nan), theirs or dict.fromkeys(lost[1], math.nan)


def _value(measure: Value, seed: int, result: Result, runs: Runs, score: Chooser) -> float | None:
    if result.status != FINISHED or (_is_score(measure) and outcome(result).status != FINISHED):
        return None
    if measure.same_seconds is not None:
        other = runs.get(measure.same_seconds, {}).get(seed)
        ready = other is not None and other.status == FINISHED
        return _at_seconds(measure.name, result, other, score) if ready and other is not None else None
    chosen = [item for item in result.evaluations if measure.step in (None, item.step)]
    return _number(measure.name, chosen[-1], score) if chosen else None


def _at_seconds(name: str, result: Result, other: Result, score: Chooser) -> float | None:
    """The score at the training seconds of the faster of two runs, linear between the evaluations."""
    seconds = min(item.evaluations[-1].train_seconds for item in (result, other))
    points = [(item.train_seconds, _number(name, item, score)) for item in result.evaluations]
    known = np.array([(at, value) for at, value in points if value is not None])
    return float(np.interp(seconds, known[:, 0], known[:, 1])) if len(known) else None


def _number(name: str, evaluation: Evaluation, score: Chooser) -> float | None:
    """A metric by its name, with or without its number of samples; None where it was not taken or is not finite."""
    metrics = evaluation.metrics
    if name == PRIMARY:
        value = metrics.get(score(metrics) or "", math.nan)
    elif name in _DERIVED:
        value = _DERIVED[name](metrics)
    else:
        value = next((value for key, value in metrics.items() if name in (key, facts(key).name)), math.nan)
    return float(value) if math.isfinite(value) else None


def _curve(measure: Curve, result: Result) -> float | None:
    """The mean over the window; None where the run did not get through it."""
    names = _HALVES.get(measure.name, (measure.name,))
    steps = result.run.variant.steps
    first, last = round(measure.start * steps), max(round(measure.start * steps) + 1, round(measure.stop * steps))
    if result.last_step < last or any(name not in result.curves for name in names):
        return None
    mean = float(np.mean([np.asarray(result.curves[name][first:last], dtype=float).mean() for name in names]))
    return mean if math.isfinite(mean) else None


def _tested(test: Check, comparison: Comparison | None, runs: Runs, rules: Rules) -> Tested:
    ours, theirs = _columns(test, runs, primary)
    if not ours or not theirs:
        return Tested(test=test, outcome="no data")
    if test.expect == "among":
        return _among(test, [*ours.values()], rules)
    assert comparison is not None
    shared = comparison.seeds
    return Tested(
        test=test,
        outcome=_outcome(test, comparison, rules),
        comparison=comparison,
        measured=_mean([ours[seed] for seed in shared]),
        held_against=_mean([theirs[seed] for seed in shared]),
        interval=comparison.interval,
        seeds=len(shared),
    )


def _among(test: Check, numbers: Sequence[float], rules: Rules) -> Tested:
    """Could the printed number be one more seed's? By the prediction interval of Student's t."""
    assert isinstance(test.against, float | int)
    count, mean = len(numbers), _mean(numbers)
    if count < LEAST_GROUP:
        return Tested(test=test, outcome="too few seeds", measured=mean, held_against=test.against, seeds=count)
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


def _outcome(test: Check, item: Comparison, rules: Rules) -> Outcome:
    if item.verdict == "too few seeds":
        return "too few seeds"
    shown = _VERDICTS.get(item.verdict, 0)
    if _is_score(test.measure) and not isinstance(test.against, float) and abs(item.effect) <= rules.noise_floor:
        shown = 0
    if test.expect == "equal":
        return "holds" if item.verdict == "equivalent" else "contrary" if shown and item.matters else "not shown"
    return "not shown" if not shown else "holds" if shown == _SIGNS[test.expect] else "contrary"


def _is_score(measure: Measure) -> bool:
    return isinstance(measure, Value) and measure.name == PRIMARY


def _answered(claim: Claim, tests: tuple[Tested, ...]) -> Answered:
    parts = {name: [item for item in tests if item.test.setting == name] for name in SETTINGS}
    settings = {name: _answer(claim, part) for name, part in parts.items() if part}
    return Answered(claim=claim, answer=_answer(claim, tests), tests=tests, settings=settings)


def _answer(claim: Claim, tests: Sequence[Tested]) -> Answer:
    """By the rule that `Claim` states."""
    words = {speaks(claim, item) for item in tests}
    if not words - {"no data"}:
        return "cannot be tested here"
    if claim.kind == "question":
        return "described"
    if {FOR, AGAINST} <= words:
        return "depends"
    if AGAINST in words and (claim.every_case or words == {AGAINST}):
        return "refuted"
    return "confirmed" if words == {FOR} else "not shown"


def _mean(numbers: Sequence[float]) -> float:
    return float(np.mean(numbers)) if len(numbers) else math.nan
