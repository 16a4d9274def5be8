"""What would turn an answer, as a sentence of a page. Pure."""

from __future__ import annotations

import math

from ablations.catalog.metrics import LABEL_FREE
from reports import words
from reports.analysis.claim_answers import Answered, Outcome, quoted
from reports.analysis.decision_rules import Rules
from reports.analysis.overturn import DECIDED, UNANSWERED, Move, overturn
from reports.analysis.power import MOST_SEEDS

LISTED = 3
"""Tests that a sentence names."""
_OUTCOMES: dict[Outcome, str] = {"holds": "what the test states", "contrary": "the contrary", "not shown": "neither"}


def overturned_by(item: Answered, family: int, rules: Rules) -> str:
    """In words: the nearest other answer, and what it takes; empty where nothing was answered."""
    if item.answer in UNANSWERED:
        return ""
    found = overturn(item, family, rules)
    if found is None:
        few = any(one.outcome == "too few scores" for one in item.tests)
        return (
            "Too few scores to say what would turn this answer."
            if few
            else "No outcome of one test, nor more seeds at the differences that there are, would turn this answer."
        )
    named = [f"{quoted(made.one.test.says)} ({need(made)})" for made in found.moves[:LISTED]]
    if item.answer == "described":
        return f"What is described would change first with {named[0]}."
    rest = len(found.moves) - len(named)
    all_of = "; ".join(named) + (f", and {words.count(rest, 'test')} more" if rest else "")
    also = f" {words.count(found.others, 'other test')} could turn it alone." if found.others else ""
    if len(found.moves) > 1:
        return f"It would become {quoted(found.to)} only if these change together: {all_of}.{also}"
    return f"It would become {quoted(found.to)} first by {all_of}.{also}"


def need(made: Move) -> str:
    """How far a test is from its limit, and which result would move it."""
    one = made.one
    kind = f"by {LABEL_FREE.words}, " if made.by_other else ""
    if made.runs:
        return f"it rests on how runs ended: {words.count(made.runs, 'run')} would have to end with a score instead"
    if one.test.expect == "among":
        lies = f"the printed {words.number(made.limit)} lies {words.number(made.gap)}"
        return f"{lies} from the end of where one more seed would"
    if one.outcome == "too few scores" and made.more_seeds is not None:
        return (
            "all its runs have a score at one step and none at the other: "
            f"{words.count(made.more_seeds, 'more seed')} of the same kind would show {_OUTCOMES[made.to]}"
        )
    limit = "0" if made.limit == 0 else f"the margin of {words.signed(made.limit)}"
    if one.outcome in DECIDED:
        # From its limit a difference can only move towards it.
        more = "more" if made.again > one_effect(made) else "less"
        seeds = words.count(one.seeds, "seed")
        return (
            f"{kind}its interval ends {words.number(made.gap)} from {limit}; as many as its {seeds} again with a mean "
            f"difference of {words.signed(made.again)} or {more} would leave it open"
        )
    away = f"{kind}its interval reaches {words.number(made.gap)} beyond {limit}"
    if made.more_seeds is None:
        return f"{away}; it would take more than {MOST_SEEDS:,} seeds"
    more = f"about {words.count(made.more_seeds, 'more seed')} would show {_OUTCOMES[made.to]}"
    return f"{away}; {more}, if the difference stays what it is"


def one_effect(made: Move) -> float:
    """The difference that the move starts from."""
    item = made.one.other if made.by_other and made.one.other else made.one.comparison
    return item.effect if item else math.nan
