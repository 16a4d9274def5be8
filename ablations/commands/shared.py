"""What several commands take, and how they speak."""

from __future__ import annotations

import functools
import json
import math
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from ablations.config.secrets import without_secret
from ablations.execution.executor_registry import EXECUTORS

if TYPE_CHECKING:
    from ablations.execution.mirroring import Mirroring
    from ablations.execution.plan import Plan
    from ablations.execution.runner import Summary
    from ablations.store import Archive

Command = TypeVar("Command", bound=Callable[..., Any])
RULE = 60
"""The longest line under a heading."""


def run_parts(context: click.Context, parameter: click.Parameter, places: tuple[str, ...]) -> tuple[str, ...]:
    """Run the user's own parts, once, before anything else of the command looks at names."""
    from ablations.config.own_parts import load

    if not context.meta.get(PARTS_ARE_HERE):
        load(places)
        context.meta[PARTS_ARE_HERE] = True
    return places


def name_of_stored(context: click.Context, parameter: click.Parameter, said: Any) -> Any:
    """The names of stored studies, of which each may be said as the study file that it was run from."""
    from ablations.commands.study_files import stored_name

    return tuple(map(stored_name, said)) if isinstance(said, tuple) else said and stored_name(said)


def tell_tracebacks(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    context.meta[TRACEBACK] = asked


TRACEBACK = "ablations.traceback"
"""In a context's meta: whether errors are to be shown with their traceback."""
PARTS_ARE_HERE = "ablations.parts"
"""In a context's meta: own parts were run."""
parts_option = click.option(
    "--parts",
    multiple=True,
    metavar="FILE|package:NAME",
    callback=run_parts,
    expose_value=False,
    help="Run this Python file, or this installed package's entry point, which registers parts of your own; may be "
    "repeated.",
)
traceback_option = click.option(
    "--traceback",
    is_flag=True,
    is_eager=True,
    callback=tell_tracebacks,
    expose_value=False,
    help="Show the traceback of an error in your own parts too.",
)


class Number(click.FloatRange):
    """A float in a range: "not a number" is in none, and nothing is ever more than it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if math.isnan(number):
            self.fail(f"{value!r} is not a number", param, ctx)
        return number


def _not_empty(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    if value == "":
        raise click.BadParameter("it is empty; name a folder, or leave the option out", ctx, param)
    return value


store_option = click.option(
    "--store",
    "location",
    callback=_not_empty,
    envvar="ABLATIONS_STORE",
    default="results/store",
    show_default=True,
    show_envvar=True,
    metavar="LOCATION",
    help="Of the archive: a folder, or s3://BUCKET/NAME.",
)
mirror_option = click.option(
    "--mirror",
    envvar="ABLATIONS_MIRROR",
    show_envvar=True,
    metavar="LOCATION",
    help="Where MLflow shows the runs: a folder, a tracking URI, or none.  [default: sqlite in the archive's folder]",
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
executor_choices = (
    click.option(
        "--executor",
        "executor_name",
        type=click.Choice(list(EXECUTORS)),
        help="Where groups of seeds are trained.  [default: processes; serial with --workers 1]",
    ),
    click.option(
        "--address",
        metavar="auto|HOST:PORT|local",
        default="auto",
        show_default=True,
        help="Of the Ray cluster: this machine's, another, or one that is started for this command.",
    ),
    click.option(
        "--gpus-per-group",
        type=Number(min=0, min_open=True),
        help="With --executor ray: of a GPU, such as 0.25 for four groups on each.  [default: 1 with --device cuda]",
    ),
    click.option(
        "--retries",
        type=click.IntRange(min=0),
        default=1,
        show_default=True,
        help="How often a group is begun again whose worker or node dies.",
    ),
)


def executor_options(command: Command) -> Command:
    """What every command takes that does jobs; it gets them as `executor`."""

    @functools.wraps(command)
    def gathered(
        *arguments: Any,
        executor_name: str | None,
        address: str,
        gpus_per_group: float | None,
        retries: int,
        **options: Any,
    ) -> Any:
        from ablations.execution.choice import ExecutorOptions

        chosen = ExecutorOptions(name=executor_name, address=address, gpus_per_group=gpus_per_group, retries=retries)
        return command(*arguments, executor=chosen, **options)

    for option in reversed(executor_choices):
        gathered = option(gathered)
    return cast(Command, gathered)


def out_option(default: str, what: str = "Folder of the report.") -> Callable[[Command], Command]:
    """`--out`; `default` is what the command takes without it."""
    return click.option("--out", type=click.Path(file_okay=False, path_type=Path), help=f"{what}  [default: {default}]")


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


def build_report(archive: Archive, study: str, out: Path | None, difference: str | None = None) -> Path:
    """Write the report of a stored study to `out`, and into the archive with its verdicts; returns its page's path."""
    from ablations.config.errors import StoreError
    from reports.analysis.findings import find
    from reports.pages.study_page import write
    from reports.words import verdicts

    stored = archive.read(study)
    found = find(stored, difference=difference)
    page = write(found, out or Path("results") / "reports" / study)
    for gap in found.gaps:
        click.echo(f"{study}: {gap}", err=True)
    for key, reason in stored.unreadable.items():
        click.echo(
            f"{study}: the run {key} cannot be read and stands in no table: {reason}; without its folder below runs "
            "the same study trains it again",
            err=True,
        )
    try:
        archive.attach(study, "report.html", page.read_bytes())
        archive.attach(study, "verdicts.json", json.dumps(verdicts(found.comparisons, found.metric)).encode())
    except StoreError as error:
        click.echo(f"{study}: {error}; the report is at {page}, and the store has no copy of it", err=True)
    return page


@contextmanager
def mirrored(archive: Archive, study: str, mirror: str | None) -> Iterator[Mirroring]:
    """Show a study in MLflow while it is trained; at the end of the block the page is up to date, or it is said why
    not: no run is lost by it.
    """
    from ablations.execution.mirroring import mirroring

    with mirroring(archive.location, study, mirror or str(archive.root)) as mirroring_now:
        yield mirroring_now
        mirroring_now.finish()
        if mirroring_now.problem:
            _say_behind(mirroring_now.problem, archive, mirror)


def carry_out(plan: Plan, archive: Archive, as_json: bool, *, without: Sequence[str] = ()) -> Summary:
    """Train what the plan lists, with a progress display, then check its recipes against noise.

    Where it is interrupted, say how to go on and exit 130.

    `without` are words of the present command line that the next one must not have.
    """
    from ablations.execution.noise_checks import check_recipes
    from ablations.execution.progress import Display
    from ablations.execution.runner import execute

    estimates = {job.name: job.estimate_seconds for job in plan.jobs}
    shown = Display(estimates, stream=sys.stderr if as_json else sys.stdout)
    with resumable("what has finished is stored", without):
        with shown as display:
            summary = execute(plan, archive, display)
        check_recipes(plan, archive)
    return summary


@contextmanager
def resumable(kept: str, without: Sequence[str] = ()) -> Iterator[None]:
    """Where the block is interrupted, say what is kept and how to go on, and exit 130.

    `without` are words of the present command line that the next one must not have.
    """
    try:
        yield
    except KeyboardInterrupt:
        words = [word for word in sys.argv[1:] if word not in without]
        again = without_secret(shlex.join(["ablations", *words]))
        how = "--fresh begins all of it again" if "--fresh" in words else "Continue with"
        click.echo(f"interrupted; {kept}. {how}: {again}", err=True)
        raise click.exceptions.Exit(130) from None


def mirrored_searches(archive: Archive, mirror: str | None) -> None:
    """Show the archive's searches in MLflow, or say why not."""
    from ablations.config.errors import StoreError
    from ablations.execution.mirroring import NONE

    if mirror == NONE:
        return
    from ablations.store.mirror import Mirror

    try:
        opened = Mirror.open(mirror or archive.root)
        for tree in archive.searches():
            opened.write_search(archive, tree)
    except StoreError as error:
        _say_behind(str(error), archive, mirror)


def _say_behind(problem: str, archive: Archive, mirror: str | None) -> None:
    again = ["ablations", "mirror", "--store", str(archive.location), *([] if mirror is None else ["--to", mirror])]
    click.echo(
        f"MLflow's page is behind: {problem}\nbring it up to date with: {without_secret(shlex.join(again))}", err=True
    )
