"""What would turn an answer: which of its tests lies nearest to another outcome, how far off, and what it takes. Pure.

Every test is moved, alone or with others, to the outcome that lies next to its own, and the claim's rule is asked
again. Distances are in half-widths of the interval, on the side of the limit: 0 is a test whose interval ends at its
limit.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.analysis.claim_answers import AGAINST, FOR, Answer, Answered, Outcome, Tested, by_rule, speaks
from reports.analysis.comparison import Comparison
from reports.analysis.decision_rules import Rules
from reports.analysis.guarded import critical
from reports.analysis.power import MOST_SEEDS
from reports.analysis.statuses import exact_p, paired_p, share_unscored, unscored

UNANSWERED: tuple[Answer, ...] = ("not trained yet", "cannot be tested here")
DECIDED: tuple[Outcome, ...] = ("holds", "contrary")


@dataclass(frozen=True, kw_only=True)
class Move:
    """One test, come to the outcome next to its own."""

    one: Tested
    to: Outcome
    distance: float
    """In half-widths of its interval; infinite where no number of seeds is known to bring it about."""
    gap: float = math.nan
    """How far the interval's nearer end lies from its limit, in units of the measure."""
    limit: float = 0.0
    """The difference at which the outcome changes: 0, or the margin on either side."""
    again: float = math.nan
    """Of a test with an outcome: about which mean difference of as many seeds again would bring the interval to its
    limit, if they scatter about it as these do about theirs."""
    more_seeds: int | None = None
    """Of an open test: how many more seeds would decide it if the difference stays what it is; None: more than
    `MOST_SEEDS`, or none would."""
    runs: int = 0
    """Of a test that rests on how runs ended: how many would have to end otherwise."""
    by_other: bool = False
    """It is the other kind of features that lies nearer to its limit."""


@dataclass(frozen=True, kw_only=True)
class Overturn:
    """The nearest other answer."""

    to: Answer
    moves: tuple[Move, ...]
    """All of these are needed."""
    others: int
    """How many other tests could each turn the answer alone."""


def overturn(item: Answered, family: int, rules: Rules) -> Overturn | None:
    """What would turn an answer first; None where nothing was answered, or nothing that its tests might show would.

    `family` is how many tests share the error.
    """
    if item.answer in UNANSWERED:
        return None
    moves = [made for one in item.tests if (made := move(one, family, rules))]
    alone = [(made,) for made in moves]
    words = {FOR, AGAINST} if item.claim.kind != "question" else set()
    groups = [[made for made in moves if speaks(item.claim, made.one) == word] for word in words]
    groups.append([made for made in moves if made.one.outcome not in DECIDED])
    found = [
        Overturn(to=to, moves=tuple(chosen), others=0)
        for chosen in [*alone, *(group for group in groups if len(group) > 1)]
        if math.isfinite(max(made.distance for made in chosen)) and (to := _then(item, chosen)) != item.answer
    ]
    if not found and item.claim.kind == "question" and moves:
        first = min(moves, key=lambda made: made.distance)
        return Overturn(to="described", moves=(first,), others=0) if math.isfinite(first.distance) else None
    if not found:
        return None
    nearest = min(found, key=lambda one: (max(made.distance for made in one.moves), len(one.moves)))
    singles = [one for one in found if len(one.moves) == 1]
    return replace(nearest, others=len(singles) - (len(nearest.moves) == 1))


def move(one: Tested, family: int, rules: Rules) -> Move | None:
    """The outcome next to a test's own; None without any numbers."""
    if one.outcome == "no data":
        return None
    if one.outcome == "too few scores":
        return _by_more_runs(one, one.comparison, family, rules)
    if one.comparison is None:
        return _printed(one)
    if one.comparison.rests_on == "statuses":
        return _by_runs(one, one.comparison, family, rules)
    kinds = [item for item in (one.comparison, one.other) if item is not None]
    level = rules.alpha / max(family, 1)
    if one.outcome in DECIDED:
        made = [_closing(one, item, level) for item in kinds]
        nearest = min(made, key=lambda item: item.distance)
    else:
        made = [_opening(one, item, level) for item in kinds]
        if len({item.to for item in made}) > 1:  # the kinds of features point to different sides
            return replace(made[0], distance=math.inf, more_seeds=None)
        nearest = max(made, key=lambda item: item.distance)
    return replace(nearest, by_other=nearest is made[-1] and len(made) > 1)


def _closing(one: Tested, item: Comparison, level: float) -> Move:
    """From an outcome to none: by how much the interval would have to shift, and which new seeds would leave it open.

    Of as many seeds again, which scatter about their own mean as these do about theirs: that the halves differ widens
    the interval too.
    """
    low, high, effect = item.interval.low, item.interval.high, item.effect
    if one.test.expect == "equal" and one.outcome == "holds":
        limits = {item.margin: (item.margin - high, high), -item.margin: (low + item.margin, low)}
    else:
        size = item.margin if one.test.expect == "equal" else 0.0
        side = math.copysign(size, effect)
        limits = {side: (low - side, low) if effect > 0 else (side - high, high)}
    limit, (gap, end) = min(limits.items(), key=lambda pair: pair[1][0])
    half = abs(end - effect)
    return Move(
        one=one, to="not shown", distance=_ratio(gap, half), gap=gap, limit=limit,
        again=_again(effect, end > effect, half, limit, min(item.treatment_scores, item.reference_scores), level),
    )  # fmt: skip


