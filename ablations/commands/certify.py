"""`ablations certify`: does each metric measure what it says?"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ablations.commands.data_options import data_option
from ablations.commands.engine_options import isa_option
from ablations.commands.shared import (
    data_folder_option,
    json_option,
    parts_option,
    print_json,
    traceback_option,
)

if TYPE_CHECKING:
    from ablations.data import Dataset
    from ablations.scoring.certify.extractors_compared import SampleSet
    from ablations.store import Archive

PUBLISHED = Path("reports/published/certificate")
TRIED = Path("results/certificate")
FAILED = 1
"""Exit code where a line of the certificate does not hold."""


@click.command("certify")
@data_option
@parts_option
@traceback_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help=f"Folder of the page.  [default: {PUBLISHED} for mnist, {TRIED} for others and with --parts]",
)
@click.option(
    "--draws",
    type=click.IntRange(min=10),
    default=100,
    show_default=True,
    help="Of samples whose distance is known, to count how often an interval holds it.",
)
@click.option(
    "--runs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of runs: their samples, of all kept steps, are ranked by both extractors.",
)
@isa_option
@data_folder_option
@json_option
def command(
    dataset: str, out: Path | None, draws: int, runs: Path | None, isa: str, data_folder: Path | None, as_json: bool
) -> None:
    """Put the metrics to the test on real images and on real images that were damaged in grades.

    Writes a page (README.md with figures, and certificate.json). Takes minutes on MNIST. Exit code 1 if a metric does
    not do what it must and is not left out of the verdicts for it.

    With --parts your own extractors are held to what those of this project are, and your own metrics to the claims
    (`rises`, `falls`, `stays`) that they are registered with.
    """
    import torch

    from ablations.data import load_dataset
    from ablations.scoring.certify import by_eye, by_eye_page
    from ablations.scoring.certify import certificate_page as page
    from ablations.scoring.certify.lines import failed
    from ablations.scoring.certify.measure import certify
    from ablations.scoring.panel import READER, panel_of
    from ablations.scoring.scorer import own_files
    from ablations.store.reading import existing
    from reports.pages.rendering import write_files

    folder = out or (PUBLISHED if dataset == "mnist" and not own_files() else TRIED)

    def tell(line: str) -> None:
        click.echo(line, err=True)

    archive = None if runs is None else existing(runs, "--runs")
    write_files(folder, {})  # before the minutes of measuring, not after
    torch.set_num_threads(1)
    images = load_dataset(dataset, folder=data_folder, notify=tell)
    panel, _ = panel_of(dataset, data_folder), images.labels  # which only data with labels have
    samples = () if archive is None else _samples(archive, images)
    certificate = certify(images, panel, repeats=draws, samples=samples, notify=tell)
    write_files(folder, page.files(certificate))
    if (sheets := folder / by_eye.FOLDER).is_dir():
        parts = by_eye.published(sheets, panel.only(READER).extractors[0])
        write_files(sheets, {"README.md": by_eye_page.markdown(parts).encode()})
    wrong = failed(certificate.lines)
    if as_json:
        print_json({**page.as_tree(certificate), "page": str(folder / "README.md")})
    else:
        for item in wrong:
            click.echo(f"fails: {item.subject}: {item.metric} {item.claim}: {item.detail}")
        click.echo(f"{len(certificate.lines)} lines, {len(wrong)} fail, in {certificate.seconds:.0f} s")
        click.echo(f"page: {folder / 'README.md'}")
    if wrong:
        raise click.exceptions.Exit(FAILED)


def _samples(archive: Archive, dataset: Dataset) -> Iterator[SampleSet]:
    """Of all runs of a store on a dataset, at all kept steps."""
    from ablations.execution.stored_samples import stored_generators
    from ablations.scoring.certify.extractors_compared import SampleSet

    for result, step, generator in stored_generators(archive, dataset):
        variant = result.run.variant
        yield SampleSet(
            variant=variant.name, seed=result.run.seed, step=step, steps=variant.steps, draw=generator.sample
        )
