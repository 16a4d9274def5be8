"""The proof of the verdicts: python -m reports.analysis.simulate [errors] [others] [power].

Writes `reports/published/statistics`: a table each of errors, of methods that were not taken, and of power, then
`axes.csv` and a page of all of it. All tables take about ten minutes of one core; with names only these are made again.
Each cell has its own stream of random numbers, named by what it is, so that cells do not depend on each other.
"""

from __future__ import annotations

import csv
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from reports.analysis.axes_page import PLANS, axes, axis_rows, cost
from reports.analysis.decision_rules import Rules
from reports.analysis.decisions import WORSE
from reports.analysis.distributions import DISTRIBUTIONS
from reports.analysis.ended import STUDIES, collapsing
from reports.analysis.looks import Plan
from reports.analysis.others import sign_flips, student
from reports.analysis.power import detectable
from reports.analysis.published_axes import read, replay, rows
from reports.analysis.scenarios import CONTRASTS, SCENARIOS, paired_differences, same_distribution
from reports.analysis.simulated import Cell, Share, decided, followed, measured, share, study
from reports.analysis.statistics_page import page

Value = str | int | float
Row = Mapping[str, Value]
SEEDS = (5, 8, 10, 15, 20, 40)
DRAWS = 20_000
FEWER_DRAWS = 4_000
"""Of studies over several looks, and of power."""
LEAST_DRAWS = 2_000
"""Of studies judged one by one, and of the methods that were not taken."""
FLIPS = 499
EFFECTS = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
"""In standard deviations of one run."""
AT_EACH_LOOK = ("one contrast", "quiet reference", "same distribution", "correlated", "at the margin")
TARGET = Path(__file__).parents[1] / "published" / "statistics"


def generator(*names: Value) -> np.random.Generator:
    """The stream of a cell."""
    return np.random.default_rng([zlib.crc32(str(name).encode()) for name in names])


def errors(scale: float = 1.0) -> Iterator[Row]:
    """One row a cell: all seeds at once, then over looks, then with runs that collapse."""
    rules = Rules()
    for scenario in SCENARIOS.values():
        for shape in DISTRIBUTIONS:
            for seeds in SEEDS:
                drawn = scenario.draw(generator(scenario.name, shape, seeds), shape, int(DRAWS * scale), seeds)
                yield _row(scenario.name, shape, seeds, 1, study(drawn, rules))
    for name in AT_EACH_LOOK:
        for shape in DISTRIBUTIONS:
            for most in (20, 40):
                plan = Plan.up_to(most)
                drawn = SCENARIOS[name].draw(
                    generator(name, shape, most, "looks"), shape, int(FEWER_DRAWS * scale), most
                )
                yield _row(f"{name}, looks", shape, most, len(plan.looks), followed(drawn, plan, rules))
    for item in STUDIES:
        for shape in DISTRIBUTIONS:
            for seeds in SEEDS:
                random = generator(item.name, shape, seeds)
                cell = collapsing(item, shape, int(LEAST_DRAWS * scale), seeds, rules, random)
                yield _row(item.name, shape, seeds, 1, cell)


def others(scale: float = 1.0) -> Iterator[Row]:
    """False verdicts of the methods that were not taken."""
    draws = int(LEAST_DRAWS * scale)
    for name in ("one contrast", "quiet reference", "same distribution"):
        for shape in DISTRIBUTIONS:
            for seeds in SEEDS:
                random = generator("others", name, shape, seeds)
                drawn = SCENARIOS[name].draw(random, shape, draws, seeds)
                for method, found in (
                    ("paired t tests, Bonferroni", student(drawn, 0.05)),
                    ("max-t by sign flips", sign_flips(drawn, 0.05, random, FLIPS)),
                ):
                    yield _row_of(method=method, scenario=name, distribution=shape, seeds=seeds) | _share(found)


def powers(scale: float = 1.0) -> Iterator[Row]:
    """How often a true difference is found, for normal scores; and one of the size that is called detectable."""
    for contrasts in (1, CONTRASTS):
        for seeds in SEEDS:
            for effect in (*EFFECTS, "detectable"):
                yield _power(contrasts, seeds, effect, int(FEWER_DRAWS * scale))


def _power(contrasts: int, seeds: int, effect: Value, draws: int) -> Row:
    """Of the first contrast of a study of so many."""
    random = generator("power", contrasts, seeds, effect)
    if contrasts == 1:
        drawn = paired_differences(random, "normal", draws, seeds)
    else:
        drawn = same_distribution(random, "normal", draws, seeds)
    level = Rules().alpha / contrasts
    # What is detectable differs from study to study: the median is what a typical one says.
    size = float(np.median(detectable(measured(drawn), level))) if isinstance(effect, str) else float(effect)
    moved = replace(drawn, treatments=drawn.treatments[:, :1] + size, effects=drawn.effects[:1] + size)
    found = decided(moved, Rules(), level, measured(moved)).verdict[:, 0] == WORSE
    row = _row_of(contrasts=contrasts, seeds=seeds, effect=effect, size=size)
    return row | _share(share(found)) | _row_of(student=student(moved, level).value)


def main(names: Sequence[str]) -> None:
    """Make the named tables, or all; then the page of what is there."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for name in names or TABLES:
        write(TARGET / f"{name}.csv", [*_told(name, TABLES[name]())])
    stored = read()
    again = replay(stored, PLANS["until decided, at most 20"], Rules())
    write(TARGET / "axes.csv", axis_rows(stored, again))
    text = page(*(rows(TARGET / f"{name}.csv") for name in TABLES)) + axes(stored, again) + cost(stored)
    (TARGET / "README.md").write_text(text, encoding="utf-8")


def write(path: Path, table: Sequence[Row]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=[*table[0]], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: f"{v:.6g}" if isinstance(v, float) else v for key, v in row.items()} for row in table)


def _told(name: str, table: Iterator[Row]) -> Iterator[Row]:
    for row in table:
        print(name, *row.values(), file=sys.stderr, flush=True)
        yield row


def _row(scenario: str, shape: str, seeds: int, looks: int, cell: Cell) -> Row:
    low, high = cell.covered.wilson()
    named = _row_of(scenario=scenario, distribution=shape, seeds=seeds, looks=looks)
    return named | _share(cell.false) | _row_of(covered=cell.covered.value, covered_low=low, covered_high=high)


def _share(found: Share) -> dict[str, Value]:
    low, high = found.wilson()
    return _row_of(draws=found.draws, share=found.value, low=low, high=high)


def _row_of(**values: Value) -> dict[str, Value]:
    return values


TABLES: Mapping[str, Callable[[], Iterator[Row]]] = {"errors": errors, "others": others, "power": powers}

if __name__ == "__main__":
    main(sys.argv[1:])
