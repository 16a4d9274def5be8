"""`ablations doctor`: what this installation is, and what is wrong with it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from ablations.commands.data_options import study_data_option
from ablations.commands.engine_options import isa_option, precision_option
from ablations.commands.shared import (
    data_folder_option,
    json_option,
    parts_option,
    print_json,
    store_option,
    traceback_option,
)

if TYPE_CHECKING:
    from ablations.execution.options import Options


@click.command("doctor")
@parts_option
@traceback_option
@study_data_option
@data_folder_option
@store_option
@click.option(
    "--measure",
    "studies",
    multiple=True,
    metavar="STUDY",
    help="Instead, measure what the stacks of this study cost here, some seconds for each, and keep it for plans; may "
    "be repeated.",
)
@click.option(
    "--width",
    "widths",
    type=click.IntRange(min=1),
    multiple=True,
    help="With --measure: of stacks of so many seeds, for `run --width fastest` to choose from; may be repeated.  "
    "[default: as wide as the study's are]",
)
@precision_option
@isa_option
@json_option
def command(
    dataset: str | None,
    data_folder: Path | None,
    location: str,
    studies: tuple[str, ...],
    widths: tuple[int, ...],
    precision: Literal["float32", "bfloat16"],
    isa: str,
    as_json: bool,
) -> None:
    """Check the installation, the device, the data, the disk and the store, and print what every run records.

    Changes nothing but, with --measure, the table of costs in the user's cache folder. Exit code 1 where something is
    wrong.
    """
    if studies:
        from ablations.execution.options import Options

        options = Options(dataset=dataset, data_folder=data_folder, precision=precision, isa=isa, device="cpu")
        measure_studies(studies, widths, options, as_json)
        return
    if widths:
        raise click.UsageError("--width is for --measure STUDY: nothing else here has stacks")
    from ablations.config.errors import unknown
    from ablations.config.parts import DATASETS
    from ablations.data import is_folder
    from ablations.execution.doctor import examine, facts

    if dataset is not None and dataset not in DATASETS and not is_folder(dataset):
        raise unknown("dataset, and no folder:", dataset, DATASETS)
    checks = list(examine(location, data_folder, dataset or "mnist"))
    if as_json:
        print_json({"checks": [dataclasses.asdict(check) for check in checks], "facts": facts()})
    else:
        for check in checks:
            click.echo(f"{'ok   ' if check.ok else 'WRONG'}  {check.name:11}{check.says}")
        click.echo()
        for name, value in facts().items():
            click.echo(f"{name:26}{value}")
    if not all(check.ok for check in checks):
        raise click.exceptions.Exit(1)


def measure_studies(names: tuple[str, ...], widths: tuple[int, ...], options: Options, as_json: bool) -> None:
    """Measure what every stack of the studies costs on this machine, and keep it."""
    import tempfile

    from ablations.commands.study_files import find_study
    from ablations.execution.costs import Costs, keep, place_here
    from ablations.execution.measure_costs import measure_plans
    from ablations.execution.plan import make_plan
    from ablations.store import Archive

    for name in names:
        study = find_study(name)
        with tempfile.TemporaryDirectory() as scratch:
            archive = Archive.open(scratch)
            plans = [
                make_plan(study, dataclasses.replace(options, width=width), archive) for width in widths or (None,)
            ]
        for found in measure_plans(plans):
            if isinstance(found, Costs):
                keep(found, plans[0].conditions.engine)
            elif not as_json:
                held = "" if found.mebibytes is None else f"  {found.mebibytes:7,.0f} MiB"
                took = f"{1e3 * found.seconds:8.3f} ms a step of a seed"
                click.echo(f"{found.variant:24} width {found.width:2}  {took}{held}")
    if as_json:
        print_json({"kept": str(place_here())})
    else:
        click.echo(f"kept: {place_here()}")
