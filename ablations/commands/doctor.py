"""`ablations doctor`: what this installation is, and what is wrong with it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from ablations.commands.shared import data_folder_option, data_option, json_option, print_json, store_option


@click.command("doctor")
@data_option
@data_folder_option
@store_option
@json_option
def command(dataset: str, data_folder: Path | None, location: str, as_json: bool) -> None:
    """Check the installation, the device, the data, the disk and the store, and print what every run records.

    Changes nothing. Exit code 1 where something is wrong.
    """
    from ablations.execution.doctor import examine, facts

    checks = list(examine(location, data_folder, dataset))
    if as_json:
        print_json({"checks": [dataclasses.asdict(check) for check in checks], "facts": facts()})
    else:
        for check in checks:
            click.echo(f"{'ok   ' if check.ok else 'WRONG'}  {check.name:11}{check.says}")
        click.echo()
        for name, value in facts().items():
            click.echo(f"{name:26}{value}")
    if not all(check.ok for check in checks):
        raise click.exceptions.Exit(1)
