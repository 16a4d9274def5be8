"""The page of proof as Markdown: tables of simulated cells. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from reports.analysis.distributions import DISTRIBUTIONS
from reports.analysis.ended import STUDIES
from reports.analysis.looks import LOOKS
from reports.analysis.others import max_t_gain
from reports.analysis.scenarios import SCENARIOS

Row = Mapping[str, str | int | float]
HEAD = """# The statistics of the verdicts

Everything here is written by `python -m reports.analysis.simulate`, with the code that judges real studies. Studies are
drawn for which the truth is known. A study is false if any of its verdicts is, of difference or of equivalence; at most
5% may be. Where nothing else is said, all means are equal.

"""
LOOKED = f"""The same over all looks of a study until decided, the first at {LOOKS[0]} seeds and the last at the number
in the head; nothing is closed early."""
OTHERS = """
## 2. Methods that were measured and not taken

Percent of studies with a false verdict of difference; all means are equal.
"""
GAIN = """
What the max-t distribution would take off the length of the intervals, in place of Bonferroni's bound: normal scores,
many seeds, a reference with as many of them as each treatment, or with the square root of the number of contrasts times
as many.

"""
POWER = """
## 3. What is found

Percent of true differences found, normal scores; in brackets those of paired t tests with Bonferroni's bound. Of one
contrast the unit is the standard deviation of the paired differences, of eight that of one run. The last rows: the
difference that a study with so many seeds calls detectable (the median), and how often it is found; 80 is meant.
What lies between a number and the one in brackets is the price of the promise under skewed noise: high for few seeds,
low for many.
"""


def page(errors: Sequence[Row], others: Sequence[Row], powers: Sequence[Row]) -> str:
    """Sections 1 to 3, of rows as they are stored."""
    return HEAD + "".join((_summary(errors), _errors(errors), _others(others), _powers(powers)))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _summary(errors: Sequence[Row]) -> str:
    worst = max(errors, key=lambda row: float(row["share"]))
    least = min(errors, key=lambda row: float(row["covered"]))
    return (
        f"Of {len(errors)} cells the worst has {_percent(worst['share'])}% false studies ({_where(worst)}).\n"
        f"The highest upper bound of a Wilson interval is {_percent(max(float(row['high']) for row in errors))}%.\n"
        f"The lowest coverage of all intervals of a study at once is {_percent(least['covered'])}% ({_where(least)}).\n"
    )


def _errors(errors: Sequence[Row]) -> str:
    words = {item.name: item.words for item in SCENARIOS.values()} | {item.name: item.words for item in STUDIES}
    text = "\n## 1. False verdicts\n\nPercent of studies, by seeds of each treatment.\n"
    for name in dict.fromkeys(str(row["scenario"]) for row in errors):
        own = [row for row in errors if row["scenario"] == name]
        covered = min(float(row["covered"]) for row in own)
        size = f"{int(own[0]['draws']):,} studies a cell; all intervals at once cover in at least {_percent(covered)}%."
        text += f"\n**{_title(name)}.** {words.get(name, LOOKED)}\n{size}\n\n{_by_seeds(own)}"
    return text


def _by_seeds(rows: Sequence[Row]) -> str:
    seeds = sorted({int(row["seeds"]) for row in rows})
    cells = {(row["distribution"], int(row["seeds"])): row for row in rows}
    lines = [[shape, *(_percent(cells[shape, n]["share"]) for n in seeds)] for shape in DISTRIBUTIONS]
    return table(["", *map(str, seeds)], lines)


def _others(others: Sequence[Row]) -> str:
    text = OTHERS
    for method in dict.fromkeys(str(row["method"]) for row in others):
        for name in dict.fromkeys(str(row["scenario"]) for row in others):
            own = [row for row in others if row["method"] == method and row["scenario"] == name]
            text += f"\n**{_title(method)}: {name}.**\n\n{_by_seeds(own)}"
    gains = [[str(k), *(_gain(k, factor) for factor in (1.0, math.sqrt(k)))] for k in (2, 8, 32)]
    return text + GAIN + table(["contrasts", "as many", "square root times as many"], gains)


def _gain(contrasts: int, factor: float) -> str:
    share = max_t_gain(contrasts, 1 / (1 + factor), 0.05, 200_000, np.random.default_rng(contrasts))
    return f"{100 * share:.1f}%"


def _powers(powers: Sequence[Row]) -> str:
    text = POWER
    for contrasts in sorted({int(row["contrasts"]) for row in powers}):
        own = [row for row in powers if int(row["contrasts"]) == contrasts]
        seeds = sorted({int(row["seeds"]) for row in own})
        cells = {(row["effect"], int(row["seeds"])): row for row in own}
        effects = [effect for effect in dict.fromkeys(row["effect"] for row in own) if effect != "detectable"]
        lines = [[str(effect), *(_found(cells[effect, n]) for n in seeds)] for effect in effects]
        lines.append(["detectable", *(f"{float(cells['detectable', n]['size']):.2f}" for n in seeds)])
        lines.append(["found", *(_found(cells["detectable", n]) for n in seeds)])
        title = "One contrast" if contrasts == 1 else f"{contrasts} contrasts"
        text += f"\n**{title}**\n\n{table(['difference', *map(str, seeds)], lines)}"
    return text


def _found(cell: Row) -> str:
    return f"{100 * float(cell['share']):.0f} ({100 * float(cell['student']):.0f})"


def _title(name: str) -> str:
    return name[0].upper() + name[1:]


def _percent(value: str | float) -> str:
    return f"{100 * float(value):.2f}"


def _where(row: Row) -> str:
    return f"{row['scenario']}, {row['distribution']}, {row['seeds']} seeds"
