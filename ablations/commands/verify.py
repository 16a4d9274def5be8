"""`ablations verify RUN`: train a stored run again and compare it to the bit."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.engine_options import INSTRUCTION_SETS
from ablations.commands.named_runs import KEY, whole_key
from ablations.commands.shared import (
    Number,
    data_folder_option,
    json_option,
    name_of_stored,
    print_json,
    store_option,
    traceback_option,
)
from ablations.config.errors import UserError
from ablations.config.own_parts import load
from ablations.config.paths import with_home

if TYPE_CHECKING:
    from ablations.catalog.published_bits import PublishedRun
    from ablations.execution.progress import Display
    from ablations.execution.verify import Verification
    from ablations.store import Archive
    from ablations.store.result import Result


@click.command("verify")
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.option(
    "--study",
    metavar="STUDY|FILE",
    callback=name_of_stored,
    help="Take runs of this stored study instead of naming them.",
)
@click.option("--published", is_flag=True, help="Take rows of the published pages: no store is needed.")
@click.option(
    "--pages",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("reports/published"),
    show_default=True,
    help="Folder of the published pages; reports/published/quick for the rows of one study, which here take minutes.",
)
@click.option(
    "--isa",
    type=click.Choice(INSTRUCTION_SETS),
    help="With --published: of the rows that were made with this instruction set; a process is held to one.  [default: "
    "the set of most rows, of those that this processor can be held to]",
)
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How many runs of the study or the pages.",
)
@click.option(
    "--tolerance",
    type=Number(min=0),
    default=0.0,
    show_default=True,
    help="Largest relative difference that still counts as the same.",
)
@click.option(
    "--parts",
    multiple=True,
    metavar="FILE|package:NAME",
    help="The user's own source that a run needs: see `ablations run --help`; may be repeated.",
)
@traceback_option
@data_folder_option
@store_option
@json_option
def command(
    runs: tuple[str, ...],
    study: str | None,
    published: bool,
    pages: Path,
    isa: str | None,
    sample: int,
    tolerance: float,
    parts: tuple[str, ...],
    data_folder: Path | None,
    location: str,
    as_json: bool,
) -> None:
    """Train each RUN again, in the same slot of a stack of the same width. RUN is a key, as the report names it, or its
    beginning.

    Compares weights, curves and scores. Exit code 0 only where everything is identical, or within --tolerance; else the
    first difference is named, with the facts of the machine that differ.
    """
    if published and study:
        raise click.UsageError(
            f"--published takes the rows of pages: --pages reports/published/{study} for one study's"
        )
    if published and tolerance:
        raise click.UsageError("--tolerance is for stored runs: of the published ones the pages state the bits alone")
    if isa and not published:
        raise click.UsageError("--isa is for --published: a stored run is held to the instruction set that it says")
    if bool(runs) + bool(study) + published != 1:
        raise click.UsageError("name runs, or a study with --study, or take --published")
    if published:
        verify_pages(pages, isa, sample, data_folder, as_json)
        return
    hold_as(location, runs, study)
    from ablations.store.reading import existing

    archive = existing(location)
    chosen = [whole_key(archive, name) or name for name in runs] or spread(archive, str(study), sample)
    for key in chosen:
        archive.get(key, weights=False)  # one that is missing is said at once
    load(parts)  # may import torch: only now
    from ablations.execution.plan_facts import seconds_again
    from ablations.execution.verify import label_of, verify  # imports torch: only now, held to the instruction set

    found = [archive.get(key, weights=False) for key in chosen]
    estimates = dict.fromkeys(map(label_of, found), 0.0)
    for item in found:
        with suppress(UserError):  # what is wrong with one, `verify` says in its turn
            estimates[label_of(item)] = seconds_again(item.run, data_folder, len(item.evaluations))
    outcomes = []
    with shown(estimates) as emit:
        for key in chosen:
            stored = archive.get(key)
            outcome = verify(stored, data_folder=data_folder, emit=emit)
            bounds = None if outcome.identical else interval_of(archive, stored)
            outcomes.append(tree_of(key, outcome, tolerance, bounds))
            if not as_json:
                print_outcome(outcome, tolerance, bounds)
    if as_json:
        print_json(outcomes)
    if not all(outcome["accepted"] for outcome in outcomes):
        raise click.exceptions.Exit(1)


def verify_pages(pages: Path, isa: str | None, sample: int, data_folder: Path | None, as_json: bool) -> None:
    """Train rows of the published pages again, evenly spread over those of one instruction set; exit code 1 unless all
    are identical.

    Raises:
        StoreError: no row, none of that set, or none that this processor can be held to.
    """
    from ablations.catalog.published_bits import read_rows
    from ablations.config.errors import StoreError
    from ablations.training.instruction_set import hold, lacking

    rows = read_rows([pages])
    if not rows:
        raise StoreError(f"{pages} has no table of published runs; run this in a clone of the project, or name --pages")
    by_isa: dict[str, list[PublishedRun]] = {}
    for row in rows:
        by_isa.setdefault(row.isa, []).append(row)
    if isa and isa not in by_isa:
        raise StoreError(f"{pages} has no row made with {isa}: they were made with {' and '.join(sorted(by_isa))}")
    able = {name: found for name, found in by_isa.items() if not lacking(name)}
    held = max(able if isa is None else able.keys() & {isa}, key=lambda name: len(able[name]), default="")
    for name, found in by_isa.items():
        if name != held and isa in (None, name):
            why = f"needs {', '.join(lacking(name))} here" if name not in able else f"they are for --isa {name}"
            click.echo(f"left out: {len(found)} rows made with {name}: {why}", err=True)
    if not held:
        raise StoreError(f"{pages} has no such row that this processor can be held to; --pages names other pages")
    hold(held)
    possible, count = able[held], min(sample, len(able[held]))
    chosen = [possible[index * len(possible) // count] for index in range(count)]
    from ablations.execution.published import seconds_again, verify_published

    outcomes = []
    with shown({row.label: seconds_again(row, data_folder) for row in chosen}) as emit:
        for row in chosen:
            outcome = verify_published(row, data_folder, emit)
            outcomes.append(outcome)
            if not as_json:
                said = "identical" if outcome.identical else "DIFFERENT" if outcome.difference else "not comparable"
                click.echo(f"{said}: {row.label}" + (f": first in {outcome.difference}" if outcome.difference else ""))
                for name, (then, now) in outcome.facts.items():
                    click.echo(f"  {name}: {then} published, {now} here")
    if as_json:
        keys = ("label", "identical", "difference", "facts")
        print_json([{key: getattr(outcome, key) for key in keys} for outcome in outcomes])
    if not all(outcome.identical for outcome in outcomes):
        raise click.exceptions.Exit(1)


def shown(estimates: Mapping[str, float]) -> Display:
    """How long it takes, and then how far it is: on standard error, since what came of it goes to the other."""
    from ablations.execution.progress import Display, duration

    words = "1 run" if len(estimates) == 1 else f"{len(estimates)} runs"
    took = duration(sum(estimates.values()))
    click.echo(f"{words} to train again, each in a stack as wide as its own was: about {took}", err=True)
    return Display(estimates, stream=sys.stderr)


def hold_as(location: str, runs: tuple[str, ...], study: str | None) -> None:
    """Hold this process to the instruction set that the runs were made with: before NumPy or torch is imported.

    Raises:
        ConfigError: the processor cannot do it, or the runs were made with several.
        StoreError: the object store cannot be read, or has no such study.
    """
    from ablations.config.errors import ConfigError
    from ablations.training.instruction_set import hold

    root = copied(location, runs, study) if "://" in location else with_home(location)
    keys = runs or tuple(row["key"] for row in _plain(root / "studies" / str(study) / "study.json").get("runs", ()))
    heads = [_plain(path) for key in filter(KEY.fullmatch, keys) for path in (root / "runs").glob(f"{key}*/run.json")]
    found = sorted({head["run"]["engine"]["isa"] for head in heads if head})
    if len(found) > 1:
        raise ConfigError(f"the runs were made with the instruction sets {' and '.join(found)}: verify them apart")
    for name in found:
        hold(name)


def copied(location: str, runs: tuple[str, ...], study: str | None) -> Path:
    """This machine's copy of an object store, with these runs. Made by another process: to read runs imports NumPy."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(_copied, location, runs, study).result()


def _copied(location: str, runs: tuple[str, ...], study: str | None) -> Path:
    from ablations.store.reading import existing

    archive = existing(location)
    archive.heads(runs or [member.key for member in archive.members(str(study))])
    return archive.root


def _plain(path: Path) -> dict[str, Any]:
    """A file of JSON; empty where it cannot be read: who needs it says so better."""
    try:
        return dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return {}


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
        where = f"{'inside' if low <= outcome.score <= high else 'OUTSIDE'} [{low:.4g}, {high:.4g}],"
        known = where if high < float("inf") else "too few other seeds to say"
        click.echo(f"  score now {outcome.score:.4g}: {known} where 95% of new seeds would lie")
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
