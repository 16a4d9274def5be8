"""The page of the doubts: every claim in every view, what changes, how often. With Markdown and a table beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reports import words
from reports.analysis.sceptic import VIEWS, Cell, Change, Doubted, View
from reports.pages.claim_rows import CLASSES, SYMBOLS
from reports.pages.rendering import render

MARKS: Mapping[Change, str] = {"same": "", "changed": "changes", "turned": "turns", "none": ""}
"""How a cell that stands out is marked, beside its colour."""


@dataclass(frozen=True, kw_only=True)
class Count:
    """What a view does to all answers."""

    view: View
    seen: int
    """Claims that have an answer in it."""
    changed: int
    turned: int
    """Of those that change: from confirmed to refuted or back."""
    kept: int
    """Of the tests that show a lower or a higher number, those whose mean stays on its side."""
    of: int


def counts(found: Sequence[Doubted], views: Sequence[View] = VIEWS) -> tuple[Count, ...]:
    """One a view, in their order."""
    made = []
    for view in views:
        cells = [item.cells[view.name] for item in found]
        changes = [cell.change for cell in cells if cell.change != "none"]
        made.append(
            Count(
                view=view,
                seen=len(changes),
                changed=len(changes) - changes.count("same"),
                turned=changes.count("turned"),
                kept=sum(cell.kept for cell in cells),
                of=sum(cell.of for cell in cells),
            )
        )
    return tuple(made)


def in_all(found: Sequence[Doubted]) -> str:
    """How many answers change in any view, in a sentence."""
    answered = [item for item in found if any(cell.change != "none" for cell in item.cells.values())]
    changed = sum(item.changed for item in answered)
    turned = sum(any(cell.change == "turned" for cell in item.cells.values()) for item in answered)
    if not answered:
        return "No answer has a view yet."
    return (
        f"Of {words.count(len(answered), 'answer')} that can be looked at otherwise, {changed} "
        f"{'changes' if changed == 1 else 'change'} in at least one view, {turned or 'none'} of them to the opposite."
    )


def of_one(item: Doubted) -> str:
    """How many views change one answer, in a few words."""
    changes = [cell.change for cell in item.cells.values() if cell.change != "none"]
    changed = len(changes) - changes.count("same")
    if not changes:
        return "none"
    turned = changes.count("turned")
    also = f", {turned} to the opposite" if turned else ""
    return f"{changed} of {len(changes)} change it{also}" if changed else f"all {len(changes)} the same"


def sceptic_pages(found: Sequence[Doubted], sources: Mapping[str, str]) -> dict[str, str]:
    """`sceptic.html`, `sceptic.md` and `sceptic.csv`."""
    context = {
        "rows": [_row(item) for item in found],
        "counts": counts(found),
        "in_all": in_all(found),
        "sources": sources,
        "words": words,
    }
    pages = {name: render(f"{name}.j2", context) for name in ("sceptic.html", "sceptic.md")}
    return pages | {"sceptic.csv": sceptic_frame(found).to_csv(index=False)}


def sceptic_frame(found: Sequence[Doubted]) -> pd.DataFrame:
    """One row a claim and view."""
    return pd.DataFrame(
        [
            {
                "claim": item.item.claim.name,
                "answer": item.said,
                "view": name,
                "in_view": cell.said,
                "change": cell.change,
                "sides_kept": cell.kept,
                "sides": cell.of,
            }
            for item in found
            for name, cell in item.cells.items()
        ]
    )


def _row(item: Doubted) -> dict[str, Any]:
    return {
        "claim": item.item.claim,
        "said": item.said,
        "answer": item.item.answer,
        "unanswered": all(cell.change == "none" for cell in item.cells.values()),
        "symbol": SYMBOLS[item.item.answer],
        "css": CLASSES.get(item.item.answer, ""),
        "changed": item.changed,
        "cells": [_cell(name, cell) for name, cell in item.cells.items()],
    }


def _cell(name: str, cell: Cell) -> dict[str, str]:
    return {"view": name, "said": cell.said, "css": cell.change, "mark": MARKS[cell.change]}
