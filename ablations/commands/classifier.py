"""`ablations classifier`: train the network whose features the scores are computed on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from ablations.commands.shared import DATASETS, data_folder_option, json_option, print_json


@click.command("classifier")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("results/classifier.safetensors"),
    show_default=True,
    help="File of the weights; the SHA-256 is written beside it.",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of its training.")
@click.option(
    "--epochs", type=click.IntRange(min=1), help="Passes over the training images.  [default: as the frozen one]"
)
@click.option("--data", "dataset", type=click.Choice(DATASETS), default="mnist", show_default=True)
@data_folder_option
@json_option
def command(out: Path, seed: int, epochs: int | None, dataset: str, data_folder: Path | None, as_json: bool) -> None:
    """Train the classifier and write its weights.

    Scores use the frozen weights that are part of this project, and each run records their digest; a classifier
    trained here changes no score.
    """
    import torch

    from ablations.config.errors import DataError
    from ablations.data import load_dataset
    from ablations.scoring.extractors.classifier_training import train_classifier

    tenths = 0

    def tell(step: int, steps: int, loss: float) -> None:
        nonlocal tenths
        if step * 10 // steps > tenths:
            tenths = step * 10 // steps
            click.echo(f"{step / steps:4.0%} loss {loss:.3f}", err=True)

    try:  # before the minutes of training, not after
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot write into {out.parent}: {error.strerror}; choose another --out") from error
    torch.set_num_threads(1)
    images = load_dataset(dataset, folder=data_folder, notify=lambda line: click.echo(line, err=True))
    chosen = {} if epochs is None else {"epochs": epochs}
    made = train_classifier(images, out, seed=seed, on_progress=tell, **chosen)
    if as_json:
        print_json({**dataclasses.asdict(made), "file": str(out)})
        return
    click.echo(f"test accuracy {made.accuracy:.2%} after {made.epochs} epochs, {made.seconds:.0f} s")
    click.echo(f"weights: {out} (SHA-256 {made.digest})")
