"""`ablations gallery`: a page with one picture of each kind, from stored runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ablations.commands.named_runs import find_run
from ablations.commands.sample import PACE, drawing, frames, usual_scale
from ablations.commands.shared import data_folder_option, store_option

if TYPE_CHECKING:
    from ablations.store import Archive

PUBLISHED = Path("reports/published/gallery")
NOTHING = {"latents": None, "labels": (), "columns": None, "frames": 24, "straight": False, "sums": ()}


@click.command("gallery")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=PUBLISHED, show_default=True, help="Its folder."
)
@data_folder_option
@store_option
def command(out: Path, data_folder: Path | None, location: str) -> None:
    """Write a page with one picture of each kind, drawn from the stored studies gallery and faces; trains nothing."""
    import torch

    from ablations.store.reading import existing
    from reports.pages.rendering import write_files

    torch.set_num_threads(1)
    archive = existing(location)
    check(archive)
    contents = pictures(archive, data_folder) | figures(archive)
    write_files(out, contents | page(archive, contents))
    click.echo(f"{len(contents)} pictures: {out / 'README.md'}")


def check(archive: Archive) -> None:
    """Refuse where a study is not there, before anything is drawn."""
    from ablations.catalog.gallery import PICTURES
    from ablations.config.errors import StoreError

    missing = sorted({row.run.partition("/")[0] for row in PICTURES} - {*archive.studies()})
    if missing:
        commands = " and ".join(f"ablations run {name} --seeds 1" for name in missing)
        raise StoreError(f"{archive.root} has no study {' and '.join(missing)}; train with: {commands}")


def pictures(archive: Archive, data_folder: Path | None) -> dict[str, str | bytes]:
    """What is drawn: file to content, a GIF where it moves."""
    from ablations.catalog.gallery import PICTURES
    from ablations.execution.drawing import Artist
    from reports.figures.sample_grids import exact_png, gif, sheet

    made: dict[str, str | bytes] = {}
    for row in PICTURES:
        artist = Artist(find_run(archive, row.run, None, None), data_folder)
        drawn = drawing(row.kind, artist, {**NOTHING, **row.options})
        scale = usual_scale(drawn)
        made[f"{row.name}.png"] = exact_png(sheet(drawn.images, scale, drawn.words))
        if row.kind in PACE:
            made[f"{row.name}.gif"] = gif(frames(drawn, row.kind, scale), PACE[row.kind])
    return made


def figures(archive: Archive) -> dict[str, str | bytes]:
    """The sanity checks and the traces of the study's recipes."""
    from reports.analysis.traces import traces
    from reports.figures.documents import against_noise, traced
    from reports.pages.attachments import standalone

    stored = archive.read("gallery")
    made: dict[str, str | bytes] = {}
    for name in dict.fromkeys(item.variant for item in stored.noise_checks):
        own = [item for item in stored.noise_checks if item.variant == name]
        made[f"sanity-check-{name}.svg"] = standalone(against_noise(own))
    for item in traces(stored.study, stored.results):
        made[f"trace-{item.variant}.svg"] = standalone(traced(item))
    return made


def page(archive: Archive, contents: dict[str, str | bytes]) -> dict[str, str | bytes]:
    from ablations.catalog.gallery import PICTURES
    from reports.pages.rendering import render

    found = {row.run: find_run(archive, row.run, None, None) for row in PICTURES}
    text = render("gallery.md.j2", {"rows": PICTURES, "runs": found, "files": [*contents]})
    return {"README.md": text}
