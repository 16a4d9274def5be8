"""`ablations claims`: what the documents claim, answered from the studies that the archive has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.shared import json_option, out_option, print_json, print_table, store_option

if TYPE_CHECKING:
    from ablations.store import Archive, StoredStudy
    from reports.analysis.claim_answers import Answered

DEFAULT = Path("results") / "reports" / "claims"
LONGEST = 90


@click.command("claims")
@store_option
@out_option("results/reports/claims")
@json_option
def command(location: str, out: Path | None, as_json: bool) -> None:
    """Answer the claims of the five documents from the stored studies; trains nothing.

    A claim whose studies are not stored cannot be answered: the page names the command that trains them.
    """
    from ablations.store.reading import existing, is_there
    from reports.pages.claims_page import build_claims

    folder, there = out or DEFAULT, is_there(location)
    if not there:
        click.echo(f"there is no store at {location}, so no claim is answered from runs", err=True)
    found = build_claims(stored_studies(existing(location)) if there else {}, folder)
    if as_json:
        print_json({"claims": [tree_of(item) for item in found], "page": str(folder / "claims.html")})
        return
    print_table(("claim", "answer", "tests", "text"), [_row(item) for item in found])
    click.echo(f"\npage: {folder / 'claims.html'}")


def stored_studies(archive: Archive) -> dict[str, StoredStudy]:
    """Those of the studies that the claims need which the archive has."""
    from ablations.catalog.claims import CLAIMS
    from ablations.config.claim import studies_of

    present = archive.studies()
    return {name: archive.read(name) for name in studies_of(CLAIMS) if name in present}


def tree_of(item: Answered) -> dict[str, Any]:
    from reports.pages.claim_rows import claims_frame

    claim = item.claim
    tests: Sequence[Any] = claims_frame([item]).to_dict("records") if item.tests else []
    keys = ("test", "expected", "outcome", "speaks", "measured", "held_against", "difference", "low", "high", "seeds")
    return {
        "claim": claim.name,
        "kind": claim.kind,
        "text": claim.text,
        "answer": item.answer,
        "tests": [{key: row[key] for key in (*keys, "p")} for row in tests],
        "command": claim.command,
    }


def _row(item: Answered) -> tuple[str, ...]:
    text = item.claim.text if len(item.claim.text) <= LONGEST else f"{item.claim.text[: LONGEST - 2]} …"
    return item.claim.name, item.answer, item.counted or "-", text
