"""`ablations classifier`: train the reader, whose features and readings the scores are taken of."""

from __future__ import annotations

from pathlib import Path

import click

from ablations.commands.extractor import epochs_option, extractor_out_option, seed_option, train
from ablations.commands.shared import data_folder_option, data_option, json_option, parts_option, traceback_option


@click.command("classifier")
@extractor_out_option
@seed_option
@epochs_option
@parts_option
@traceback_option
@data_option
@data_folder_option
@json_option
def command(
    out: Path | None, seed: int, epochs: int | None, dataset: str, data_folder: Path | None, as_json: bool
) -> None:
    """Train the reader of a dataset with labels: it reads classes, and says what cannot be read.

    MNIST and the digits are scored by the frozen one of this project; for other data the weights go where scores look
    for them. To use others, name the file: `reader:FILE`.
    """
    train("reader", dataset, data_folder, out, seed, epochs, as_json)
