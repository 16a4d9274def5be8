"""`ablations sample RUN`: pictures of a stored run's G."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.named_runs import find_run
from ablations.commands.shared import data_folder_option, parts_option, store_option, traceback_option

if TYPE_CHECKING:
    from ablations.execution.drawing import Artist, Cells, Drawing
    from reports.figures.sample_grids import Picture

FORMATS = (".png", ".gif", ".npz")
SIDE = 56
"""Pixels that an image is enlarged to, about."""
PACE = {"walk": 80, "along": 400}
"""Milliseconds of a GIF's pictures, where a drawing moves."""


def numbers(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, ...] | None:
    """`0,3-5` as 0, 3, 4, 5."""
    if text is None:
        return None
    found: list[int] = []
    for part in text.split(","):
        low, dash, high = part.strip().partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()) or int(high or low) < int(low):
            raise click.BadParameter(f"{text!r} is no list of latents: write it as 0,3-5", context, parameter)
        found += range(int(low), int(high or low) + 1)
    if max(found) >= 10_000:
        raise click.BadParameter(f"{text!r}: a run's latents have the numbers 0 to 9999", context, parameter)
    return tuple(found)


@click.command("sample")
@click.argument("run")
@click.option("--study", help="Of a variant that is named without one.")
@click.option("--seed", type=click.IntRange(min=0), help="Of a variant's runs.  [default: the first there is]")
@click.option("--step", type=click.IntRange(min=0), help="Of training, of those that were scored.  [default: the last]")
@click.option(
    "--label", "labels", type=click.IntRange(min=0), multiple=True, help="The class to ask for; may be repeated."
)
@click.option("--latents", metavar="LIST", callback=numbers, help="Numbers of the run's latents, such as 0,3-5.")
@click.option("--columns", type=click.IntRange(min=1), help="Of a grid.  [default: as high as wide]")
@click.option("--walk", is_flag=True, help="The way through the latents, by default from 0 to 1.")
@click.option("--frames", type=click.IntRange(min=2), default=24, show_default=True, help="Of a walk.")
@click.option("--straight", is_flag=True, help="Walk along lines, not along arcs.")
@click.option(
    "--sum", "sums", multiple=True, metavar="SUM", help="A sum of latents, such as 0+1 or 0-1, and what it is made of."
)
@click.option("--along", is_flag=True, help="A row of images at every scored step of training.")
@click.option("--nearest", is_flag=True, help="The training images nearest to each sample beside it.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    multiple=True,
    help="A .png, .gif or .npz file; may be repeated.  [default: results/samples/..., .png, and .gif of what moves]",
)
@click.option("--scale", type=click.IntRange(min=1), help="Pixels a side for each pixel.  [default: about 56 an image]")
@parts_option
@traceback_option
@data_folder_option
@store_option
def command(
    run: str,
    study: str | None,
    seed: int | None,
    step: int | None,
    out: tuple[Path, ...],
    scale: int | None,
    data_folder: Path | None,
    location: str,
    **options: Any,
) -> None:
    """Draw what G of a stored RUN makes: a grid, or a walk, sums, the course of training, the nearest training images.

    RUN is STUDY/VARIANT, a VARIANT, or the beginning of a run's key. A G that takes labels is asked for all of them, a
    row each, unless --label says which. The latents are those that the scores are taken of.
    """
    from ablations.config.errors import ConfigError

    kinds = [name for name in ("walk", "sums", "along", "nearest") if options[name]]
    if len(kinds) > 1:
        raise click.UsageError("--walk, --sum, --along and --nearest are pictures of their own: take one")
    kind = kinds[0] if kinds else "grid"
    for path in out:
        if path.suffix.lower() not in FORMATS:
            raise ConfigError(f"{path} is none of {', '.join(FORMATS)}")
        if path.suffix.lower() == ".gif" and kind not in PACE:
            raise ConfigError(f"{path}: a GIF is of what moves: --walk or --along; take .png")
    import torch

    from ablations.execution.drawing import Artist
    from ablations.store.reading import existing

    torch.set_num_threads(1)
    result = find_run(existing(location), run, study, seed)
    artist = Artist(result, data_folder, step)
    drawn = drawing(kind, artist, options)
    folder = Path("results") / "samples"
    name = f"{result.study}-{artist.variant.name}-{result.run.seed}-{kind}"
    paths = out or tuple(folder / f"{name}{suffix}" for suffix in (".png", *([".gif"] if kind in PACE else [])))
    write(drawn, kind, paths, scale)
    where = f"{result.study}/{artist.variant.name} seed {result.run.seed}, key {result.key}"
    click.echo(where + ("" if kind == "along" else f", step {artist.step:,}"))
    for path in paths:
        click.echo(f"{path.suffix[1:].lower():5}{path}")


