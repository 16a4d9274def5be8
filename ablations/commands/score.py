"""`ablations score SAMPLES`: every metric, for samples that come from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.data_options import data_option
from ablations.commands.engine_options import isa_option
from ablations.commands.shared import (
    data_folder_option,
    json_option,
    parts_option,
    print_json,
    print_table,
    traceback_option,
)

if TYPE_CHECKING:
    from ablations.data import DataShape
    from ablations.scoring.samples import Samples

ARRAYS = (".npy", ".npz")
PROGRAMS = (".pt", ".pth", ".ts", ".pt2")
EXISTING = click.Path(exists=True, path_type=Path)


@click.command("score")
@click.argument("samples", type=EXISTING)
@click.option(
    "--labels",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A .npy file: the class of each image.",
)
@click.option(
    "--range",
    "value_range",
    type=click.Choice(["0..1", "-1..1", "0..255"]),
    help="Black and white of the images.  [default: 0..255 for uint8, else detected and printed]",
)
@click.option("--allow-fewer", is_flag=True, help="Score fewer samples too (40 at least), under names that say so.")
@click.option(
    "--generator",
    is_flag=True,
    help="SAMPLES is a generator: TorchScript (.pt) or torch.export (.pt2). Loading it runs code of whoever made it.",
)
@click.option("--latent-size", type=click.IntRange(min=1), help="Of the generator's z.")
@click.option(
    "--latent-distribution",
    type=click.Choice(["normal", "uniform"]),
    default="normal",
    show_default=True,
    help="Of z: N(0, 1), or uniform in [0, 1).",
)
@click.option("--conditional", is_flag=True, help="The generator takes z and classes (n,), from 0 on.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the latents.")
@data_option
@parts_option
@traceback_option
@isa_option
@data_folder_option
@json_option
def command(samples: Path, dataset: str, isa: str, data_folder: Path | None, as_json: bool, **options: Any) -> None:
    """Print every metric of SAMPLES beside that of real images, the noise floor.

    SAMPLES is a .npy file; a .npz file with one array of images, and `labels` if there are any; a folder of PNG files,
    taken in the order of their names; or, with --generator, a generator. Images have the size of the data; those of
    MNIST are white on black, and the first 10,000 of them are scored. With labels, label_accuracy too. No pickle is
    ever loaded.
    """
    check(samples, options)
    import torch

    from ablations.data import load_dataset
    from ablations.scoring import foreign as scoring
    from ablations.scoring.panel import panel_of
    from ablations.scoring.suite import sample_count
    from reports.words import title, value

    torch.set_num_threads(1)
    images = load_dataset(dataset, folder=data_folder, notify=lambda line: click.echo(line, err=True))
    read = read_samples(samples, options, sample_count(images), images.shape)
    found = scoring.score(read, images, panel_of(dataset, data_folder), allow_fewer=options["allow_fewer"])
    if as_json:
        print_json(
            {
                "samples": read.source,
                "scored": found.samples,
                "given": len(read.images),
                "pixels": read.pixels,
                "dataset": found.dataset,
                "data_digest": found.data_digest,
                "scorer": found.scorer,
                "metrics": found.metrics,
                "noise_floor": found.noise_floor,
            }
        )
        return
    lines = {
        "samples": read.source,
        "scored": f"{found.samples:,} of {len(read.images):,}",
        "pixels": read.pixels,
        "labels": "no" if read.labels is None else "yes",
        "data": f"{found.dataset}, SHA-256 {found.data_digest}",
        "scorer": found.scorer,
    }
    for key, line in lines.items():
        click.echo(f"{key:12}{line}")
    click.echo()
    rows = [
        (name, value(name, number), value(name, found.noise_floor[name]), title(name))
        for name, number in found.metrics.items()
    ]
    print_table(("metric", "value", "real images", "what it is"), rows, right=frozenset({1, 2}))


def check(samples: Path, options: dict[str, Any]) -> None:
    """Refuse options that do not go together, before anything is read."""
    from ablations.config.errors import ConfigError

    suffix = samples.suffix.lower()
    if options["generator"]:
        if options["latent_size"] is None:
            raise ConfigError("--generator needs --latent-size: how many numbers z has")
        if options["labels"] is not None:
            raise ConfigError("--labels are for images that exist; a generator that takes classes is --conditional")
        if suffix not in PROGRAMS or samples.is_dir():
            raise ConfigError(f"{samples} is no program of a generator; expected one of {', '.join(PROGRAMS)}")
        return
    if suffix in PROGRAMS:
        raise ConfigError(
            f"{samples} looks like a generator; loading it runs code of whoever made it, so it must be named as one: "
            "--generator --latent-size N"
        )
    if options["conditional"] or options["latent_size"] is not None:
        raise ConfigError("--latent-size and --conditional are for a --generator")
    if samples.is_dir():
        if options["value_range"] not in (None, "0..255"):
            raise ConfigError("--range is for arrays: the pixels of PNG files go from 0 to 255")
    elif suffix not in ARRAYS:
        raise ConfigError(f"{samples} is none of {', '.join(ARRAYS)}, a folder of PNG files or a --generator")


def read_samples(path: Path, options: dict[str, Any], count: int, shape: DataShape) -> Samples:
    import dataclasses

    from ablations.scoring import samples

    if options["generator"]:
        named = ("latent_size", "latent_distribution", "conditional", "seed", "value_range")
        return samples.generate(path, count=count, shape=shape, **{name: options[name] for name in named})
    stated = options["value_range"]
    read = (
        samples.read_folder(path, shape=shape)
        if path.is_dir()
        else samples.read_array(path, value_range=stated, shape=shape)
    )
    if options["labels"] is None:
        return read
    return dataclasses.replace(read, labels=samples.read_labels(options["labels"], len(read.images), shape))