def _again(effect: float, upward: bool, half: float, limit: float, seeds: int, level: float) -> float:
    """The mean difference of as many seeds again, on the way from `effect` to `limit` and beyond, from which the
    interval of all of them, whose half-width is `half` now, holds the limit.
    """
    now, then = (float(critical(level, count - 1)) for count in (seeds, 2 * seeds))
    variance = (half / now) ** 2 * seeds
    sign = 1.0 if upward else -1.0

    def open_at(shift: float) -> bool:
        """The halves lie `shift` apart."""
        pooled = (2 * (seeds - 1) * variance + seeds * shift**2 / 2) / (2 * seeds - 1)
        reach = then * math.sqrt(pooled / (2 * seeds))
        return sign * (effect + sign * shift / 2) + reach >= sign * limit

    low, high = 0.0, 2 * abs(limit - effect)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if open_at(middle) else (middle, high)
    return effect + sign * high


def _opening(one: Tested, item: Comparison, level: float) -> Move:
    """From no outcome to the one that the difference would have if it were sure."""
    low, high, effect = item.interval.low, item.interval.high, item.effect
    seeds = min(item.treatment_scores, item.reference_scores)
    # What is left of each side of the interval where it ends at its limit: (half now, half then, end, limit).
    sides = [
        (effect - low, effect + item.margin, low, -item.margin),
        (high - effect, item.margin - effect, high, item.margin),
    ]
    if one.test.expect == "equal" and abs(effect) < item.margin:
        to: Outcome = "holds"
    else:
        to = "holds" if (effect < 0) == (one.test.expect == "lower") and one.test.expect != "equal" else "contrary"
        size = item.margin if one.test.expect == "equal" else 0.0
        sides = (
            [(effect - low, effect - size, low, size)] if effect > 0 else [(high - effect, -size - effect, high, -size)]
        )
    half, wanted, reach, limit = max(sides, key=lambda one: _ratio(one[0], one[1]))
    needed = _seeds_for(half, wanted, seeds, level)
    return Move(
        one=one,
        to=to,
        distance=max(0.0, _ratio(half, wanted) - 1),
        gap=abs(reach - limit),
        limit=limit,
        more_seeds=None if needed is None else needed - seeds,
    )


def _seeds_for(half: float, wanted: float, seeds: int, level: float) -> int | None:
    """With how many seeds the half-width of an interval, `half` with `seeds`, is about as small as wanted."""
    now = float(critical(level, seeds - 1))

    def reached(n: int) -> bool:
        return half * float(critical(level, n - 1)) / now * math.sqrt(seeds / n) <= wanted

    counts = range(seeds, MOST_SEEDS + 1)
    first = bisect_left(counts, True, key=reached)
    return counts[first] if first < len(counts) else None


def _printed(one: Tested) -> Move:
    """A printed number inside or outside of where one more seed would lie."""
    assert isinstance(one.test.against, float | int)
    ends = (one.interval.low, one.interval.high)
    end = min(ends, key=lambda value: abs(value - one.test.against))  # type: ignore[operator]
    gap = abs(end - one.test.against)
    to: Outcome = "contrary" if one.outcome == "holds" else "holds"
    return Move(one=one, to=to, distance=_ratio(gap, abs(end - one.measured)), gap=gap, limit=float(one.test.against))


def _by_runs(one: Tested, item: Comparison, family: int, rules: Rules) -> Move:
    """How many runs of the side that lost more would have had to end with a score."""
    share = rules.alpha / max(family, 1) / 2
    worse, better = item.treatment_counts, item.reference_counts
    if share_unscored(worse) < share_unscored(better):
        worse, better = better, worse
    lost, total = unscored(worse), sum(worse.values())
    for runs in range(1, lost + 1):
        if item.same_runs:
            p = paired_p(range(lost - runs), range(total, total + unscored(better)))
        else:
            p = exact_p({"finished": total - lost + runs, "lost": lost - runs}, better)
        if p >= share:
            return Move(one=one, to="not shown", distance=runs / lost, runs=runs)
    return Move(one=one, to="not shown", distance=math.inf, runs=lost)


def _by_more_runs(one: Tested, item: Comparison | None, family: int, rules: Rules) -> Move:
    """Of the same runs, all of which have a score at one step and none at the other: with how many more such seeds it
    would be shown.
    """
    never = Move(one=one, to="holds", distance=math.inf)
    if item is None or not item.same_runs or {item.treatment_scores, item.reference_scores} != {
        0, total := sum(item.treatment_counts.values()),
    }:  # fmt: skip
        return never
    share = rules.alpha / max(family, 1) / 2
    needed = next(count for count in range(total, MOST_SEEDS) if paired_p(range(count), ()) < share)
    # that the treatment alone has a score is better, as a lower one is
    holds = (item.treatment_scores > 0) == (one.test.expect == "lower") and one.test.expect != "equal"
    return Move(
        one=one,
        to="holds" if holds else "contrary",
        distance=needed / total - 1,
        more_seeds=needed - total,
    )


def _then(item: Answered, moves: Sequence[Move]) -> Answer:
    moved = {made.one.test: made.to for made in moves}
    tests = [replace(one, outcome=moved.get(one.test, one.outcome)) for one in item.tests]
    return by_rule(item.claim, tests)


def _ratio(one: float, other: float) -> float:
    if other == 0:
        return math.inf if one else 0.0
    return one / other
