"""The answers to the documents' claims as a page of their own, with Markdown and a table beside it."""

from __future__ import annotations

import math
import shlex
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from ablations.catalog import claims
from ablations.catalog.claims import CLAIMS
from ablations.catalog.claims.model import SETTINGS, Claim, Setting, studies_of
from ablations.catalog.publication import SEEDS, WIDTH
from reports import words
from reports.analysis.claim_answers import AGAINST, FOR, Answer, Answered, Runs, Tested, answer, speaks
from reports.analysis.comparable import check_comparable
from reports.analysis.decision_rules import Rules
from reports.analysis.findings import stated_floor
from reports.analysis.statuses import unscored
from reports.figures.svg import figure, tag
from reports.pages.rendering import render, write_files

if TYPE_CHECKING:
    from ablations.store import StoredStudy

SYMBOLS: Mapping[Answer, str] = {
    "confirmed": "\N{CHECK MARK}",
    "refuted": "\N{MULTIPLICATION X}",
    "depends": "\N{PLUS-MINUS SIGN}",
    "described": "\N{RIGHTWARDS ARROW}",
    "not shown": "?",
    "cannot be tested here": "\N{HORIZONTAL ELLIPSIS}",
}
CLASSES: Mapping[str, str] = {"confirmed": "better", "refuted": "worse", FOR: "better", AGAINST: "worse"}
"""To the style sheet's classes of verdicts."""
SOURCES: Mapping[str, str] = {
    "S0": "a conditional GAN, one image at a time",
    "S1": "a first GAN, its refinements, a CNN",
    "S2": "a vanilla GAN with BatchNorm",
    "S3": "a GAN with dropout and Xavier initialisation",
    "S4": "a GAN with tiny initial weights",
}
"""What each document is about."""
_SETTING_WORDS: Mapping[Setting, str] = {"document": "the document's setting", "harness": "the harness' own"}
WIDE, HIGH, EDGE = 220, 22, 6


def answered(studies: Mapping[str, StoredStudy], claims: Sequence[Claim] = CLAIMS) -> tuple[Answered, ...]:
    """The claims answered from stored studies; those whose studies are missing come out as not tested.

    Raises:
        StoreError: runs whose scores cannot stand in one table.
    """
    results = [result for stored in studies.values() for result in stored.results]
    check_comparable("the claims", results)
    runs: dict[str, dict[int, Any]] = {}
    for name, stored in studies.items():
        for result in stored.results:
            runs.setdefault(f"{name}/{result.run.variant.name}", {})[result.run.seed] = result
    checked: Runs = runs
    return answer(claims, checked, Rules(noise_floor=stated_floor(tuple(results))))


def build_claims(studies: Mapping[str, StoredStudy], out: Path) -> tuple[Answered, ...]:
    """Write `claims.html`, `claims.md` and `claims.csv` into the folder `out`; returns the answers.

    Raises:
        StoreError: runs whose scores cannot stand in one table.
        UserError: the folder cannot be written.
    """
    found = answered(studies)
    context = page(found, studies)
    contents = {name: render(f"{name}.j2", context) for name in ("claims.html", "claims.md")}
    write_files(out, contents | {"claims.csv": claims_frame(found).to_csv(index=False)})
    return found


def page(found: Sequence[Answered], studies: Mapping[str, StoredStudy]) -> dict[str, Any]:
    """What the templates show."""
    family = {item.test for one in found for item in one.tests if item.comparison is not None}
    results = [result for stored in studies.values() for result in stored.results]
    return {
        "answers": [_claim(item, studies) for item in found],
        "tally": tally(found),
        "sources": SOURCES,
        "rules": Rules(noise_floor=stated_floor(tuple(results))),
        "tests": len(family),
        "written": written(),
        "studies": [(name, _numbers(stored)) for name, stored in studies.items()],
        "words": words,
    }


def written() -> str:
    """The commit that last changed the tests of the claims, and its date; empty outside a clone of the project."""
    folder = Path(claims.__file__).parent
    command = ["git", "-C", str(folder), "log", "-1", "--format=%h of %cs", "--", "."]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:  # no git
        return ""


def tally(found: Sequence[Answered]) -> str:
    """How many answers of each kind."""
    counts = Counter(item.answer for item in found)
    return ", ".join(f"{counts[kind]} {kind}" for kind in SYMBOLS if counts[kind])


def _numbers(stored: StoredStudy) -> str:
    seeds = Counter(result.run.variant.name for result in stored.results).values()
    least, most = min(seeds, default=0), max(seeds, default=0)
    each = f"{least}" if least == most else f"{least} to {most}"
    return f"{words.count(len(stored.results), 'run')} of {words.count(len(seeds), 'variant')}, {each} seeds each"


def _claim(item: Answered, studies: Mapping[str, StoredStudy]) -> dict[str, Any]:
    return {
        "claim": item.claim,
        "answer": item.answer,
        "depends_on": item.depends_on,
        "settings": [(_SETTING_WORDS[name], found) for name, found in item.settings.items()],
        "symbol": SYMBOLS[item.answer],
        "css": CLASSES.get(item.answer, ""),
        "counted": item.counted,
        "commands": commands(item, studies),
        "tests": [
            {
                "says": one.test.says,
                "setting": _SETTING_WORDS[one.test.setting],
                "speaks": speaks(item.claim, one),
                "css": CLASSES.get(speaks(item.claim, one), ""),
                "effect": effect(one),
                "evidence": evidence(one),
                "figure": whisker(one),
            }
            for one in item.tests
        ],
    }


def commands(item: Answered, studies: Mapping[str, StoredStudy]) -> list[str]:
    """What trains the runs behind a claim, in full and to the same bits; what would answer it, where nothing did."""
    found = []
    for name, variants in studies_of((item.claim,)).items():
        only = [word for variant in sorted(variants) for word in ("--only", variant)]
        found.append(shlex.join(["ablations", "run", name, *only, *_size(studies.get(name))]))
    return [*found, item.claim.command] if item.claim.command else found


def _size(stored: StoredStudy | None) -> tuple[str, ...]:
    seeds, width = SEEDS, WIDTH
    if stored is not None and stored.results:
        seeds, width = stored.study.seeds, max(result.run.width for result in stored.results)
    return ("--seeds", str(seeds), "--width", str(width))


def effect(one: Tested) -> str:
    """Both numbers and the difference with its interval."""
    if one.outcome == "no data":
        return "no run of it is stored"
    measured, against = words.number(one.measured), words.number(one.held_against)
    if one.test.expect == "among":
        return f"{measured}; one more seed would lie in {words.bounds(one.interval, sign=False)}; printed {against}"
    interval = "" if math.isnan(one.interval.low) else f" {words.bounds(one.interval)}"
    return f"{measured} against {against}: {words.signed(one.difference)}{interval}"


def evidence(one: Tested) -> str:
    item = one.comparison
    if item is None:
        return words.count(one.seeds, "seed") if one.seeds else ""
    notes = [words.seeds(item), f"p {words.p_value(item.p_difference)}"]
    lost = [unscored(counts) for counts in (item.treatment_counts, item.reference_counts)]
    if any(lost):
        notes.append(f"{lost[0]} and {lost[1]} runs without a score")
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
    for item in found:
        head = {"claim": item.claim.name, "kind": item.claim.kind, "answer": item.answer}
        head |= {name: item.settings.get(name, "") for name in SETTINGS}
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
