"""`ablations extractor`: train the label-free network whose features the scores are taken of."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ablations.commands.data_options import data_option
from ablations.commands.shared import (
    data_folder_option,
    json_option,
    parts_option,
    print_json,
    traceback_option,
)

OPTIONS = (
    click.option(
        "--out",
        type=click.Path(dir_okay=False, path_type=Path),
        help="File of the weights; the SHA-256 is written beside it.  [default: where scores on these data look for "
        "it, or results/ for data that are scored by this project's own]",
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of its training."),
    click.option(
        "--epochs", type=click.IntRange(min=1), help="Passes over the training images.  [default: as the frozen one]"
    ),
    parts_option,
    traceback_option,
    data_option,
    data_folder_option,
    json_option,
)


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """What the training of either extractor is told."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@click.command("extractor")
@with_options
def command(**options: Any) -> None:
    """Train the label-free extractor of a dataset; its labels, if it has any, are not looked at.

    MNIST and the digits are scored by the frozen one of this project; for other data the weights go where scores look
    for them. To use others, name the file: `contrastive:FILE`.
    """
    train("contrastive", **options)


def train(
    kind: str, dataset: str, data_folder: Path | None, out: Path | None, seed: int, epochs: int | None, as_json: bool
) -> None:
    """Train one of the two, and say where it lies.

    Raises:
        ConfigError: the reader of data without labels.
        DataError: a place that cannot be written.
    """
    import torch

    from ablations.config.errors import ConfigError, DataError
    from ablations.config.parts import DATASETS
    from ablations.data import load_dataset
    from ablations.scoring.extractors.training import TRAINERS
    from ablations.scoring.panel import kinds_for, place_of

    tenths = 0

    def tell(step: int, steps: int, loss: float) -> None:
        nonlocal tenths
        if step * 10 // steps > tenths:
            tenths = step * 10 // steps
            click.echo(f"{step / steps:4.0%} loss {loss:.3f}", err=True)

    torch.set_num_threads(1)
    images = load_dataset(dataset, folder=data_folder, notify=lambda line: click.echo(line, err=True))
    if kind not in kinds_for(images):
        raise ConfigError(
            f"{images.name} has no labels, so there is nothing to read: it is scored by the label-free extractor alone "
            f"(ablations extractor --data {dataset})"
        )
    frozen = dataset in DATASETS and DATASETS[dataset].frozen
    usual = Path("results") / f"{kind}.safetensors" if frozen else place_of(kind, images.digest, data_folder)
    path = out or usual
    try:  # before the minutes of training, not after
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot write into {path.parent}: {error.strerror}; choose another --out") from error
    chosen = {} if epochs is None else {"epochs": epochs}
    made = TRAINERS[kind](images, path, seed=seed, on_progress=tell, **chosen)
    if as_json:
        print_json({**dataclasses.asdict(made), "file": str(path)})
        return
    click.echo(f"{kind}: {made.facts['epochs']} epochs, {made.seconds:.0f} s")
    click.echo(f"weights: {path} (SHA-256 {made.digest})")
