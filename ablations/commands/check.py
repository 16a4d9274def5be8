"""`ablations check FILE`: examine a user's own parts before a study trains them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from ablations.commands.data_options import DatasetName
from ablations.commands.engine_options import isa_option
from ablations.commands.shared import (
    data_folder_option,
    json_option,
    print_json,
    print_table,
    traceback_option,
)


@click.command("check")
@click.argument("place", metavar="FILE|package:NAME")
@click.option(
    "--data",
    "dataset",
    default="mnist",
    show_default=True,
    metavar="NAME|FOLDER",
    help="In the form of which data: a dataset by name, one that FILE registers, or a folder.",
)
@data_folder_option
@isa_option
@traceback_option
@json_option
def command(place: str, dataset: str, data_folder: Path | None, isa: str, as_json: bool) -> None:
    """Say of each part that FILE registers whether it builds, stacks over seeds, trains with finite gradients, repeats
    its bits, resumes from a checkpoint, leaves its neighbours alone, and what a step costs.

    Some steps on noise in the form of MNIST, or of other data; what fails is named with its line. Exit code 1 where
    something fails.
    """
    import torch

    from ablations.config.errors import ConfigError
    from ablations.config.own_parts import load
    from ablations.data import load_dataset
    from ablations.data.shape import MNIST_SHAPE
    from ablations.execution.parts_check import examine

    torch.set_num_threads(1)
    [origin] = load([place])
    named = DatasetName().convert(dataset, None, None)  # it may be one that the file has registered just now
    like = MNIST_SHAPE if named == "mnist" else load_dataset(named, folder=data_folder).shape
    findings = list(examine(origin, like, data_folder))
    if not findings:
        raise ConfigError(f"{place} registers no part; see ablations.register")
    if as_json:
        print_json(
            {"source": origin.name, "sha256": origin.sha256, "findings": list(map(dataclasses.asdict, findings))}
        )
    else:
        cells = [(item.part, item.what, "FAILS" if item.fails else "ok", item.result) for item in findings]
        print_table(("part", "check", "", "what was found"), cells)
        click.echo(f"\n{origin.name}, SHA-256 {origin.sha256}")
    if any(item.fails for item in findings):
        raise click.exceptions.Exit(1)
