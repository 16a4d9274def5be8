"""Our order beside somebody else's: means of tuned levels, ranks, and how far two orders of a few agree. Pure."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from ablations.catalog.metrics import LABEL_FREE, READER, named
from ablations.catalog.outside import OutsideTable, Printed
from ablations.store.outcomes import FINISHED, outcome
from ablations.store.result import Result

MEASURES = {
    "plain distance, the reader's features": READER.whole,
    "plain distance, label-free features": LABEL_FREE.whole,
    "images alone, the reader's features": READER.images,
}
"""Words to the metric. Theirs is a plain distance, class shares and all."""
TUNED = " tuned"
"""What the tuned variant of a level is called, after the level."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One loss, there and here."""

    level: str
    printed: Printed | None
    """None: it is not in their table."""
    seeds: int
    ended: int
    """Runs without a score."""
    means: tuple[float, ...]
    """By each of `MEASURES`; NaN where no run has it."""
    spreads: tuple[float, ...]
    """Standard deviations over the seeds."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How two orders of the same few agree."""

    measure: str
    kendall: float
    kendall_p: float
    """Exact and two-sided: the share of all orders that agree or disagree at least as much."""
    spearman: float
    spearman_p: float
    opposed: tuple[tuple[str, str, float], ...]
    """Pairs, by their names there, of which the first is better there and worse here, with the difference of the means
    here in standard deviations of a difference of two runs: below 1 it is one that two runs often have."""


@dataclass(frozen=True, kw_only=True)
class Beside:
    table: OutsideTable
    lines: tuple[Line, ...]
    """By their order; those that only we have last."""
    agreements: tuple[Agreement, ...]
    least_p: float
    """The smallest p that so few losses can have, in the very same order."""


def beside(table: OutsideTable, results: Sequence[Result]) -> Beside:
    """The tuned levels of an axis beside a table that was printed elsewhere."""
    found: dict[str, list[Result]] = {}
    for result in results:
        if result.run.variant.name.endswith(TUNED):
            found.setdefault(result.run.variant.name.removesuffix(TUNED), []).append(result)
    rows = {row.level: row for row in table.rows if row.level}
    lines = sorted(
        (_line(level, rows.get(level), own) for level, own in found.items()),
        key=lambda line: (line.printed is None, line.printed.mean if line.printed else line.means[0]),
    )
    both = [(line.printed, line) for line in lines if line.printed is not None]
    agreements = []
    for index, measure in enumerate(MEASURES):
        known = [(printed, line) for printed, line in both if math.isfinite(line.means[index])]
        if len(known) > 2:
            agreements.append(_agreement(measure, known, index))
    return Beside(
        table=table,
        lines=tuple(lines),
        agreements=tuple(agreements),
        least_p=min(1.0, 2 / math.factorial(len(both))) if both else math.nan,
    )


def kendall(one: Sequence[float], other: Sequence[float]) -> float:
    """Kendall's tau-a: concordant less discordant pairs, as a share of all; a tie is neither."""
    pairs = list(itertools.combinations(range(len(one)), 2))
    return float(sum(np.sign(one[i] - one[j]) * np.sign(other[i] - other[j]) for i, j in pairs)) / len(pairs)


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """The correlation of the ranks; 0 where either has no order."""
    ranks = [stats.rankdata(values) for values in (one, other)]
    if not all(values.std() for values in ranks):
        return 0.0
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])


def exact_p(
    statistic: Callable[[Sequence[float], Sequence[float]], float], one: Sequence[float], other: Sequence[float]
) -> float:
    """The share of all orders of `other` whose statistic is at least as far from 0. For at most eight values."""
    observed = abs(statistic(one, other))
    orders = [abs(statistic(one, order)) for order in itertools.permutations(other)]
    return sum(value >= observed - 1e-12 for value in orders) / len(orders)


def _line(level: str, printed: Printed | None, own: Sequence[Result]) -> Line:
    scored = [result for result in own if outcome(result).status == FINISHED]
    columns = []
    for bare in MEASURES.values():
        names = [(result, named(bare, result.scores)) for result in scored]
        columns.append([result.scores[name] for result, name in names if name])
    return Line(
        level=level,
        printed=printed,
        seeds=len(own),
        ended=len(own) - len(scored),
        means=tuple(float(np.mean(values)) if values else math.nan for values in columns),
        spreads=tuple(float(np.std(values, ddof=1)) if len(values) > 1 else math.nan for values in columns),
    )


def _agreement(measure: str, known: Sequence[tuple[Printed, Line]], index: int) -> Agreement:
    theirs = [printed.mean for printed, _ in known]
    ours = [line.means[index] for _, line in known]
    spreads = [line.spreads[index] for _, line in known]
    opposed = tuple(
        (known[i][0].name, known[j][0].name, (ours[i] - ours[j]) / math.hypot(spreads[i], spreads[j]))
        for i, j in itertools.permutations(range(len(ours)), 2)
        if theirs[i] < theirs[j] and ours[i] > ours[j]
    )
    return Agreement(
        measure=measure,
        kendall=kendall(theirs, ours),
        kendall_p=exact_p(kendall, theirs, ours),
        spearman=spearman(theirs, ours),
        spearman_p=exact_p(spearman, theirs, ours),
        opposed=opposed,
    )
