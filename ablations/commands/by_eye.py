"""`ablations by-eye`: does the reader read in samples what an eye reads?"""

from __future__ import annotations

from pathlib import Path

import click

from ablations.commands.shared import traceback_option

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
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=USUAL,
    show_default=True,
    help="Folder of the sheets, the labels and the page.",
)
@traceback_option
def command(runs: Path | None, study: str, variants: tuple[str, ...], seed: int, out: Path) -> None:
    """Hold labels that were made by eye against the reader's, or draw the sheets to be labelled.

    With --runs: a contact sheet of 200 samples of each --variant, and each sheet enlarged and numbered, in parts. The
    labels go into VARIANT.csv beside it, before the command is run without --runs and says what the reader reads.
    """
    import torch

    from ablations.scoring.certify import by_eye, sheets
    from ablations.scoring.panel import READER, load_panel
    from reports.pages.rendering import write_files

    torch.set_num_threads(1)
    if runs is not None:
        from ablations.data import load_dataset
        from ablations.execution.stored_samples import chosen_samples
        from ablations.store import Archive

        archive, data = Archive.open(runs), load_dataset("mnist")
        for name, images, asked in chosen_samples(archive, study, variants, seed, sheets.IMAGES, data):
            write_files(out, sheets.files(name, images, asked))
            click.echo(f"sheet: {out / name}.png")
        return
    agreed = by_eye.published(out, load_panel().only(READER).extractors[0])
    write_files(out, {"README.md": by_eye.markdown(agreed).encode()})
    click.echo(f"page: {out / 'README.md'}")
