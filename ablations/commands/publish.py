"""`ablations publish`: regenerate the results that this project stands for, from nothing or from where it stopped."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.data_options import study_data_option
from ablations.commands.engine_options import isa_option
from ablations.commands.publication_plan import not_here, plans, show_plan
from ablations.commands.run import AT_LEAST_ONE
from ablations.commands.shared import (
    carry_out,
    data_folder_option,
    mirror_option,
    mirrored,
)

if TYPE_CHECKING:
    from ablations.store import Archive
    from reports.analysis.claim_answers import Answered
    from reports.pages.published_pages import Tuned

RECORDS = "records"
"""Folder of the published runs, beside the pages."""
PAGES = Path("results") / "published-tuning"
"""Folder of the pages of each axis that is tuned."""


@click.command("publish")
@click.option("--seeds", type=AT_LEAST_ONE, help="Of each variant.  [default: 10]")
@click.option("--steps", type=AT_LEAST_ONE, help="Of every variant, to try the command.  [default: the studies']")
@click.option("--only", multiple=True, metavar="STUDY", help="Of the published studies only this; may be repeated.")
@click.option(
    "--from-records/--from-nothing",
    "from_records",
    default=True,
    show_default=True,
    help="Take the runs that were published before, or train them too.",
)
@click.option(
    "--replace", is_flag=True, help="Let published runs of these studies go that are not among those asked for now."
)
@click.option("--tuned/--no-tuned", default=True, show_default=True, help="Also the six axes tuned against tuned.")
@click.option(
    "--train/--no-train", default=True, show_default=True, help="Train what the archive lacks, or only write."
)
@study_data_option
@data_folder_option
@click.option("--device", type=click.Choice(["cpu", "cuda", "auto"]), default="auto", show_default=True)
@isa_option
@click.option("--workers", type=AT_LEAST_ONE, help="Processes.  [default: one a core]")
@click.option(
    "--store",
    "location",
    default="results/published",
    show_default=True,
    metavar="LOCATION",
    help="An archive of its own: a folder.",
)
@mirror_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports/published"),
    show_default=True,
    help="Folder of the pages.",
)
@click.option(
    "--dry-run", is_flag=True, help="Print what would be trained and about how long it takes; train nothing, no pages."
)
def command(
    seeds: int | None, steps: int | None, only: tuple[str, ...], from_records: bool, replace: bool, tuned: bool,
    train: bool, location: str, mirror: str | None, out: Path, dry_run: bool,
    **options: Any,
) -> None:  # fmt: skip
    """Train the published studies, 10 seeds a variant, and write their pages and the answers to the claims.

    Hours on two cores; begun again, it goes on where it stopped, and in another clone where the publication stands:
    the folder `records` beside the pages has all published runs, without their weights. All studies are trained for a
    first stack of seeds before any is for the next. A stack that was published from another kind of machine, or of
    another width, counts as it is. The study `precision` is trained with bfloat16 operands too,
    where the processor has units for them. The pages are made of the records alone.
    """
    from ablations.catalog import publication as published
    from ablations.config.errors import unknown
    from ablations.store import Archive
    from ablations.store.records import read_records
    from reports.pages.claim_rows import tally

    for name in only:
        if name not in published.STUDIES_IN_ORDER:
            raise unknown("published study", name, published.STUDIES_IN_ORDER)
    names = only or published.STUDIES_IN_ORDER
    archive = Archive.open(location)
    if from_records:
        came = read_records(out / RECORDS, archive, scorer_of=lambda name: _scorer(name, options["data_folder"]))
        click.echo(f"{came:,} published runs taken from {out / RECORDS}")
    if dry_run:
        show_plan(archive, names, tuned, seeds or published.SEEDS, {"steps": steps, **options})
        return
    failed = train and _train(
        archive,
        names,
        mirror,
        seeds=seeds or published.SEEDS,
        options={"steps": steps, **options},
        records=out / RECORDS,
        replace=replace,
    )
    if train and tuned:
        failed = _tune(archive, mirror, steps, options) or failed
    answers = _write(archive, out, replace)
    click.echo(f"{tally(answers)}\npages: {out / 'README.md'}")
    if failed:
        raise click.exceptions.Exit(1)


def _scorer(dataset: str, folder: Path | None) -> str | None:
    """Who scores runs on a dataset today; None where its extractors are yet to be trained."""
    from ablations.config.errors import DataError
    from ablations.execution.plan_facts import scorer_of

    try:
        return scorer_of(dataset, folder)
    except DataError:
        return None


def _write(archive: Archive, out: Path, replace: bool) -> tuple[Answered, ...]:
    """The records of what the archive has of the published studies, and the pages, of the records alone."""
    from ablations.catalog import STUDIES
    from ablations.catalog import publication as published
    from ablations.config.errors import StoreError
    from ablations.config.study import with_operands
    from ablations.store import Archive
    from ablations.store.records import read_records, write_records
    from reports.pages.published_pages import publish

    bfloat16 = [with_operands(name, "bfloat16") for name in published.ALSO_IN_BFLOAT16]
    own = _having_runs(archive, (*published.STUDIES_IN_ORDER, *bfloat16))
    there = {*own, *Archive(out / RECORDS).studies()}
    main = next((name for name in published.MAIN if name in there), None)
    if main is None:
        raise StoreError(
            f"the archive {archive.location} has no run of {' or '.join(published.MAIN)}, of which one must open the "
            f"pages; train it: ablations publish --only {published.MAIN[-1]}"
        )
    written = write_records(archive, own, out / RECORDS, replace=replace)
    changed = f"{written.new:,} are new, {written.removed:,} removed"
    click.echo(f"{written.runs:,} runs in {out / RECORDS}, {written.size / 1e6:.1f} MB; {changed}")
    with tempfile.TemporaryDirectory() as folder:
        published_runs = Archive.open(folder)
        read_records(out / RECORDS, published_runs)
        kept = _having_runs(published_runs, (*published.STUDIES_IN_ORDER, *bfloat16))
        studies = {name: published_runs.read(name) for name in kept}
    return publish(
        studies,
        out,
        shown=published.SHOWN,
        main=main,
        tuned=_tuned(archive),
        awaited=[STUDIES[name] for name in published.STUDIES_IN_ORDER if name not in kept],
    )


def _having_runs(archive: Archive, names: tuple[str, ...]) -> list[str]:
    """Of these studies, those of which it has a run that is done."""
    known = set(archive.studies())
    return [
        name for name in names if name in known and archive.done({member.key: () for member in archive.members(name)})
    ]


def _train(
    archive: Archive,
    names: tuple[str, ...],
    mirror: str | None,
    *,
    seeds: int,
    options: dict[str, Any],
    records: Path,
    replace: bool,
) -> bool:
    """Every study, a stack of seeds after the other; whether a run failed."""
    from ablations.catalog import publication as published
    from ablations.store.records import check_kept

    failed = False
    for label, why in not_here(names).items():
        click.echo(f"study {label} is not trained here: {why}")
    whole = list(plans(archive, names, [seeds], options))  # what one of them lacks is said before hours of training
    check_kept(records, {plan.study.name: [member.key for member in plan.members] for plan in whole}, replace)
    for plan in plans(archive, names, [*range(published.WIDTH, seeds, published.WIDTH), seeds], options):
        click.echo(f"study {plan.study.name}, {plan.study.seeds} of {seeds} seeds")
        with mirrored(archive, plan.study.name, mirror):
            failed = carry_out(plan, archive, False).failed or failed
    return failed


def _tune(archive: Archive, mirror: str | None, steps: int | None, options: dict[str, Any]) -> bool:
    """Every level of the tuned axes, tuned alike and compared on fresh seeds; whether a run failed."""
    from ablations.catalog import publication as published
    from ablations.commands import tune

    failed = False
    short = {"steps": steps, "trials": 2, "final_seeds": 2} if steps else {}
    for axis, settings in published.tunings().items():
        click.echo(f"axis {axis}, tuned against tuned")
        try:
            click.get_current_context().invoke(
                tune.command,
                axis=axis,
                location=str(archive.location),
                mirror=mirror,
                out=PAGES / axis,
                **{**settings, **short},
                **(options | {"dataset": options["dataset"] or "mnist"}),
            )
        except click.exceptions.Exit as ended:
            if ended.exit_code != 1:
                raise
            failed = True
    return failed


def _tuned(archive: Archive) -> dict[str, Tuned]:
    """Of the axes whose comparison is stored."""
    from ablations.catalog import publication as published
    from ablations.search.tuning import rankings, study_name
    from reports.analysis.findings import find
    from reports.pages.published_pages import Tuned

    found = {}
    present = archive.studies()
    for axis in published.tunings():
        if study_name(axis) in present:
            findings = find(archive.read(study_name(axis)))
            found[axis] = Tuned(findings=findings, rankings=rankings(findings.comparisons), pages=PAGES / axis)
    return found
