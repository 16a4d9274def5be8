"""`ablations ui`: MLflow's page of the store."""

from __future__ import annotations

import click

from ablations.commands.shared import store_option


@click.command("ui")
@store_option
@click.option("--port", type=click.IntRange(1, 65535), default=5000, show_default=True)
def command(location: str, port: int) -> None:
    """Serve MLflow's page of the store, to this machine only, until Ctrl-C."""
    from ablations.store import serve

    click.echo(f"http://127.0.0.1:{port} shows {location}; stop it with Ctrl-C")
    serve(location, port=port)
