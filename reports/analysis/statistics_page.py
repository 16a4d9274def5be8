"""The page of proof as Markdown: tables of simulated cells, and the published axes judged again."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from reports.analysis.cost import Expected, expected
from reports.analysis.distributions import DISTRIBUTIONS
from reports.analysis.ended import STUDIES
from reports.analysis.looks import LOOKS, Plan
from reports.analysis.others import max_t_gain
from reports.analysis.published_axes import Replay, Stored, moments_of, read, replay
from reports.analysis.rules import Rules
from reports.analysis.scenarios import SCENARIOS

Row = Mapping[str, str | int | float]
HEAD = """# The statistics of the verdicts

Everything here is written by `python -m reports.analysis.simulate` ({minutes} minutes of one core), with the code that
judges real studies. Studies are drawn for which the truth is known; a study counts as false if any of its verdicts,
of difference or of equivalence, is. The promise is at most 5%.

"""


def page(errors: Sequence[Row], others: Sequence[Row], powers: Sequence[Row]) -> tuple[str, list[Row]]:
    """The text, and one row a contrast of the published axes."""
    stored = read()
    again = replay(stored, Plan(looks=tuple(n for n in LOOKS if n <= 20), reference_factor=1), Rules())
    parts = (_summary(errors), _errors(errors), _others(others), _power(powers), _axes(stored, again), _cost(stored))
    return HEAD + "\n".join(parts), _axis_rows(stored, again)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _summary(errors: Sequence[Row]) -> str:
    worst = max(errors, key=lambda row: float(row["share"]))
    upper = max(float(row["high"]) for row in errors)
    least = min(errors, key=lambda row: float(row["covered"]))
    return (
        f"Of {len(errors)} cells the worst has {_percent(worst['share'])}% false studies ({_where(worst)}); the highest "
        f"upper bound of a Wilson interval is {_percent(upper)}%. The lowest coverage of all intervals of a study "
        f"together is {_percent(least['covered'])}% ({_where(least)}).\n"
    )


def _errors(errors: Sequence[Row]) -> str:
    words = {item.name: item.words for item in (*SCENARIOS.values(), *STUDIES)}
    text = "## 1. False verdicts\n\nPercent of studies, by seeds of each treatment.\n"
    for name in dict.fromkeys(row["scenario"] for row in errors):
        own = [row for row in errors if row["scenario"] == name]
        base = str(name).removesuffix(", looks")
        said = (
            words[base]
            if base == name
            else f"The same over all looks of a study until decided ({LOOKS[0]} seeds to the number in the head); nothing is closed early."
        )
        text += f"\n**{str(name).capitalize()}.** {said} {int(own[0]['draws']):,} studies a cell.\n\n{_by_seeds(own)}"
    return text


def _by_seeds(rows: Sequence[Row]) -> str:
    seeds = sorted({int(row["seeds"]) for row in rows})
    cells = {(row["distribution"], row["seeds"]): row for row in rows}
    lines = [[shape, *(_percent(cells[shape, n]["share"]) for n in seeds)] for shape in DISTRIBUTIONS]
    return table(["", *map(str, seeds)], lines)


def _others(others: Sequence[Row]) -> str:
    gains = [
        [
            f"{k}",
            *(
                f"{100 * max_t_gain(k, 1 / (1 + f), 0.05, 200_000, np.random.default_rng(k)):.1f}%"
                for f in (1.0, math.sqrt(k))
            ),
        ]
        for k in (2, 8, 32)
    ]
    text = "\n## 2. Methods that were measured and not taken\n\nPercent of studies with a false verdict; nothing differs.\n"
    for method in dict.fromkeys(row["method"] for row in others):
        for name in dict.fromkeys(row["scenario"] for row in others):
            own = [row for row in others if row["method"] == method and row["scenario"] == name]
            text += f"\n**{str(method).capitalize()}: {name}.**\n\n{_by_seeds(own)}"
    return (
        text
        + "\nThe max-t distribution in place of Bonferroni's bound would shorten intervals by (normal scores, many seeds):\n\n"
        + table(["contrasts", "reference with as many seeds", "with the square root of that times as many"], gains)
    )


def _power(powers: Sequence[Row]) -> str:
    text = "\n## 3. What is found\n\nPercent of true differences found, normal scores, beside those of paired t tests with Bonferroni's bound in brackets. Of one contrast the unit is the standard deviation of the differences, of eight that of one run.\n"
    for contrasts in sorted({int(row["contrasts"]) for row in powers}):
        own = [row for row in powers if row["contrasts"] == contrasts]
        seeds = sorted({int(row["seeds"]) for row in own})
        cells = {(row["effect"], row["seeds"]): row for row in own}
        effects = [effect for effect in dict.fromkeys(row["effect"] for row in own) if effect != "detectable"]
        lines = [
            [
                str(e),
                *(
                    f"{100 * float(cells[e, n]['share']):.0f} ({100 * float(cells[e, n]['student']):.0f})"
                    for n in seeds
                ),
            ]
            for e in effects
        ]
        lines.append(["called detectable", *(f"{float(cells['detectable', n]['size']):.2f}" for n in seeds)])
        lines.append(["found, of those", *(f"{100 * float(cells['detectable', n]['share']):.0f}" for n in seeds)])
        text += f"\n**{contrasts} contrast{'s' if contrasts > 1 else ''}**\n\n{table(['difference', *map(str, seeds)], lines)}"
    return text


def _axes(stored: Stored, again: Replay) -> str:
    rows = _axis_rows(stored, again)
    changed = [row for row in rows if row["published"] != row["at_once"]]
    lines = [
        [str(row[key]) for key in rows[0]]
        for row in rows
        if {row["published"], row["at_once"]} != {"no difference shown"}
    ]
    said = "; ".join(f"{row['treatment']}: {row['published']}, now {row['at_once']}" for row in changed) or "none"
    return (
        f"\n## 4. The published axes\n\nVerdicts with 20 seeds as published (paired t tests, two families of Holm) and now: "
        f"changed are {said}.\n\nUntil decided, with looks at {', '.join(map(str, again.progress.plan.looks))} seeds of the stored runs: "
        f"{again.runs} runs in place of {again.runs_at_once} ({100 * again.runs / again.runs_at_once:.0f}%), and the same verdict for "
        f"{len(again.kept)} of the {len(again.decided_at_once)} contrasts that 20 seeds at once decide "
        f"(lost: {', '.join(sorted({*again.decided_at_once} - {*again.kept})) or 'none'}).\n\n"
        + table([*rows[0]], lines)
    )


def _axis_rows(stored: Stored, again: Replay) -> list[Row]:
    rows = []
    for published, now, path in zip(stored.verdicts, again.at_once, again.progress.paths, strict=True):
        last = path.comparisons[-1]
        rows.append(
            {
                "treatment": now.contrast.treatment,
                "published": published,
                "at_once": now.verdict,
                "effect": f"{now.effect:.2f}",
                "interval": f"{now.interval.low:.2f} to {now.interval.high:.2f}",
                "detectable": f"{now.detectable:.2f}",
                "until_decided": last.verdict,
                "seeds": last.treatment_scores,
            }
        )
    return rows


def _cost(stored: Stored) -> str:
    means, deviations = moments_of(stored)
    plans = {
        "20 seeds of all": Plan(looks=(20,), reference_factor=1),
        "20 seeds, 114 of the reference": Plan(looks=(20,)),
        "until decided, at most 20": Plan.up_to(20, reference_factor=1),
        "until decided, at most 20, more of the reference": Plan.up_to(20),
        "until decided, at most 40, more of the reference": Plan.up_to(40),
    }
    lines = []
    for name, plan in plans.items():
        found: Expected = expected(means, deviations, plan, Rules(), np.random.default_rng(15), draws=500)
        lines.append([name, f"{found.runs:.0f}", f"{found.reference_seeds:.0f}", f"{found.decided:.1f}"])
    return (
        "\n## 5. The expected cost\n\nOf studies with the means and standard deviations of the published axes, normal and "
        "independent, 500 a row: runs of all 33 variants, the reference's among them, and contrasts decided of 32.\n\n"
        + table(["plan", "runs", "of the reference", "decided"], lines)
    )


def _percent(value: str | float) -> str:
    return f"{100 * float(value):.2f}"


def _where(row: Row) -> str:
    return f"{row['scenario']}, {row['distribution']}, {row['seeds']} seeds"
