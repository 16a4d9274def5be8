"""`ablations report STUDY`: the report from the archive alone."""

from __future__ import annotations

from pathlib import Path

import click

from ablations.commands.shared import build_report, difference_option, json_option, out_option, print_json, store_option


@click.command("report")
@click.argument("study")
@difference_option
@store_option
@out_option
@json_option
def command(study: str, difference: str | None, location: str, out: Path | None, as_json: bool) -> None:
    """Write the report of the stored STUDY again; trains nothing."""
    from ablations.store import Archive

    page = build_report(Archive.open(location), study, out, difference)
    if as_json:
        print_json({"study": study, "report": str(page)})
    else:
        click.echo(f"report: {page}")
