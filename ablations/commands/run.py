"""`ablations run STUDY`: plan, train what the archive lacks, report."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from ablations.commands.data_options import study_data_option
from ablations.commands.engine_options import isa_option, precision_option
from ablations.commands.shared import (
    Number,
    build_report,
    carry_out,
    data_folder_option,
    executor_options,
    json_option,
    mirror_option,
    mirrored,
    out_option,
    parts_option,
    print_json,
    print_table,
    store_option,
    traceback_option,
)

if TYPE_CHECKING:
    from ablations.execution.job import GroupJob
    from ablations.execution.options import Options
    from ablations.execution.plan import Plan
    from ablations.execution.runner import Summary
    from ablations.store import Archive

AT_LEAST_ONE = click.IntRange(min=1)


def parse_overrides(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> Mapping[str, str]:
    overrides = {}
    for text in values:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise click.BadParameter(f"{text!r} is not KEY=VALUE, such as loss.criterion=mse", context, parameter)
        overrides[key.strip()] = value.strip()
    return overrides


def parse_reference_seeds(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> int | Literal["auto"] | None:
    return "auto" if value == "auto" else number_or("auto", value, context, parameter)


def parse_width(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> int | Literal["fastest"] | None:
    return "fastest" if value == "fastest" else number_or("fastest", value, context, parameter)


def number_or(word: str, value: str | None, context: click.Context, parameter: click.Parameter) -> int | None:
    """Of seeds. Raises `BadParameter` for what is no number from 1 on, which names the word that may stand there."""
    if value is None:
        return None
    if not value.isdecimal() or int(value) < 1:
        raise click.BadParameter(f"{value!r} is neither a number of seeds nor {word}", context, parameter)
    return int(value)


@click.command("run")
@click.argument("study", metavar="STUDY|FILE")
@click.option("--seeds", type=AT_LEAST_ONE, help="Seeds 0 to N-1 of each variant.  [default: the study's]")
@click.option(
    "--reference-seeds",
    metavar="N|auto",
    callback=parse_reference_seeds,
    help="Of the variant that most contrasts are held against; auto: the square root of their number times the others'."
    "  [default: the study's, or as many as of the others]",
)
@click.option(
    "--until-decided",
    is_flag=True,
    help="Add blocks of seeds (--width, 5 by default) to the variants of open contrasts until all are decided.",
)
@click.option(
    "--max-seeds",
    type=click.IntRange(min=5),
    help="With --until-decided: the seeds of a variant at the last look.  [default: 40, or as the study was begun]",
)
@click.option("--steps", type=AT_LEAST_ONE, help="Training steps of each variant.  [default: the variant's]")
@click.option("--evaluations", type=AT_LEAST_ONE, help="Scores along the training.  [default: the study's]")
@click.option("--only", multiple=True, metavar="VARIANT", help="Train this variant only; may be repeated.")
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    callback=parse_overrides,
    help="Change a setting of every variant, such as batch_size=64 or generator_optimizer.learning_rate=5e-4; may be "
    "repeated.",
)
@parts_option
@traceback_option
@study_data_option
@data_folder_option
@click.option("--device", type=click.Choice(["cpu", "cuda", "auto"]), default="auto", show_default=True)
@precision_option
@isa_option
@click.option("--workers", type=AT_LEAST_ONE, help="Processes.  [default: one a core]")
@executor_options
@click.option(
    "--width",
    metavar="N|fastest",
    callback=parse_width,
    help="Seeds trained in one stack; part of what identifies a run. fastest: for each variant what was measured here "
    "(`doctor --measure STUDY --width N`) to end the study soonest.",
)
@click.option("--time-limit", type=Number(min=0, min_open=True), metavar="SECONDS", help="For each run.")
@click.option(
    "--checkpoint-seconds",
    type=Number(min=0),
    default=30.0,
    show_default=True,
    help="How often a group in training is checkpointed: what a kill can cost.",
)
@click.option("--fresh", is_flag=True, help="Train again what the archive already has.")
@click.option(
    "--keep",
    type=click.Choice(["all", "last"]),
    default="all",
    show_default=True,
    help="G's weights at all scored steps, or the last only: what a later scorer can look at.",
)
@store_option
@mirror_option
@out_option("results/reports/STUDY")
@click.option("--dry-run", is_flag=True, help="Print what would be trained and about how long it takes; train nothing.")
@click.option(
    "--simulate",
    metavar="nodes=N|gpus=N",
    help="With --dry-run: the plan on so many machines like this one, or GPUs, at the same costs.",
)
@json_option
def command(
    study: str,
    location: str,
    mirror: str | None,
    out: Path | None,
    dry_run: bool,
    simulate: str | None,
    as_json: bool,
    until_decided: bool,
    max_seeds: int | None,
    **options: Any,
) -> None:
    """Train the variants of a study, score them, store the runs and write the report.

    STUDY is a name from `ablations list`, FILE the path of a .json or .toml study file. Runs that the archive already
    has are not trained again; an interrupted study goes on where it stopped.
    """
    from ablations.commands.study_files import find_study

    found = find_study(study).with_operands(options["precision"])
    from ablations.execution.options import Options
    from ablations.execution.plan import make_plan
    from ablations.store import Archive

    archive = Archive.open(location)
    chosen = Options(**options)
    if until_decided:
        from ablations.commands import until_decided as looks

        series = looks.begin(found, chosen, max_seeds, archive)
        if dry_run:
            print_json(series.as_dict()) if as_json else looks.show(series, study)
            return
    elif max_seeds is not None:
        raise click.UsageError("--max-seeds is for --until-decided; --seeds says how many seeds a variant has")
    plan = make_plan(found, chosen, archive) if not until_decided else series.plan
    if not until_decided:
        warn_of_lost_runs(plan, archive)
    if simulate is not None and not dry_run:
        raise click.UsageError("--simulate trains nothing: give --dry-run with it")
    if dry_run:
        if simulate is not None:
            from ablations.execution.simulation import rows_of, simulated

            found_there = simulated(plan, archive, simulate)
            if as_json:
                print_json(plan.as_dict() | {"simulation": found_there.as_dict()})
                return
        print_json(plan.as_dict()) if as_json else print_plan(plan, study)
        if simulate is not None:
            click.echo(f"\non {simulate}, at the costs above:")
            print_table(("", ""), rows_of(found_there))
        return
    with mirrored(archive, plan.study.name, mirror):
        summary = looks.carry_out_looks(series, as_json) if until_decided else carry_out(plan, archive, as_json)
        page = build_report(archive, plan.study.name, out)
    if as_json:
        print_json(summary_tree(plan, summary, page))
    else:
        print_summary(summary, page)
    if summary.failed:
        raise click.exceptions.Exit(1)


def warn_of_lost_runs(plan: Plan, archive: Archive) -> None:
    """Say how many runs the recorded study has that are none of the planned one's."""
    from ablations.config.errors import StoreError

    name = plan.recorded.name
    try:
        before = {member.key for member in archive.members(name)}
    except StoreError:
        return  # not recorded, or not to be read: then it is recorded anew
    if lost := len(before - {member.key for member in plan.members}):
        click.echo(
            f"{lost} of the {len(before)} runs of {name} as this store has it are not among those asked for now: its "
            "report will be without them; --store and --out give these a place of their own",
            err=True,
        )


