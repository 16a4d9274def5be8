"""`ablations mirror`: bring MLflow's page up to date with the archive, or make it from nothing."""

from __future__ import annotations

import click

from ablations.commands.shared import store_option


@click.command("mirror")
@store_option
@click.option("--to", "location_of_mirror", metavar="LOCATION", help="A folder or an MLflow tracking URI.")
@click.option("--artifacts", metavar="PLACE", help="For a database other than sqlite: a folder or URI for artifacts.")
def command(location: str, location_of_mirror: str | None, artifacts: str | None) -> None:
    """Write into MLflow whatever of the archive it lacks. Writing twice writes once."""
    from ablations.store.mirror import Mirror
    from ablations.store.reading import existing

    archive = existing(location)
    mirror = Mirror.open(location_of_mirror or archive.root, artifacts)
    written = mirror.sync(archive)
    click.echo(f"{written} run{'' if written == 1 else 's'} written; the mirror has all of {location}")
