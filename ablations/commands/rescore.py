"""`ablations rescore STUDY`: scores by today's scorer of runs that an earlier one scored; trains nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ablations.commands.engine_options import isa_option
from ablations.commands.run import AT_LEAST_ONE
from ablations.commands.shared import (
    build_report,
    data_folder_option,
    executor_options,
    mirror_option,
    mirrored,
    name_of_stored,
    out_option,
    parts_option,
    resumable,
    store_option,
    traceback_option,
)

if TYPE_CHECKING:
    from ablations.execution.choice import ExecutorOptions


@click.command("rescore")
@click.argument("studies", nargs=-1, required=True, metavar="STUDY|FILE...", callback=name_of_stored)
@click.option("--workers", type=AT_LEAST_ONE, help="Processes.  [default: one a core]")
@executor_options
@isa_option
@parts_option
@traceback_option
@data_folder_option
@store_option
@mirror_option
@out_option("results/reports", "Folder of the reports, each in one named like its study.")
def command(
    studies: tuple[str, ...],
    workers: int | None,
    executor: ExecutorOptions,
    isa: str,
    data_folder: Path | None,
    location: str,
    mirror: str | None,
    out: Path | None,
) -> None:
    """Score the runs of stored studies anew at every step of which G's weights were kept, and write the reports again.

    What today's scorer has scored is left as it is; interrupted, the same command goes on.
    """
    from ablations.execution.progress import Display
    from ablations.execution.rescore import carry_out_rescoring, rescore_jobs, scorer_of
    from ablations.store.reading import existing

    archive, failed = existing(location), False
    for study in studies:
        with mirrored(archive, study, mirror):
            jobs = rescore_jobs(archive, study, scorer_of(archive, study, data_folder), data_folder)
            with resumable("what has been scored is kept"), Display({j.name: j.estimate_seconds for j in jobs}) as show:
                failures = carry_out_rescoring(archive, study, jobs, show, workers, isa, executor, data_folder)
            page = build_report(archive, study, None if out is None else out / study)
        count = sum(len(job.keys) for job in jobs) - len(failures)
        click.echo(f"{study}: {count} run{'' if count == 1 else 's'} scored anew\nreport: {page}")
        for run, reason in failures.items():
            click.echo(f"not scored: {run}: {reason}", err=True)
            failed = True
    if failed:
        raise click.exceptions.Exit(1)
