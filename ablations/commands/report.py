"""`ablations report STUDY`: the report from the archive alone."""

from __future__ import annotations

from pathlib import Path

import click

from ablations.commands.shared import (
    build_report,
    difference_option,
    json_option,
    name_of_stored,
    out_option,
    print_json,
    store_option,
)
from ablations.config.errors import UserError


@click.command("report")
@click.argument("study", metavar="STUDY|FILE", callback=name_of_stored)
@difference_option
@store_option
@out_option("results/reports/STUDY")
@click.option(
    "--publish",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write its pages for a repository, with the bits of its runs, into this folder.",
)
@click.option(
    "--old-and-new",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write, into this Markdown file, where the verdicts of the former score differ.",
)
@json_option
def command(
    study: str,
    difference: str | None,
    location: str,
    out: Path | None,
    publish: Path | None,
    old_and_new: Path | None,
    as_json: bool,
) -> None:
    """Write the report of a stored study again, named as `run` was told; trains nothing."""
    from ablations.store.reading import existing

    if publish is not None:
        check_replaceable(publish)
    archive = existing(location)
    page = build_report(archive, study, out, difference)
    if publish is not None:
        from reports.analysis.findings import find
        from reports.pages.published_pages import replace_study

        replace_study(find(archive.read(study), difference=difference), publish)
    if old_and_new is not None:
        from reports.analysis.findings import find
        from reports.pages.old_and_new import page as comparison
        from reports.pages.rendering import write_files

        text = comparison(find(archive.read(study), difference=difference))
        write_files(old_and_new.parent, {old_and_new.name: text})
    if as_json:
        print_json({"study": study, "report": str(page)})
    else:
        click.echo(f"report: {page}")


def check_replaceable(folder: Path) -> None:
    """Raise `UserError` where publishing into a folder would remove what is no published study."""
    from ablations.catalog.published_bits import FILE

    if folder.is_dir() and any(folder.iterdir()) and not (folder / FILE).is_file():
        raise UserError(
            f"--publish {folder} holds something else than a published study, and all of it would be removed: name a "
            f"folder of its own, such as {folder / 'STUDY'}"
        )
