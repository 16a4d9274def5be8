"""The sceptic's page: a cell for each claim and view, those that change marked, and how many there are."""

from __future__ import annotations

import io
import re

import pandas as pd
import pytest

from ablations.config.claim import Check, Claim, Value
from reports.analysis.claim_answers import answer
from reports.analysis.decision_rules import Rules
from reports.analysis.sceptic import VIEWS, Doubted, doubt
from reports.pages.sceptic_page import counts, in_all, of_one, sceptic_pages
from tests.reports.made_up_runs import about, runs

LOW, HIGH = about(10.0, 1), about(20.0, 2)
BELOW = Check(says="a below b", measure=Value(of="s/a"), expect="lower", against=Value(of="s/b"))
FIXED = Check(says="c", measure=Value(of="s/c", step=50), expect="lower", against=Value(of="s/b", step=50))


@pytest.fixture(scope="module")
def doubted() -> tuple[Doubted, ...]:
    """S1-x turns by the plain distance alone; S1-y by nothing; of S1-z there are no runs."""
    made = runs(24, a={"reader": LOW, "plain": HIGH}, b={"reader": HIGH, "plain": about(15.0, 4)}, c={"reader": LOW})
    tests = {"x": BELOW, "y": FIXED, "z": Check(says="z", measure=Value(of="s/z"), expect="lower", against=1.0)}
    claims = [Claim(name=f"S1-{name}", text=f"claim {name}", tests=(test,)) for name, test in tests.items()]
    return doubt(answer(claims, made), made, Rules())


def test_what_changes_is_counted_by_view_and_in_all(doubted: tuple[Doubted, ...]) -> None:
    assert {item.view.name: (item.changed, item.turned, item.seen) for item in counts(doubted)} == {
        "reader alone": (0, 0, 2),
        "label-free alone": (0, 0, 2),
        "plain distance": (1, 1, 2),
        "half length": (0, 0, 1),
        "even seeds": (0, 0, 2),
        "odd seeds": (0, 0, 2),
    }
    assert in_all(doubted) == (
        "Of 2 answers that can be looked at otherwise, 1 changes in at least one view, 1 of them to the opposite."
    )
    assert [of_one(item) for item in doubted] == ["1 of 6 change it, 1 to the opposite", "all 5 the same", "none"]
    assert in_all(doubted[2:]) == "No answer has a view yet."


def test_every_cell_is_on_every_page_and_only_those_that_change_stand_out(doubted: tuple[Doubted, ...]) -> None:
    pages = sceptic_pages(doubted, {"S1": "x"})
    frame = pd.read_csv(io.StringIO(pages["sceptic.csv"]))
    assert len(frame) == 3 * len(VIEWS)
    assert list(frame[frame.change == "turned"][["claim", "view", "answer", "in_view"]].to_numpy().ravel()) == [
        "S1-x", "plain distance", "confirmed", "refuted",
    ]  # fmt: skip
    table = [row.split(" | ") for row in pages["sceptic.md"].splitlines() if row.startswith("| S1-")]
    assert [len(row) for row in table] == [2 + len(VIEWS)] * 3
    assert [cell for row in table for cell in row if "(turns)" in cell] == ["**refuted** (turns)"]
    html = pages["sceptic.html"]
    cells = re.findall(r'<td class="(\w+)" data-view="([^"]+)">', html)
    assert len(cells) == 3 * len(VIEWS)
    assert [view for change, view in cells if change in ("changed", "turned")] == ["plain distance"]
    assert "no test of the end" in html
    assert "<script" not in html
