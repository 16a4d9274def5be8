"""`ablations search VARIANT...`: tune hyperparameters of variants, each within the same budget."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.data_options import data_option
from ablations.commands.engine_options import isa_option
from ablations.commands.run import AT_LEAST_ONE, parse_overrides
from ablations.commands.shared import (
    Command,
    Number,
    data_folder_option,
    executor_options,
    json_option,
    mirror_option,
    mirrored_searches,
    out_option,
    parts_option,
    print_json,
    print_table,
    resumable,
    store_option,
    traceback_option,
)

if TYPE_CHECKING:
    from ablations.search.campaign import Place, Result
    from ablations.search.generations import Found
    from ablations.search.settings import Settings

OPTIONS = (
    click.option("--trials", type=AT_LEAST_ONE, default=20, show_default=True, help="Of each search, in all."),
    click.option(
        "--seconds",
        type=Number(min=0, min_open=True),
        help="Of training and scoring, in all; trials that end after them do not count.",
    ),
    click.option("--seeds", type=AT_LEAST_ONE, default=2, show_default=True, help="Tuning seeds of each trial."),
    click.option("--steps", type=AT_LEAST_ONE, help="Training steps of a trial.  [default: the variant's]"),
    click.option(
        "--reports", type=AT_LEAST_ONE, help="Scores of a trial that is not pruned.  [default: 3; halving 4, median 5]"
    ),
    click.option(
        "--space",
        "narrowed",
        multiple=True,
        metavar="KEY=DOMAIN",
        callback=parse_overrides,
        help="Search this hyperparameter in LOW:HIGH or among A,B,C; may be repeated.",
    ),
    click.option(
        "--fix",
        "fixed",
        multiple=True,
        metavar="KEY=VALUE",
        callback=parse_overrides,
        help="Hold a setting instead of searching it; may be repeated.",
    ),
    click.option("--sampler", type=click.Choice(["tpe", "gp", "random", "grid"]), default="tpe", show_default=True),
    click.option(
        "--pruner", type=click.Choice(["halving", "hyperband", "median", "none"]), default="halving", show_default=True
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the sampler."),
    click.option(
        "--parallel", type=AT_LEAST_ONE, default=2, show_default=True, help="Trials asked for together; decides them."
    ),
    click.option("--workers", type=AT_LEAST_ONE, help="Processes; changes no trial.  [default: one a core]"),
    click.option(
        "--finalists",
        type=click.IntRange(min=0),
        default=3,
        show_default=True,
        help="Best trials that selection seeds choose the winner from; 0: the best on the tuning seeds wins.",
    ),
    click.option("--storage", metavar="URL", help="Optuna's database.  [default: sqlite in the store's work folder]"),
    parts_option,
    traceback_option,
    data_option,
    data_folder_option,
    click.option("--device", type=click.Choice(["cpu", "cuda", "auto"]), default="auto", show_default=True),
    isa_option,
    click.option("--fresh", is_flag=True, help="Forget the stored search of this name and begin again."),
    store_option,
    mirror_option,
    click.option("--dry-run", is_flag=True, help="Print the spaces; train nothing."),
    json_option,
)
PLACE = ("storage", "data_folder", "device", "isa", "workers", "executor", "finalists", "fresh")
OWN = ("trials", "seconds", "seeds", "reports", "sampler", "pruner", "seed", "parallel", "dataset")


def search_options(command: Command) -> Command:
    """What every command takes that searches."""
    for option in reversed(OPTIONS):
        command = option(command)
    return executor_options(command)


@click.command("search")
@click.argument("variants", nargs=-1, metavar="[VARIANT]...")
@click.option("--study", "file", help="A .json or .toml study file with the variants, and spaces in a table `search`.")
@click.option("--name", help="Of the search; with several variants, what their names begin with.")
@click.option("--objective", type=click.Choice(["score", "score-and-seconds"]), default="score", show_default=True)
@search_options
@out_option("results/searches/NAME")
def command(
    variants: tuple[str, ...],
    file: str | None,
    name: str | None,
    location: str,
    mirror: str | None,
    out: Path | None,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Search good hyperparameters of each VARIANT: `baseline` unless named, a recipe, or a variant of any study.

    A trial trains a few seeds on a part of the training images and is scored on the rest of them. The same command
    again goes on where it stopped. Test images are not touched: the report names the command that uses them.
    """
    from ablations.search.settings import Settings

    base, spaces = find_variants(variants, file)
    own = {key: options[key] for key in OWN}
    searches = [
        Settings(
            name=search_name(name, variant.name, len(base)),
            space=space_of(variant, spaces, options),
            objective=options["objective"],
            **own,
        )
        for variant in base
    ]
    if dry_run:
        show_spaces(searches, as_json)
        return
    from ablations.search.campaign import Place
    from ablations.search.search_page import write_page
    from ablations.store import Archive

    archive = Archive.open(location)
    place = Place(archive=archive, **{key: options[key] for key in PLACE})
    results = carry_out(searches, place, as_json)
    folder = out or Path("results") / "searches" / "-".join(settings.name for settings in searches)
    figures = {item.found.settings.name: item.figures for item in results}
    page = write_page([item.found for item in results], figures, folder, place.shown)
    record(results, place, page, mirror)
    trees = [tree_of(item.found) for item in results]
    if as_json:
        print_json({"searches": trees, "report": str(page)})
        return
    for item in results:
        print_found(item.found)
    click.echo(f"report: {page}")


