"""Markdown of a certificate: tables, and lines as a table. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ablations.scoring.certify.lines import Line

MARKS = {"holds": "\N{CHECK MARK}", "fails": "**\N{MULTIPLICATION X}**", "left out": "(\N{MULTIPLICATION X})"}
Rows = Sequence[Sequence[str]]


def lines_table(found: Sequence[Line]) -> Iterator[str]:
    rows = [
        (item.subject, f"`{item.metric}`", item.claim, MARKS.get(item.status, item.status), item.detail)
        for item in found
    ]
    yield from markdown_table(("check", "metric", "claim", "", "numbers"), rows)


def markdown_table(header: Sequence[str], rows: Rows, *, right: bool = False) -> Iterator[str]:
    """A Markdown table and an empty line; `right` aligns all but the first column."""
    rule = ["---", *(["---:"] if right else ["---"]) * (len(header) - 1)]
    for row in (header, rule, *rows):
        yield f"| {' | '.join(row)} |"
    yield ""
