"""What several commands take, and how they speak."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from ablations.execution.plan import Plan
    from ablations.execution.runner import Summary
    from ablations.store import Store

DATASETS = ("mnist", "digits")
RULE = 60
"""The longest line under a heading."""

store_option = click.option(
    "--store",
    "location",
    envvar="ABLATIONS_STORE",
    default="results/store",
    show_default=True,
    show_envvar=True,
    metavar="LOCATION",
    help="A folder (MLflow on sqlite inside it) or an MLflow tracking URI.",
)
data_folder_option = click.option(
    "--data-folder",
    envvar="ABLATIONS_DATA",
    show_envvar=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the datasets lie.  [default: the user's cache folder]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON and nothing else on standard output.")
difference_option = click.option(
    "--difference",
    metavar="SIZE",
    help="The least difference that matters to you, as a share of the reference (5%) or in units of the metric (0.5): "
    "smaller ones count as equivalent, and the seeds needed are for one so large.  [default: 10%]",
)
out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the report.  [default: results/reports/STUDY]",
)


def print_json(tree: Any) -> None:
    """Null stands for a number that is not finite."""
    from ablations.config.json_tree import json_tree

    click.echo(json.dumps(json_tree(tree), indent=2, default=str))


def print_table(
    header: tuple[str, ...], rows: Sequence[tuple[str, ...]], *, right: frozenset[int] = frozenset()
) -> None:
    """Columns aligned by spaces, so that it reads the same in a terminal, a file and a pipe; `right`: right-aligned."""
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    rule = tuple("-" * min(width, RULE) for width in widths)
    for row in [header, rule, *rows]:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        click.echo("  ".join(cells).rstrip())


def build_report(store: Store, study: str, out: Path | None, difference: str | None = None) -> Path:
    """Write the report of a stored study to `out`, and into the store with its verdicts; returns its page's path."""
    from reports.analysis.findings import find
    from reports.pages.study_page import write
    from reports.words import verdicts

    found = find(store.read(study), difference=difference)
    page = write(found, out or Path("results") / "reports" / study)
    store.attach_report(study, page)
    store.tag_verdicts(study, verdicts(found.comparisons, found.metric))
    return page


def carry_out(plan: Plan, store: Store, as_json: bool, *, without: Sequence[str] = ()) -> Summary:
    """Train what the plan lists, with a progress display; where it is interrupted, say how to go on and exit 130.

    `without` are words of the present command line that the next one must not have.
    """
    from ablations.execution.progress import Display
    from ablations.execution.runner import execute

    estimates = {group.name: group.estimate_seconds for group in plan.groups}
    try:
        with Display(estimates, stream=sys.stderr if as_json else sys.stdout) as display:
            return execute(plan, store, display)
    except KeyboardInterrupt:
        again = shlex.join(["ablations", *(word for word in sys.argv[1:] if word not in without)])
        click.echo(f"interrupted; what has finished is stored. Continue with: {again}", err=True)
        raise click.exceptions.Exit(130) from None
