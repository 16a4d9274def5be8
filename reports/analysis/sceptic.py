"""Every answer once more as a sceptic would have it: by another score, earlier, or from half of the seeds. Pure.

A view is data: which metrics stand for the score, at which share of the training the tests of the end are read, and
which seeds count. The answers of a view are made by `claim_answers.answer`, like the ones that they are held against,
from other inputs: all of its tests are one family of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ablations.catalog.metrics import LABEL_FREE, READER, Kind, named
from ablations.config.claim import Check, Claim, Measure, Value
from ablations.store.result import Result
from reports.analysis.claim_answers import BOTH_KINDS, Answered, answer
from reports.analysis.claim_measures import Chooser, Runs, is_score
from reports.analysis.decision_rules import Rules
from reports.analysis.lengths import scored_steps

Change = Literal["same", "changed", "turned", "none"]
"""turned: from confirmed to refuted or back; changed: any other answer; none: the view has no answer to this claim."""
NEAR = 1 / 6
"""As a share of the training, how far from the wanted share a scored step may lie to stand for it."""


def _images(kind: Kind) -> Chooser:
    return lambda names: named(kind.images, names)


def _whole(kind: Kind) -> Chooser:
    return lambda names: named(kind.whole, names)


@dataclass(frozen=True, kw_only=True)
class View:
    """One way to look at all claims."""

    name: str
    says: str
    scores: tuple[Chooser, ...] = BOTH_KINDS
    """What stands for the score in a test: see `claim_answers.answer`."""
    share: float = 1.0
    """Of the training: where tests of the end are read, at the scored step nearest to it."""
    parity: Literal[0, 1] | None = None
    """Only seeds with this remainder by 2; None: all."""

    def changes(self, test: Check) -> bool:
        """Whether the test reads anything else in this view."""
        if self.parity is not None:
            return True
        if self.share < 1:
            return of_the_end(test)
        return any(map(is_score, test.sides))


VIEWS = (
    View(
        name="reader alone",
        says="the score by the reader's features alone: the label-free features need not agree",
        scores=(_images(READER),),
    ),
    View(
        name="label-free alone",
        says="the score by the label-free features alone",
        scores=(_images(LABEL_FREE),),
    ),
    View(
        name="plain distance",
        says="the plain Frechet distance by both kinds of features, class shares not evened out",
        scores=(_whole(READER), _whole(LABEL_FREE)),
    ),
    View(
        name="half length",
        says=(
            "tests of the end of the training read at the scored step nearest to its half; tests of curves and of "
            "fixed steps keep what they are"
        ),
        share=0.5,
    ),
    View(name="even seeds", says="the seeds 0, 2, 4 … alone", parity=0),
    View(name="odd seeds", says="the seeds 1, 3, 5 … alone", parity=1),
)


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One claim in one view."""

    said: str
    """The answer in this view (of a question: what its tests say), or why there is none."""
    change: Change
    kept: int = 0
    """Of the tests that show a lower or a higher number in the real answer, those whose mean stays on its side."""
    of: int = 0
    """How many such tests have a mean in this view."""


@dataclass(frozen=True, kw_only=True)
class Doubted:
    """An answer beside the same in every view."""

    item: Answered
    said: str
    cells: Mapping[str, Cell]
    """By the views' names."""

    @property
    def changed(self) -> bool:
        return any(cell.change in ("changed", "turned") for cell in self.cells.values())


def doubt(found: Sequence[Answered], runs: Runs, rules: Rules, views: Sequence[View] = VIEWS) -> tuple[Doubted, ...]:
    """The answers `found`, made of these runs by these rules, in every view.

    The noise floor is known of the score that carries verdicts; views of other scores have none.
    """
    claims = [item.claim for item in found]
    by_view = {view.name: _seen(view, claims, runs, rules) for view in views}
    return tuple(
        Doubted(
            item=item,
            said=_said(item),
            cells={view.name: _cell(view, item, by_view[view.name][index]) for view in views},
        )
        for index, item in enumerate(found)
    )


