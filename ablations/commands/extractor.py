"""`ablations extractor`: train one of the networks whose features the scores are computed on."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from ablations.commands.shared import DATASETS, data_folder_option, json_option, print_json

TRAINED = ("reader", "contrastive")


@click.command("extractor")
@click.argument("name", type=click.Choice(TRAINED))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File of the weights; the SHA-256 is written beside it.  [default: results/NAME.safetensors]",
)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of its training.")
@click.option(
    "--epochs", type=click.IntRange(min=1), help="Passes over the training images.  [default: as the frozen one]"
)
@click.option("--data", "dataset", type=click.Choice(DATASETS), default="mnist", show_default=True)
@data_folder_option
@json_option
def command(
    name: str,
    out: Path | None,
    seed: int,
    epochs: int | None,
    dataset: str,
    data_folder: Path | None,
    as_json: bool,
) -> None:
    """Train the extractor NAME and write its weights.

    The reader reads classes and says what cannot be read; contrastive is trained without labels. Scores use the frozen
    weights that are part of this project; to use others, name the file: `reader:FILE`.
    """
    import torch

    from ablations.config.errors import DataError
    from ablations.data import load_dataset
    from ablations.scoring.extractors.training import TRAINERS

    tenths = 0

    def tell(step: int, steps: int, loss: float) -> None:
        nonlocal tenths
        if step * 10 // steps > tenths:
            tenths = step * 10 // steps
            click.echo(f"{step / steps:4.0%} loss {loss:.3f}", err=True)

    out = out or Path("results") / f"{name}.safetensors"
    try:  # before the minutes of training, not after
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot write into {out.parent}: {error.strerror}; choose another --out") from error
    torch.set_num_threads(1)
    images = load_dataset(dataset, folder=data_folder, notify=lambda line: click.echo(line, err=True))
    chosen = {} if epochs is None else {"epochs": epochs}
    made = TRAINERS[name](images, out, seed=seed, on_progress=tell, **chosen)
    if as_json:
        print_json({**dataclasses.asdict(made), "file": str(out)})
        return
    click.echo(f"{name}: {made.facts['epochs']} epochs, {made.seconds:.0f} s")
    click.echo(f"weights: {out} (SHA-256 {made.digest})")
