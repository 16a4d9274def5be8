"""`ablations run STUDY --until-decided`: blocks of seeds for what is open, a look at the scores after each.

The one place that joins training and statistics: the runner knows of no look, the statistics of no training. What a
look asks for follows from the scores in the archive, so a study that was broken off goes on as if it had not been.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from ablations.commands.shared import carry_out, print_table
from ablations.config.errors import ConfigError
from ablations.execution.options import Options
from ablations.execution.plan import make_plan
from ablations.execution.progress import duration
from reports.analysis.findings import progress_of
from reports.analysis.looks import Plan as Looks
from reports.analysis.looks import Progress, follow

if TYPE_CHECKING:
    from ablations.config import Study
    from ablations.execution.plan import Plan
    from ablations.execution.runner import Summary
    from ablations.store import Archive

BLOCK = 5
"""Seeds in a block, unless --width says otherwise."""
MOST = 40
"""Seeds of a variant at the last look, unless --max-seeds says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """A study with looks, as far as it has come."""

    asked: Study
    """Without the options."""
    options: Options
    looks: Looks
    archive: Archive
    progress: Progress
    plan: Plan
    """Of what the next look needs."""

    def as_dict(self) -> dict[str, Any]:
        least, most = self.bounds()
        return self.plan.as_dict() | {
            "looks": list(self.looks.looks),
            "looks_taken": self.progress.looks,
            "open": len(self.progress.open),
            "least_runs": least.runs,
            "most_runs": most.runs,
            "expected_runs": expected_runs(self),
            "most_seconds": round(most.estimate_seconds, 1),
        }

    def bounds(self) -> tuple[Plan, Plan]:
        """What is still to be trained if the next look decides all, and if nothing is decided before the last."""
        last = follow({}, self.plan.recorded.contrasts, Looks(looks=self.looks.looks[-1:])).wanted
        involved = {name for item in self.progress.open for name in (item.treatment, item.reference)}
        wanted = {name: seeds for name, seeds in last.items() if name in involved}
        return self.plan, _plan(self.asked, self.options, self.archive, _more(self.plan.seeds, wanted, self.width))

    @property
    def width(self) -> int:
        return _width(self.options)


def begin(study: Study, options: Options, most: int | None, archive: Archive) -> Series:
    """Where a study stands, and what its next look needs.

    Raises:
        ConfigError: nothing to decide, options that contradict looks, or other looks than the study was begun with.
    """
    for name in ("seeds", "reference_seeds", "only"):
        if getattr(options, name):
            raise ConfigError(
                f"--{name.replace('_', '-')} and --until-decided contradict each other: looks say how many"
            )
    if options.fresh:
        raise ConfigError(
            "--fresh and --until-decided contradict each other: each look would train what the looks before it trained "
            "again; begin anew in another --store"
        )
    if not study.contrasts:
        raise ConfigError(f"study {study.name!r} asks for no contrast, so there is nothing to decide")
    width = _width(options)
    begun = archive.study(study.name).looks if study.name in archive.studies() else ()
    chosen = Looks.up_to(most or (begun[-1] if begun else MOST), block=width)
    if begun and begun != chosen.looks:
        raise ConfigError(
            f"study {study.name!r} was begun with looks at {', '.join(map(str, begun))} seeds, and its error is shared "
            f"among them; go on with --max-seeds {begun[-1]} and the same --width, or begin anew in another --store"
        )
    fixed = dataclasses.replace(options, width=width, seeds=min(study.seeds, chosen.looks[0]), looks=chosen.looks)
    return _stand(study, fixed, chosen, archive)


def carry_out_looks(series: Series, as_json: bool) -> Summary:
    """Train block after block until no contrast is open; the sum of all blocks."""
    from ablations.execution.runner import Summary

    done: list[Summary] = []
    while series.progress.wanted or not done:
        if not as_json:
            click.echo(_said(series.progress))
        before = series.progress
        done.append(carry_out(series.plan, series.archive, as_json))
        series = _stand(series.asked, series.options, series.looks, series.archive)
        if series.progress.looks == before.looks and series.progress.wanted == before.wanted:
            break  # runs that cannot be had, so that the look cannot be taken
    if not as_json:
        click.echo(_said(series.progress))
    counts: Counter[Any] = Counter()
    for summary in done:
        counts.update(summary.counts)
    return Summary(
        counts=counts,
        reused=done[0].reused,
        seconds=sum(summary.seconds for summary in done),
        failures=tuple(failure for summary in done for failure in summary.failures),
    )