def search_name(name: str | None, variant: str, count: int) -> str:
    if name is None:
        return variant
    return name if count == 1 else f"{name}-{variant}"


def find_variants(names: Sequence[str], file: str | None) -> tuple[list[Any], Mapping[str, Mapping[str, Any]]]:
    """The variants to tune, and the spaces that a study file states.

    Raises:
        ConfigError: an unknown variant, with the nearest.
    """
    from ablations.catalog import RECIPES, STUDIES
    from ablations.commands.study_files import read_search, read_study
    from ablations.config.errors import unknown

    known = {variant.name: variant for study in STUDIES.values() for variant in study.variants} | dict(RECIPES)
    spaces: Mapping[str, Mapping[str, Any]] = {}
    if file is not None:
        known = {variant.name: variant for variant in read_study(Path(file)).variants}
        spaces = read_search(Path(file))
    chosen = list(names) or (list(known) if file is not None else ["baseline"])
    for name in chosen:
        if name not in known:
            raise unknown("variant", name, known)
    return [known[name] for name in dict.fromkeys(chosen)], spaces


def space_of(variant: Any, spaces: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any]) -> Any:
    """The space of a variant: the catalog's, then the study file's, then the command line's."""
    from ablations.catalog.spaces import make_space

    if options["steps"] is not None:
        variant = variant.override({"steps": options["steps"]})
    narrowed = {**spaces.get("space", {}), **options["narrowed"]}
    fixed = {**spaces.get("fix", {}), **options["fixed"]}
    for key in options["narrowed"]:
        fixed.pop(key, None)
    for key in options["fixed"]:
        narrowed.pop(key, None)
    return make_space(variant, narrowed=narrowed, fixed=fixed)


def show_spaces(searches: Sequence[Settings], as_json: bool) -> None:
    if as_json:
        print_json({settings.name: settings.facts for settings in searches})
        return
    for settings in searches:
        click.echo(
            f"{settings.name}: {settings.trials} trials of {settings.seeds} seeds, {settings.steps:,} steps each, "
            f"scored at {', '.join(f'{step:,}' for step in settings.evaluation_steps)}"
        )
        print_table(("hyperparameter", "domain"), list(settings.space.as_dict().items()))
        click.echo()


def carry_out(searches: Sequence[Settings], place: Place, as_json: bool) -> list[Result]:
    """Carry searches out with a display; exit 130 where they are interrupted."""
    import dataclasses

    from ablations.execution.executors import stopping
    from ablations.execution.progress import Display
    from ablations.search import campaign

    estimates = {name: 1.0 for settings in searches for name in campaign.missing(settings, place)}
    shown = Display(estimates, stream=sys.stderr if as_json else sys.stdout)
    with resumable("the trials that ended are stored", without=("--fresh",)), shown as display, stopping() as stop:
        return campaign.carry_out(searches, dataclasses.replace(place, on_event=display, stop=stop))


def record(results: Sequence[Result], place: Place, page: Path, mirror: str | None) -> None:
    """Keep each search's end, and show it in MLflow."""
    from ablations.search.campaign import write_search

    for item in results:
        write_search(place.archive, item.record, item.trials, best=item.found.best, page=page.read_text())
    mirrored_searches(place.archive, mirror)


def tree_of(found: Found) -> dict[str, Any]:
    from ablations.search.charges import spent

    best, used = found.best, spent(found)
    return {
        "name": found.settings.name,
        "metric": found.metric,
        "trials": [trial.row for trial in found.trials],
        "best": None if best is None else {"number": best.number, "value": best.outcome.value, **best.values},
        "finalists": {str(item.trial.number): item.outcome.value for item in found.finalists},
        "charged_steps": found.charged_steps,
        "unpruned_steps": found.full_steps,
        "train_seconds": round(used.train_seconds, 3),
        "evaluation_seconds": round(used.evaluation_seconds, 3),
        "trials_beyond_budget": used.beyond,
        "seconds": round(found.seconds, 3),
        "bookkeeping_seconds": round(found.bookkeeping_seconds, 3),
    }


def print_found(found: Found) -> None:
    from ablations.execution.progress import duration

    saved = 1 - found.charged_steps / found.full_steps if found.full_steps else 0.0
    took = duration(found.seconds)
    click.echo(f"{found.settings.name}: {found.counts}, in {took}; pruning left out {saved:.0%} of the steps")
    if found.beyond:
        click.echo(f"stored beyond --trials or --seconds, and not counted: {found.beyond}")
    best = found.best
    if best is None:
        click.echo("no trial finished, so there is no best; the report has the reasons")
        return
    own = found.settings.space.settings
    rows = [
        (key, str(own[key]), f"{value:.4g}" if isinstance(value, float) else str(value))
        for key, value in best.values.items()
    ]
    print_table(("setting", "before", f"best (trial {best.number})"), rows, right=frozenset({1, 2}))
