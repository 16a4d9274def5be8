"""`ablations sanity [RECIPE]`: the documents' sanity check, D alone against images of noise."""

from __future__ import annotations

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
    print_table,
    traceback_option,
)

if TYPE_CHECKING:
    from ablations.store.noise_check import NoiseCheck

USUAL = ("s0", "s1")
"""The recipes whose documents make the check."""


@click.command("sanity")
@click.argument("recipes", nargs=-1, metavar="[RECIPE]...")
@click.option("--steps", type=click.IntRange(min=1), default=1_000, show_default=True, help="Updates of D.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of D and of the noise.")
@data_option
@parts_option
@traceback_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("results/sanity"),
    show_default=True,
    help="Folder of the curves.",
)
@isa_option
@data_folder_option
@json_option
def command(
    recipes: tuple[str, ...],
    steps: int,
    seed: int,
    dataset: str,
    out: Path,
    isa: str,
    data_folder: Path | None,
    as_json: bool,
) -> None:
    """Train the D of each RECIPE (s0 and s1, unless others are named) alone, on real images and on images of noise,
    without labels and with them: it must tell them apart before there is any sense in a GAN.

    Writes the curves of D(x) and D(noise), and exits with 1 where a D fails.
    """
    from ablations.catalog import BASELINE, RECIPES
    from ablations.config.errors import unknown

    known = {**RECIPES, BASELINE.name: BASELINE}
    for name in recipes:
        if name not in known:
            raise unknown("recipe", name, known)
    from ablations.data import load_dataset
    from ablations.execution.noise_checks import check, either
    from ablations.store.noise_check import PASSED
    from ablations.training.engine import choose_engine, set_up

    engine = choose_engine("cpu", isa=isa)
    set_up(engine)
    images = load_dataset(dataset, folder=data_folder, notify=lambda line: click.echo(line, err=True))
    found = [
        check(known[name], images, engine, labels, steps, seed)
        for name in recipes or USUAL
        for labels in either(images)
    ]
    paths = write(found, out)
    if as_json:
        print_json([item.as_dict() for item in found])
    else:
        rows = [
            (
                item.variant,
                "with" if item.labels else "without",
                f"{item.d_real[-1]:.3f}",
                f"{item.d_noise[-1]:.3f}",
                f"{item.real_right:.1%}",
                f"{item.noise_right:.1%}",
                "passed" if item.passed else "FAILED",
            )
            for item in found
        ]
        header = ("D of", "labels", "D(x)", "D(noise)", "test images right", "noise right", "check")
        print_table(header, rows, right=frozenset({2, 3, 4, 5}))
        for item in found:
            if item.says:
                click.echo(f"\n{item.says}")
        click.echo(f"\npassed: at least {PASSED:.0%} of both after {steps:,} updates")
        click.echo("curves: " + ", ".join(map(str, paths)))
    if not all(item.passed for item in found):
        raise click.exceptions.Exit(1)


def write(found: list[NoiseCheck], out: Path) -> list[Path]:
    """A figure a recipe, as SVG."""
    from reports.figures.documents import against_noise
    from reports.pages.attachments import standalone
    from reports.pages.rendering import write_files

    names = list(dict.fromkeys(item.variant for item in found))
    figures = {f"{name}.svg": standalone(against_noise([f for f in found if f.variant == name])) for name in names}
    write_files(out, dict(figures))
    return [out / name for name in figures]