def show(series: Series, said: str) -> None:
    """The plan of the next look, and what the whole may cost. `said`: how the user named the study."""
    from ablations.commands.run import print_plan

    print_plan(series.plan, said)
    least, most = series.bounds()
    expected = expected_runs(series)
    rows = [("if the next look decides all", f"{least.runs:,}", duration(least.estimate_seconds))]
    if expected is not None and most.runs:
        share = expected / most.runs
        rows.append(("expected, of scores like those so far", f"{expected:,}", duration(share * most.estimate_seconds)))
    rows.append(("if nothing is decided before the last", f"{most.runs:,}", duration(most.estimate_seconds)))
    click.echo(f"\nlooks at {', '.join(map(str, series.looks.looks))} seeds; {_said(series.progress)}\n")
    print_table(("until decided", "runs", "about"), rows, right=frozenset({1, 2}))


def expected_runs(series: Series) -> int | None:
    """Runs still to be trained, over simulated studies with the means and deviations of the scores so far; None before
    each variant of the open contrasts has some.
    """
    import numpy as np

    from reports.analysis.cost import expected
    from reports.analysis.decision_rules import Rules
    from reports.analysis.scored import primary_metric, scores

    name = series.plan.recorded.name
    still = series.progress.open
    if name not in series.archive.studies() or not still:
        return None
    results = series.archive.read(name).results
    table = scores(results, primary_metric(results))
    reference = series.plan.recorded.main_reference or ""
    names = [reference, *(item.treatment for item in still if item.reference == reference)]
    values = [np.array([*table.get(one, {}).values()]) for one in names]
    finite = [column[np.isfinite(column)] for column in values]
    if any(len(column) < 2 for column in finite):
        return None
    means, spreads = [float(v.mean()) for v in finite], [float(v.std(ddof=1)) for v in finite]
    found = expected(means, spreads, series.looks, Rules(), np.random.default_rng(0))
    return max(0, round(found.runs) - sum(len(table.get(one, {})) for one in names))


def _stand(study: Study, options: Options, looks: Looks, archive: Archive) -> Series:
    known = study.name in archive.studies() and bool(archive.study(study.name).looks)
    progress = progress_of(archive.read(study.name)) if known else follow({}, study.contrasts, looks)
    have = Counter(member.variant for member in archive.members(study.name)) if known else Counter[str]()
    seeds = {variant.name: max(looks.looks[0], have[variant.name]) for variant in study.variants}
    plan = _plan(study, options, archive, _more(seeds, progress.wanted, _width(options)))
    return Series(asked=study, options=options, looks=looks, archive=archive, progress=progress, plan=plan)


def _width(options: Options) -> int:
    """Seeds in a block. Raises `ConfigError` where they are to be found by measurement."""
    if options.width == "fastest":
        raise ConfigError("--until-decided adds blocks of --width seeds: give a number, such as --width 5")
    return options.width or BLOCK


def _more(seeds: Mapping[str, int], wanted: Mapping[str, int], width: int) -> dict[str, int]:
    """In whole blocks: a stack is trained as a whole, so the rest of it costs nothing, and waits for a later look."""
    return {name: math.ceil(max(count, wanted.get(name, 0)) / width) * width for name, count in seeds.items()}


def _plan(study: Study, options: Options, archive: Archive, seeds: Mapping[str, int]) -> Plan:
    return make_plan(study, dataclasses.replace(options, variant_seeds=seeds), archive)


def _said(progress: Progress) -> str:
    states = Counter(path.state for path in progress.paths)
    taken = f"{progress.looks} of {len(progress.plan.looks)} looks taken"
    return f"{taken}: {states['decided']} contrasts decided, {states['open']} open, {states['closed']} closed without"