def print_plan(plan: Plan, said: str) -> None:
    """One line a variant: what is stored, what is to be trained, how long it takes on one worker. `said`: how the user
    named the study.
    """
    from ablations.execution.progress import duration

    rows = []
    by_variant: dict[str, list[GroupJob]] = {}
    for job in plan.jobs:
        by_variant.setdefault(job.variant.name, []).append(job)
    for variant in plan.study.variants:
        jobs = by_variant.get(variant.name, [])
        missing = sum(len(job.wanted) for job in jobs)
        seconds = sum(job.estimate_seconds for job in jobs)
        rows.append(
            (
                variant.name,
                str(plan.seeds[variant.name]),
                f"{variant.steps:,}",
                str(plan.seeds[variant.name] - missing),
                str(missing),
                " ".join(dict.fromkeys(str(len(job.seeds)) for job in jobs)) or "-",
                duration(seconds) if missing else "-",
            )
        )
    header = ("variant", "seeds", "steps", "stored", "to train", "width", "about")
    print_table(header, rows, right=frozenset({1, 2, 3, 4, 5, 6}))
    workers = f"{plan.workers} worker{'s' if plan.workers != 1 else ''}"
    click.echo(f"\n{plan.runs} runs to train, about {duration(plan.estimate_seconds)} with {workers}")
    if not plan.measured:
        click.echo(f"measured on another kind of machine; for this one: {measuring(said, plan.options)}")
    click.echo(f"{plan.kept_bytes / 1e6:,.0f} MB of G's weights to be kept (--keep {plan.options.keep})")


def measuring(said: str, options: Options) -> str:
    """The command that measures what a study costs on this machine."""
    from ablations.config.own_parts import loaded

    words = ["ablations", "doctor", "--measure", said]
    words += [word for origin in loaded() if origin.place for word in ("--parts", origin.place)]
    words += ["--data", options.dataset] if options.dataset else []
    words += ["--precision", options.precision] if options.precision != "float32" else []
    return shlex.join(words)


def print_summary(summary: Summary, page: Path) -> None:
    from ablations.execution.progress import duration

    counts = ", ".join(f"{count} {status}" for status, count in summary.counts.items() if count) or "nothing to train"
    reused = f", {summary.reused} already stored" if summary.reused else ""
    click.echo(f"{counts}{reused}, in {duration(summary.seconds)}")
    click.echo(f"report: {page}")


def summary_tree(plan: Plan, summary: Summary, page: Path) -> dict[str, Any]:
    return {
        "study": plan.study.name,
        "counts": dict(summary.counts),
        "reused": summary.reused,
        "seconds": round(summary.seconds, 3),
        "failures": [{"run": run, "reason": reason} for run, reason in summary.failures],
        "report": str(page),
    }
