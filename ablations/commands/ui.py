"""`ablations ui`: MLflow's page of the archive."""

from __future__ import annotations

import contextlib

import click

from ablations.commands.shared import mirror_option, store_option


@click.command("ui")
@store_option
@mirror_option
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="0 takes a free one.")
def command(location: str, mirror: str | None, port: int) -> None:
    """Serve MLflow's page of the archive, to this machine only, until Ctrl-C.

    Prints the address of each study's table, with the columns that compare its variants, and of each search's charts.
    """
    from ablations.execution.mirroring import NONE
    from ablations.store.mirror import Mirror, leaving_on_sigterm, serve
    from ablations.store.reading import existing

    archive = existing(location)
    place = str(archive.root) if mirror in (None, NONE) else str(mirror)
    shown = Mirror.open(place)
    shown.sync(archive)
    pages = {study: shown.page(study) for study in shown.studies()}
    pages |= {f"search {name}": page for name, page in shown.search_pages().items()}
    with contextlib.suppress(KeyboardInterrupt), leaving_on_sigterm(), serve(place, port=port) as server:
        click.echo(f"{server.url} shows {location}; stop it with Ctrl-C")
        for study, page in pages.items():
            click.echo(f"{study}: {server.url}{page}")
        server.wait()
