"""Answered claims as a page shows them: rows of words and small figures, and a table. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from ablations.config.claim import RULES
from reports import words
from reports.analysis.claim_answers import AGAINST, FOR, Answer, Answered, Tested, speaks, stands
from reports.analysis.comparison import Interval
from reports.analysis.statuses import unscored
from reports.figures.svg import figure, tag

SYMBOLS: Mapping[Answer, str] = {
    "confirmed": "\N{CHECK MARK}",
    "refuted": "\N{MULTIPLICATION X}",
    "depends": "\N{PLUS-MINUS SIGN}",
    "described": "\N{RIGHTWARDS ARROW}",
    "not shown": "?",
    "not trained yet": "\N{WHITE CIRCLE}",
    "cannot be tested here": "\N{HORIZONTAL ELLIPSIS}",
}
CLASSES: Mapping[str, str] = {"confirmed": "better", "refuted": "worse", FOR: "better", AGAINST: "worse"}
"""To the style sheet's classes of verdicts; what a question's tests show has none."""
WIDE, HIGH, EDGE = 220, 22, 6


def row(
    item: Answered, settings: Mapping[str, str] | None = None, commands: Sequence[str] = (), overturn: str = ""
) -> dict[str, Any]:
    """A claim with its tests.

    Args:
        item: the claim, answered.
        settings: words for the names of settings.
        commands: what trains its runs.
        overturn: what would turn the answer.
    """
    said = settings or {}
    rule = "" if item.claim.rule == "as a whole" else RULES[item.claim.rule]
    return {
        "claim": item.claim,
        "answer": item.answer,
        "rule": f"Of {item.claim.rule}: {rule}." if rule else "",
        "depends_on": item.depends_on,
        "settings": [
            (said.get(name, name), found, SYMBOLS[found], CLASSES.get(found, ""))
            for name, found in item.settings.items()
        ],
        "symbol": SYMBOLS[item.answer],
        "css": CLASSES.get(item.answer, ""),
        "counted": item.counted,
        "commands": commands,
        "written": None,
        "overturn": overturn,
        "tests": [
            {
                "says": one.test.says,
                "setting": said.get(one.test.setting, one.test.setting),
                "speaks": stands(item.claim, one),
                "css": CLASSES.get(stands(item.claim, one), ""),
                "effect": effect(one),
                "evidence": evidence(one),
                "figure": whisker(one),
            }
            for one in item.tests
        ],
    }


def columns(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The settings that claims are answered for, in words, where there is more than one: a column each."""
    names = list(dict.fromkeys(name for row in rows for name, *_ in row["settings"]))
    return names if len(names) > 1 else []


def tally(found: Sequence[Answered]) -> str:
    """How many answers of each kind."""
    counts = Counter(item.answer for item in found)
    return ", ".join(f"{counts[kind]} {kind}" for kind in SYMBOLS if counts[kind])


def effect(one: Tested) -> str:
    """Both numbers and the difference with its interval; of the score by both kinds of features, which must agree."""
    if one.outcome == "no data":
        return one.lacks
    measured, against = words.number(one.measured), words.number(one.held_against)
    if one.test.expect == "among":
        return f"{measured}; one more seed would lie in {words.bounds(one.interval, sign=False)}; printed {against}"
    sides = [text if text != words.DASH else "no score" for text in (measured, against)]
    found = " against ".join(sides) + _difference(one.difference, one.interval)
    if one.other is not None and math.isfinite(one.other.effect):
        found += f"; by the label-free features{_difference(one.other.effect, one.other.interval).removeprefix(':')}"
    return found


def _difference(value: float, interval: Interval) -> str:
    if math.isnan(value):
        return ""
    return f": {words.signed(value)}" + ("" if math.isnan(interval.low) else f" {words.bounds(interval)}")


def evidence(one: Tested) -> str:
    """Of how many seeds, in how many of them the measure is lower, and the p values that decide."""
    item = one.comparison
    if item is None:
        return words.count(one.seeds, "seed") if one.seeds else ""
    notes = [words.seeds(item)]
    if item.seeds:
        notes[0] += f", lower in {sum(value < 0 for value in item.differences)}"
    p_values = [words.p_value(kind.p_difference) for kind in (item, one.other) if kind is not None]
    if known := [text for text in p_values if text != words.DASH]:
        notes.append("p " + " and ".join(dict.fromkeys(known)))
    lost = [unscored(counts) for counts in (item.treatment_counts, item.reference_counts)]
    if any(lost):
        notes.append(f"{lost[0]} and {lost[1]} runs without a score: p {words.p_value(item.p_statuses)}")
    return "; ".join(notes)


def whisker(one: Tested) -> Markup | None:
    """The difference and its interval around zero, to a scale of its own; what the test states is shaded."""
    low, high, at = one.interval.low, one.interval.high, one.difference
    if one.test.expect == "among":
        low, high, at = (value - one.measured for value in (low, high, one.held_against))
    if not all(map(math.isfinite, (low, high, at))):
        return None
    reach = 1.15 * max(abs(low), abs(high), abs(at)) or 1.0
    middle, half = WIDE / 2, WIDE / 2 - EDGE

    def across(value: float) -> float:
        return middle + half * value / reach

    sides = {"lower": (0.0, middle), "higher": (middle, middle)}
    start, width = sides.get(one.test.expect, (across(low), across(high) - across(low)))
    y = HIGH / 2
    solid = "mark" if one.outcome in ("holds", "contrary") else "mark hollow"
    parts = [
        tag("rect", x=start, y=0, width=width, height=HIGH, class_="floor"),
        tag("line", x1=middle, x2=middle, y1=0, y2=HIGH, class_="zero"),
        tag("line", x1=across(low), x2=across(high), y1=y, y2=y, class_="whisker"),
        tag("circle", cx=across(at), cy=y, r=4.5, class_=solid),
    ]
    hue = {"holds": "c1", "contrary": "c2"}.get(one.outcome, "c0")
    return figure(WIDE, HIGH, f"{one.test.says}: {effect(one)}", tag("g", *parts, class_=hue))


def claims_frame(found: Sequence[Answered]) -> pd.DataFrame:
    """One row a test of a claim; a claim without a test has one row."""
    rows = []
    settings = dict.fromkeys(name for item in found for name in item.settings)
    for item in found:
        head = {"claim": item.claim.name, "kind": item.claim.kind, "answer": item.answer}
        head |= {name: item.settings.get(name, "") for name in settings}
        for one in item.tests or (None,):
            row: dict[str, Any] = dict(head)
            if one is not None:
                row |= {
                    "test": one.test.says,
                    "setting": one.test.setting,
                    "expected": one.test.expect,
                    "outcome": one.outcome,
                    "speaks": speaks(item.claim, one),
                }
                row |= {"measured": one.measured, "held_against": one.held_against, "difference": one.difference}
                row |= {"low": one.interval.low, "high": one.interval.high, "seeds": one.seeds}
                row["p"] = one.comparison.p_difference if one.comparison else math.nan
            rows.append(row)
    return pd.DataFrame(rows)
