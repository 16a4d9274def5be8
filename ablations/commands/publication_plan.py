"""What `ablations publish` would train: its studies' plans, and how long they take."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.shared import print_table

if TYPE_CHECKING:
    from ablations.execution.plan import Plan
    from ablations.store import Archive


def plans(archive: Archive, names: tuple[str, ...], counts: Iterable[int], options: dict[str, Any]) -> Iterator[Plan]:
    """Of every study, for so many seeds, one count after the other; made when the one before is done with."""
    from ablations.catalog import STUDIES
    from ablations.catalog import publication as published
    from ablations.execution.choice import ExecutorOptions
    from ablations.execution.options import Options
    from ablations.execution.plan import make_plan
    from ablations.store.records import trained_as
    from ablations.training.instruction_set import able_in_bfloat16

    there = trained_as(archive)
    processes = ExecutorOptions(name="processes")  # held to another instruction set than this one
    bfloat16 = [{"precision": "bfloat16", "isa": isa, "executor": processes} for isa in able_in_bfloat16()[:1]]
    for count in counts:
        own = {"seeds": count, "width": min(published.WIDTH, count), **options}
        for name in names:
            for other in [{}, *(bfloat16 if name in published.ALSO_IN_BFLOAT16 else ())]:
                asked = Options(**own | other)
                alike = tuple(item for item in there if item[0].precision == asked.precision)
                study = STUDIES[name].with_operands(asked.precision)
                yield make_plan(study, dataclasses.replace(asked, accepted=alike), archive)


def not_here(names: tuple[str, ...]) -> dict[str, str]:
    """What of the studies this processor cannot train, and why."""
    from ablations.catalog import publication as published
    from ablations.config.study import with_operands
    from ablations.training.instruction_set import able_in_bfloat16

    lacking = () if able_in_bfloat16() else published.ALSO_IN_BFLOAT16
    return {
        with_operands(name, "bfloat16"): "this processor has no bfloat16 units" for name in names if name in lacking
    }


def show_plan(archive: Archive, names: tuple[str, ...], tuned: bool, seeds: int, options: dict[str, Any]) -> None:
    """A line a study: what an earlier one trains too is counted there."""
    from ablations.catalog import AXES
    from ablations.catalog import publication as published
    from ablations.catalog.outside import OUTSIDE_AXES
    from ablations.config.errors import DataError
    from ablations.execution.progress import duration
    from ablations.execution.schedule import schedule

    rows: list[tuple[str, ...]] = []
    seconds: list[float] = []
    counted: set[str] = set()
    workers = 1
    lacking: list[str] = []
    for name in names:
        try:
            made = [*plans(archive, (name,), [seeds], options)]
        except DataError as error:
            rows.append((name, "", "", "cannot", ""))
            lacking.append(f"{name}: {error}")
            continue
        for plan in made:
            jobs = [job for job in plan.jobs if not counted.intersection(job.wanted_steps)]
            counted.update(key for job in jobs for key in job.wanted_steps)
            missing, runs = sum(len(job.wanted) for job in jobs), sum(plan.seeds.values())
            work = [job.estimate_seconds for job in jobs]
            rows.append((plan.study.name, f"{runs:,}", f"{runs - missing:,}", f"{missing:,}", duration(sum(work))))
            seconds, workers = seconds + work, plan.workers
    for label, why in not_here(names).items():
        rows.append((label, "", "", "cannot", ""))
        lacking.append(f"{label}: {why}")
    print_table(("study", "runs", "stored", "to train", "of one core"), rows, right=frozenset({1, 2, 3, 4}))
    for line in lacking:
        click.echo(line)
    end = max((span.end for span in schedule(sorted(seconds, reverse=True), workers)), default=0.0)
    of_workers = f"{workers} worker{'s' if workers != 1 else ''}"
    click.echo(f"\n{len(counted):,} runs to train, about {duration(end)} with {of_workers}")
    if tuned:
        levels = {axis: len({**AXES, **OUTSIDE_AXES}[axis].levels) for axis in published.tunings()}
        trainings = sum(
            levels[axis] * (own["trials"] * own["seeds"] + own["final_seeds"])
            for axis, own in published.tunings().items()
        )
        axes = f"{len(levels)} {'axis' if len(levels) == 1 else 'axes'}"
        click.echo(f"on top: {axes} tuned against tuned, up to {trainings:,} trainings: --no-tuned leaves them")
