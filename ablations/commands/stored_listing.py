"""`ablations list --stored`: what an archive has of its studies, by how their runs ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.shared import print_json, print_table

if TYPE_CHECKING:
    from ablations.store import Archive

MISSING = "missing"


def show_stored(archive: Archive, study: str | None, as_json: bool) -> None:
    """The studies, or the variants of one; as JSON, one's runs too.

    Raises:
        StoreError: the archive has no such study.
    """
    if study is None:
        _show_studies(archive, as_json)
        return
    members = archive.members(study)
    heads = archive.heads([member.key for member in members])
    runs: list[dict[str, Any]] = []
    statuses: dict[str, list[str]] = {}
    for member in members:
        head = heads.get(member.key)
        status, step = (MISSING, None) if head is None else (head.status, head.last_step)
        runs.append({"variant": member.variant, "seed": member.seed, "key": member.key, "status": status, "step": step})
        statuses.setdefault(member.variant, []).append(status)
    counts = {name: _counts(items) for name, items in statuses.items()}
    if as_json:
        print_json({"study": study, "variants": counts, "runs": runs})
    else:
        _print("variant", counts)


def _show_studies(archive: Archive, as_json: bool) -> None:
    members = {name: archive.members(name) for name in archive.studies()}
    keys = set(archive.keys())
    heads = archive.heads(sorted(keys | {member.key for items in members.values() for member in items}))
    counts = {
        name: _counts(heads[item.key].status if item.key in heads else MISSING for item in items)
        for name, items in members.items()
    }
    if as_json:
        print_json({"studies": counts, "runs": len(keys)})
        return
    _print("study", counts)
    click.echo(f"\n{len(keys):,} runs in all; a run of several studies counts in each")


def _counts(statuses: Iterable[str]) -> dict[str, int]:
    found = Counter(statuses)
    return {"runs": found.total(), **dict(sorted(found.items()))}


def _print(title: str, counts: dict[str, dict[str, int]]) -> None:
    """A row each, and a column for every status that occurs."""
    columns = list(dict.fromkeys(["runs", *sorted({name for row in counts.values() for name in row})]))
    rows = [(name, *(f"{row.get(column, 0):,}" for column in columns)) for name, row in counts.items()]
    print_table((title, *columns), rows, right=frozenset(range(1, len(columns) + 1)))