def drawing(kind: str, artist: Artist, options: dict[str, Any]) -> Drawing:
    chosen, labels = options["latents"], options["labels"]
    if kind == "walk":
        way = artist.walk(chosen or (0, 1), options["frames"], labels, straight=options["straight"])
        return artist.draw(way)
    if kind == "sums":
        return artist.draw(artist.sums(options["sums"], labels))
    if kind == "along":
        return artist.along(artist.row(chosen or range(10), labels))
    if kind == "nearest":
        return artist.beside_nearest(artist.row(chosen or range(8), labels))
    return artist.draw(grid(artist, chosen, labels, options["columns"]))


def grid(artist: Artist, chosen: tuple[int, ...] | None, labels: tuple[int, ...], columns: int | None) -> Cells:
    """By default S3's sixteen, or, where labels are asked for, S0's six of each."""
    return artist.grid(chosen or range(16 if artist.classes is None else 6), labels, columns)


def write(drawn: Drawing, kind: str, paths: tuple[Path, ...], scale: int | None) -> None:
    """Each file in the format that its name says; raises `DataError` where one cannot be written."""
    from ablations.config.errors import DataError
    from ablations.data.atomic_files import write_atomically
    from reports.figures.sample_grids import exact_png, gif, sheet

    large = scale or usual_scale(drawn)
    for path in paths:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"cannot write into {path.parent}: {error.strerror}; choose another --out") from error
        suffix = path.suffix.lower()
        if suffix == ".npz":
            content = npz(drawn)
        elif suffix == ".gif":
            content = gif(frames(drawn, kind, large), PACE[kind])
        else:
            content = exact_png(sheet(drawn.images, large, drawn.words))
        write_atomically(path, content)


def usual_scale(drawn: Drawing) -> int:
    """The scale at which an image is about `SIDE` pixels high."""
    height, width = drawn.images.shape[-2:]
    return max(1, round(SIDE / max(int(height), int(width))))


def frames(drawn: Drawing, kind: str, scale: int) -> list[Picture]:
    """A walk goes there and back, a row for each label; the course of training goes from its first step to its last."""
    from reports.figures.sample_grids import GAP, sheet

    if kind == "along":
        whole, high = sheet(drawn.images, scale, drawn.words), scale * drawn.images.shape[-2]
        return [whole[start : start + high] for start in range(0, len(whole), high + GAP)]
    there = [sheet(drawn.images[:, column : column + 1], scale, drawn.words) for column in range(drawn.images.shape[1])]
    return [*there, *there[-2:0:-1]]


def npz(drawn: Drawing) -> bytes:
    """`images` uint8 (n, channels, height, width), with their `latents` and, where they are, `labels`; of the course of
    training and of nearest images (rows, columns, channels, height, width), with `steps` or `distances`.
    """
    import io

    import numpy as np

    images = drawn.images.reshape(-1, *drawn.images.shape[2:])
    arrays: dict[str, Any] = {
        "images": images if len(images) == len(drawn.latents) else drawn.images,
        "latents": drawn.latents,
        "labels": drawn.labels,
        "steps": np.array(drawn.steps) if drawn.steps else None,
        "distances": drawn.distances,
    }
    file = io.BytesIO()
    np.savez_compressed(file, **{name: values for name, values in arrays.items() if values is not None})
    return file.getvalue()
