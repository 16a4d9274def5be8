"""`ablations ui`: MLflow's page of the store."""

from __future__ import annotations

import contextlib

import click

from ablations.commands.shared import store_option


@click.command("ui")
@store_option
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="0 takes a free one.")
def command(location: str, port: int) -> None:
    """Serve MLflow's page of the store, to this machine only, until Ctrl-C.

    Prints the address of each study's table, with the columns that compare its variants, and of each search's charts.
    """
    from ablations.store import Store, serve

    store = Store.open(location)
    pages = {study: store.page(study) for study in store.studies()}
    pages |= {f"search {name}": page for name, page in store.search_pages().items()}
    with contextlib.suppress(KeyboardInterrupt), serve(location, port=port) as server:
        click.echo(f"{server.url} shows {location}; stop it with Ctrl-C")
        for study, page in pages.items():
            click.echo(f"{study}: {server.url}{page}")
        server.wait()
