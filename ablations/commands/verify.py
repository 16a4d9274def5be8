"""`ablations verify RUN`: train a stored run again and compare it to the bit."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.shared import data_folder_option, json_option, print_json, store_option

if TYPE_CHECKING:
    from ablations.execution.verify import Verification
    from ablations.store import Archive
    from ablations.store.result import Result


@click.command("verify")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option("--study", help="Take runs of this study instead of naming them.")
@click.option("--sample", type=click.IntRange(min=1), default=3, show_default=True, help="How many runs of the study.")
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Largest relative difference that still counts as the same.",
)
@data_folder_option
@store_option
@json_option
def command(
    runs: tuple[str, ...],
    study: str | None,
    sample: int,
    tolerance: float,
    data_folder: Path | None,
    location: str,
    as_json: bool,
) -> None:
    """Train each RUN (a key, as the report names it) again, in the same slot of a stack of the same width.

    Compares weights, curves and scores. Exit code 0 only where everything is identical, or within --tolerance; else the
    first difference is named, with the facts of the machine that differ.
    """
    from ablations.execution.verify import verify
    from ablations.store import Archive

    if bool(runs) == bool(study):
        raise click.UsageError("name runs, or a study with --study")
    archive = Archive.open(location)
    outcomes = []
    for key in runs or spread(archive, str(study), sample):
        stored = archive.get(key)
        outcome = verify(stored, data_folder=data_folder)
        bounds = None if outcome.identical else interval_of(archive, stored)
        outcomes.append(tree_of(key, outcome, tolerance, bounds))
        if not as_json:
            print_outcome(outcome, tolerance, bounds)
    if as_json:
        print_json(outcomes)
    if not all(outcome["accepted"] for outcome in outcomes):
        raise click.exceptions.Exit(1)


def spread(archive: Archive, study: str, sample: int) -> list[str]:
    """Runs of a study, evenly spread over its variants and seeds, always the same."""
    from ablations.config.errors import StoreError

    keys = [result.key for result in archive.read(study).results if result.is_done]
    if not keys:
        raise StoreError(f"the study {study!r} has no finished runs to verify; run it first: ablations run {study}")
    count = min(sample, len(keys))
    return [keys[index * len(keys) // count] for index in range(count)]


def interval_of(archive: Archive, stored: Result) -> tuple[float, float]:
    """Where the score of one more seed of a run's variant would lie, judging from its other seeds in the archive."""
    from ablations.execution.verify import prediction_interval, primary_score

    results = archive.read(stored.study).results
    alike = [r for r in results if r.run.variant.digest == stored.run.variant.digest and r.run.seed != stored.run.seed]
    return prediction_interval([primary_score(result) for result in alike])


def print_outcome(outcome: Verification, tolerance: float, bounds: tuple[float, float] | None) -> None:
    if outcome.identical:
        click.echo(f"identical: {outcome.label}: weights, curves and scores")
        return
    worst = max(outcome.deviations, key=lambda name: outcome.deviations[name])
    verdict = "within the tolerance" if outcome.within(tolerance) and tolerance else "DIFFERENT"
    click.echo(f"{verdict}: {outcome.label}: first at {outcome.first_difference}")
    click.echo(f"  largest relative difference: {outcome.deviations[worst]:.3g} ({worst})")
    if bounds is not None:
        low, high = bounds
        where = "inside" if low <= outcome.score <= high else "OUTSIDE"
        click.echo(
            f"  score now {outcome.score:.4g}: {where} [{low:.4g}, {high:.4g}], where 95% of new seeds would lie"
        )
    for name, (then, now) in outcome.facts.items():
        click.echo(f"  {name}: {then} then, {now} now")
    if not outcome.facts:
        click.echo("  no fact of the environment that was recorded differs")


def tree_of(key: str, outcome: Verification, tolerance: float, bounds: tuple[float, float] | None) -> dict[str, Any]:
    return {
        "run": key,
        "label": outcome.label,
        "identical": outcome.identical,
        "accepted": outcome.within(tolerance),
        "first_difference": outcome.first_difference,
        "facts": {name: {"then": then, "now": now} for name, (then, now) in outcome.facts.items()},
        "deviations": dict(outcome.deviations),
        "score": outcome.score,
        "prediction_interval": bounds,
    }
