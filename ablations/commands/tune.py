"""`ablations tune-and-compare AXIS`: tune every level of an axis alike, then compare the winners on fresh seeds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.run import AT_LEAST_ONE
from ablations.commands.search import OWN, PLACE, carry_out, record, search_options, show_spaces, tree_of
from ablations.commands.shared import build_report, mirrored, out_option, print_json

if TYPE_CHECKING:
    from ablations.execution.plan import Plan
    from ablations.execution.runner import Summary
    from ablations.search.generations import Found
    from ablations.search.tuning import Ranking
    from ablations.store import Archive


@click.command("tune-and-compare")
@click.argument("axis")
@click.option("--base", default="baseline", show_default=True, help="The variant whose levels are compared.")
@click.option(
    "--final-seeds", type=AT_LEAST_ONE, default=5, show_default=True, help="Fresh seeds of the comparison on test."
)
@click.option(
    "--defaults/--no-defaults",
    "with_defaults",
    default=True,
    show_default=True,
    help="Compare the default settings too, or only the tuned ones, at half the cost.",
)
@click.option(
    "--study", "file", help="A .json or .toml study file with axes of your own, and variants to name as base."
)
@search_options
@out_option("results/tuning/AXIS")
def command(
    axis: str,
    base: str,
    file: str | None,
    final_seeds: int,
    with_defaults: bool,
    location: str,
    mirror: str | None,
    out: Path | None,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Compare the levels of AXIS twice: with default settings, and each with settings tuned within one budget.

    What wins with default settings may lose once both sides are tuned; the report flags it. Interrupted, the same
    command goes on.
    """
    from ablations.catalog import AXES
    from ablations.catalog.outside import OUTSIDE_AXES
    from ablations.commands.search import find_variants
    from ablations.commands.study_files import read_axes, read_study
    from ablations.config.errors import unknown
    from ablations.search.tuning import rankings, tuned_study, tuning_searches

    axes = {**AXES, **OUTSIDE_AXES} if file is None else read_axes(Path(file))
    if axis not in axes:
        raise unknown("axis", axis, axes)
    own_base = file is not None and base in [item.name for item in read_study(Path(file)).variants]
    (variant,), _ = find_variants((base,), file if own_base else None)
    if options["steps"] is not None:
        variant = variant.override({"steps": options["steps"]})
    own = {key: options[key] for key in OWN}
    searches = tuning_searches(axes[axis], variant, narrowed=options["narrowed"], fixed=options["fixed"], **own)
    if dry_run:
        show_spaces(searches, as_json)
        return
    from ablations.search.campaign import Place
    from ablations.search.tuning_page import budget_in_words, summary, write_tuning_page
    from ablations.store import Archive
    from reports.analysis.findings import find

    archive = Archive.open(location)
    place = Place(archive=archive, experiment=f"tune {axis}", drawn=False, **{key: options[key] for key in PLACE})
    results = carry_out(searches, place, as_json)
    founds = [item.found for item in results]
    study = tuned_study(axes[axis], variant, founds, seeds=final_seeds, with_defaults=with_defaults)
    folder = out or Path("results") / "tuning" / axis
    with mirrored(archive, study.name, mirror):
        plan, compared = compare(study, archive, options, as_json)
        study_page = build_report(archive, study.name, folder / "study")
    findings = find(archive.read(study.name))
    page = write_tuning_page(axes[axis], founds, findings, folder, study_page)
    record(results, place, page, mirror)
    ranked = rankings(findings.comparisons)
    if as_json:
        trees = [tree_of(found) for found in founds]
        flips = [ranking_tree(item) for item in ranked]
        tree = {"axis": axis, "rankings": flips, "budget": budget_tree(founds), "searches": trees}
        print_json({**tree, "study": plan.study.name, "report": str(page)})
    else:
        for item in ranked:
            click.echo(ranking_line(item, findings.metric))
        click.echo(summary(ranked))
        click.echo(budget_in_words(founds))
        click.echo(f"report: {page}")
    if compared.failed:
        raise click.exceptions.Exit(1)


def compare(study: Any, archive: Archive, options: Any, as_json: bool) -> tuple[Plan, Summary]:
    """Train the study's runs that are missing; exit 130 where it is interrupted."""
    from ablations.commands.shared import carry_out as train
    from ablations.execution.options import Options
    from ablations.execution.plan import make_plan

    plan = make_plan(
        study,
        Options(**{key: options[key] for key in ("dataset", "data_folder", "device", "isa", "workers", "executor")}),
        archive,
    )
    return plan, train(plan, archive, as_json, without=("--fresh",))


def budget_tree(founds: Sequence[Found]) -> dict[str, Any]:
    """What every level was granted, and what each used of it; steps are those of every seed."""
    from ablations.search.charges import spent

    settings = founds[0].settings
    granted = {
        "trials": settings.trials,
        "steps": settings.trials * settings.steps * settings.seeds,
        "seconds": settings.seconds,
    }
    used = [
        {
            "level": item.name,
            "trials": item.trials,
            "charged_steps": item.charged_steps,
            "train_seconds": round(item.train_seconds, 3),
            "evaluation_seconds": round(item.evaluation_seconds, 3),
            "seconds": round(item.seconds, 3),
            "trials_beyond_budget": item.beyond,
        }
        for item in map(spent, founds)
    ]
    return {"granted": granted, "used": used}


def ranking_tree(item: Ranking) -> dict[str, Any]:
    return {
        "level": item.level,
        "reference": item.reference,
        "default": {"effect": item.default.effect, "verdict": item.default.verdict},
        "tuned": None if item.tuned is None else {"effect": item.tuned.effect, "verdict": item.tuned.verdict},
        "flips": item.flips,
    }


def ranking_line(item: Ranking, metric: str) -> str:
    from reports.words import effect

    tuned = "no tuned settings" if item.tuned is None else f"{item.tuned.verdict} ({effect(item.tuned, metric)})"
    return (
        f"{item.level} against {item.reference}: default {item.default.verdict} ({effect(item.default, metric)}), "
        f"tuned {tuned}; flips: {item.flips}"
    )