def of_the_end(test: Check) -> bool:
    """Whether a test reads the end of the training, and no fixed step after the start."""
    values = [side for side in test.sides if isinstance(side, Value) and side.same_seconds is None]
    steps = [side.step for side in values]
    return len(values) == len(test.sides) and None in steps and not any(steps)


def at_share(runs: Mapping[int, Result], share: float) -> dict[int, Result]:
    """The runs of one variant as if training had ended at the scored step nearest to a share of it.

    Those that ended before that stay what they are; without a step that is near enough, none is left.
    """
    steps = scored_steps([*runs.values()])
    whole = max((result.run.variant.steps for result in runs.values()), default=0)
    near = [step for step in steps if abs(step - share * whole) <= NEAR * whole]
    if not near:
        return {}
    step = min(near, key=lambda step: abs(step - share * whole))
    return {seed: _ended_at(step, result) for seed, result in runs.items()}


def _ended_at(step: int, result: Result) -> Result:
    upto = tuple(item for item in result.evaluations if item.step <= step)
    if not upto or upto[-1].step != step:
        return result
    return replace(result, status="finished", reason="", last_step=step, evaluations=upto)


def _seen(view: View, claims: Sequence[Claim], runs: Runs, rules: Rules) -> tuple[Answered, ...]:
    if view.parity is not None:
        runs = {
            name: {seed: item for seed, item in own.items() if seed % 2 == view.parity} for name, own in runs.items()
        }
    if view.share < 1:
        runs = {**runs, **{_earlier(name): at_share(own, view.share) for name, own in runs.items()}}
        claims = [replace(claim, tests=tuple(map(_read_earlier, claim.tests))) for claim in claims]
    floor = rules.noise_floor if view.scores[:1] == BOTH_KINDS[:1] else 0.0
    return answer(claims, runs, replace(rules, noise_floor=floor), scores=view.scores)


def _earlier(name: str) -> str:
    return f"{name} near half of its training"


def _read_earlier(test: Check) -> Check:
    if not of_the_end(test):
        return test

    def moved(side: Measure) -> Measure:
        return replace(side, of=_earlier(side.of)) if isinstance(side, Value) and side.step is None else side

    against = test.against if isinstance(test.against, float | int) else moved(test.against)
    return replace(test, measure=moved(test.measure), against=against)


def _cell(view: View, item: Answered, seen: Answered) -> Cell:
    if item.answer in ("cannot be tested here", "not trained yet"):
        return Cell(said="no answer to change", change="none")
    if not any(map(view.changes, item.claim.tests)):
        what = "no test of the end" if view.share < 1 else "no score in its tests"
        return Cell(said=what, change="none")
    pairs = list(zip(item.tests, seen.tests, strict=True))
    decided = [(ours, theirs) for ours, theirs in pairs if ours.outcome not in _EMPTY]
    if any(theirs.outcome == "too few scores" for _, theirs in decided):
        return Cell(said="too few scores", change="none")
    if lost := next((theirs.lacks for _, theirs in decided if theirs.outcome == "no data"), ""):
        return Cell(said=lost, change="none")
    products = [
        ours.difference * theirs.difference
        for ours, theirs in decided
        if ours.outcome in ("holds", "contrary") and ours.test.expect in ("lower", "higher")
    ]
    sides = [product > 0 for product in products if math.isfinite(product)]
    return Cell(said=_said(seen), change=_change(item, seen), kept=sum(sides), of=len(sides))


_EMPTY = ("too few scores", "no data")


def _change(item: Answered, seen: Answered) -> Change:
    if {item.answer, seen.answer} == {"confirmed", "refuted"}:
        return "turned"
    same = item.answer == seen.answer and (item.claim.kind != "question" or _outcomes(item) == _outcomes(seen))
    return "same" if same else "changed"


def _outcomes(item: Answered) -> list[str]:
    return [one.outcome for one in item.tests]


def _said(item: Answered) -> str:
    return item.counted if item.answer == "described" else item.answer
