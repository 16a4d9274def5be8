"""`ablations by-eye`: does the classifier read in samples what an eye reads?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ablations.commands.data_options import data_option
from ablations.commands.shared import (
    data_folder_option,
    traceback_option,
)

if TYPE_CHECKING:
    from ablations.data import Dataset
    from ablations.store import Archive

USUAL = Path("reports/published/certificate/by_eye")


@click.command("by-eye")
@click.option(
    "--runs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of runs: draw sheets of their samples, and nothing else.",
)
@click.option("--study", default="quick", show_default=True, help="Whose runs.")
@click.option("--variant", "variants", multiple=True, help="A sheet for each of these variants.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the runs.")
@click.option(
    "--step", type=click.IntRange(min=0), help="Of training, of those whose weights were kept.  [default: the last]"
)
@click.option("--part", help="Folder of the sheets in --out.  [default: named like the study]")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=USUAL,
    show_default=True,
    help="Folder of the parts and of the page.",
)
@data_option
@data_folder_option
@traceback_option
def command(
    runs: Path | None,
    study: str,
    variants: tuple[str, ...],
    seed: int,
    step: int | None,
    part: str | None,
    out: Path,
    dataset: str,
    data_folder: Path | None,
) -> None:
    """Hold labels that were made by eye against the classifier's, or draw the sheets to be labelled.

    With --runs: a contact sheet of 200 samples of each --variant, and each sheet enlarged and numbered, in pieces. The
    labels go into EYE/NAME.csv beside it, EYE being anybody's name, before the command is run without --runs and says
    what the classifier reads. What is to be told of a part goes into its about.md.
    """
    import torch

    from ablations.config.errors import ConfigError
    from ablations.data import load_dataset
    from ablations.scoring.certify import by_eye
    from ablations.scoring.certify.by_eye_page import markdown
    from ablations.scoring.panel import READER, panel_of
    from ablations.store.reading import existing
    from reports.pages.rendering import write_files

    torch.set_num_threads(1)
    if runs is not None:
        archive = existing(runs, "--runs")
        images = load_dataset(dataset, folder=data_folder, notify=lambda line: click.echo(line, err=True))
        _draw(archive, study, variants, seed, step, images, out / (part or study))
        return
    parts = by_eye.published(out, panel_of(dataset, data_folder).only(READER).extractors[0])
    if not parts:
        raise ConfigError(f"{out} has no labelled sheets: draw some with --runs, or name their folder with --out")
    write_files(out, {"README.md": markdown(parts).encode()})
    click.echo(f"page: {out / 'README.md'}")


def _draw(
    archive: Archive, study: str, variants: tuple[str, ...], seed: int, step: int | None, data: Dataset, out: Path
) -> None:
    from ablations.execution.stored_samples import chosen_samples
    from ablations.scoring.certify import by_eye, sheets
    from reports.pages.rendering import write_files

    for item in chosen_samples(archive, study, variants, seed, sheets.IMAGES, data, step=step):
        run = item.result.run
        shown = by_eye.Shown(
            study=study, variant=run.variant.name, seed=run.seed, step=item.step, steps=run.variant.steps
        )
        facts = {by_eye.FACTS: by_eye.facts_with(out, shown)}
        write_files(out, sheets.files(shown.name, item.images, item.asked) | facts)
        click.echo(f"sheet: {out / shown.name}.png")
