"""`ablations data`: fetch a dataset, or verify the one that is there."""

from __future__ import annotations

from pathlib import Path

import click

from ablations.commands.data_options import DatasetName
from ablations.commands.shared import (
    data_folder_option,
    json_option,
    parts_option,
    print_json,
    traceback_option,
)


@click.command("data")
@click.argument("dataset", type=DatasetName(), default="mnist", metavar="[NAME|FOLDER]")
@parts_option
@traceback_option
@data_folder_option
@json_option
def command(dataset: str, data_folder: Path | None, as_json: bool) -> None:
    """Fetch a dataset unless it is there, by default mnist, or read a folder; verify it, and print its digest.

    NAME is a dataset of `ablations list`, FOLDER one of IDX files or of pictures: FOLDER@64 scales these to 64x64.
    """
    import torch

    from ablations import data

    found = data.load_dataset(dataset, folder=data_folder, notify=lambda line: click.echo(line, err=True))
    facts = {
        "dataset": found.name,
        "folder": str(data.data_folder(data_folder)),
        "images": str(found.shape),
        "training images": len(found.train_images),
        "test images": len(found.test_images),
        "digest": found.digest,
    }
    if found.train_labels is not None:
        counts = torch.bincount(found.train_labels).tolist()
        facts["classes"] = f"{len(counts)}, of {min(counts):,} to {max(counts):,} training images each"
    if as_json:
        print_json({key.replace(" ", "_"): value for key, value in facts.items()})
        return
    for key, value in facts.items():
        click.echo(f"{key:16}{value}")
