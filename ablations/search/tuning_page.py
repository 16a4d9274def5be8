"""The page of an axis whose levels were tuned alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ablations.catalog import Axis
from ablations.search.charges import Spent, spent
from ablations.search.generations import Found, finished
from ablations.search.optuna_figures import budgets
from ablations.search.search_page import trials_csv
from ablations.search.tuning import Ranking, rankings
from reports import words
from reports.analysis.findings import Findings
from reports.pages.attachments import standalone
from reports.pages.outside_section import outside_sections
from reports.pages.rendering import render, write_files

ALIKE = 1.1
"""Seconds whose ratio is below this are called alike."""


def write_tuning_page(axis: Axis, founds: Sequence[Found], findings: Findings, out: Path, study_page: Path) -> Path:
    """Write `report.html`, `budget.svg` and each level's trials as CSV into `out`.

    Raises:
        UserError: the folder cannot be written.
    """
    ranked = rankings(findings.comparisons)
    searches = {found.settings.space.variant.name: found.trials for found in founds}
    figure = budgets(searches, founds[0].metric)
    values = {
        "axis": axis,
        "metric": findings.metric,
        "validation_metric": founds[0].metric,
        "words": words,
        "rankings": ranked,
        "summary": summary(ranked),
        "budget": budget_in_words(founds),
        "levels": [_level(found, findings) for found in founds],
        "figure": figure,
        "seeds": findings.study.seeds,
        "settings": founds[0].settings,
        "study_page": study_page,
        "study": findings.study.name,
    } | outside_sections({axis.name: findings.results})
    contents = {"report.html": render("tuning.html.j2", values), "budget.svg": standalone(figure).decode()}
    contents |= {f"{found.settings.name}-trials.csv": trials_csv(found) for found in founds}
    write_files(out, contents)
    return out / "report.html"


def budget_in_words(founds: Sequence[Found]) -> str:
    """What searches with one budget were granted, and how far what they used is alike."""
    settings = founds[0].settings
    used = sorted((spent(found) for found in founds), key=lambda item: item.seconds)
    granted = (
        f"{words.count(settings.trials, 'trial')} of {words.count(settings.steps, 'step')} of "
        f"{words.count(settings.seeds, 'seed')}"
    )
    span = f"from {_cost(used[0])} to {_cost(used[-1])}"
    if settings.seconds is not None:
        late = sum(item.beyond for item in used)
        return (
            f"Each level was granted {granted} and {words.number(settings.seconds)} seconds of training and scoring, "
            f"whichever ended first. They used {span}."
        ) + (f" {words.count(late, 'trial')} ended beyond that and had no part in the result." if late else "")
    ratio = used[-1].seconds / used[0].seconds if used[0].seconds else math.inf
    if ratio < ALIKE:
        return f"Each level was granted {granted}; seconds were not limited, and were nearly alike: {span}."
    return (
        f"Each level was granted {granted}. So steps were equal and seconds were not: {span}, "
        f"{words.number(ratio, 2)} times as many. With --seconds, each level is granted the same seconds too."
    )


def _cost(item: Spent) -> str:
    step = words.number(item.milliseconds_a_step, 2)
    return f"{words.number(item.seconds)} s ({item.name}, {step} ms a step of one seed)"


def summary(ranked: Sequence[Ranking]) -> str:
    """How many rankings flip, in words."""
    if not ranked:
        return "Tuned settings alone were compared."
    flips = [item.flips for item in ranked]
    if flips.count("yes"):
        return f"{words.count(flips.count('yes'), 'ranking')} of {len(flips)} flipped when both sides were tuned."
    if flips.count("perhaps"):
        return (
            f"The means of {words.count(flips.count('perhaps'), 'pair')} of {len(flips)} changed places when both "
            "sides were tuned, without verdicts that say so for sure."
        )
    return "No ranking flipped when both sides were tuned."


def _level(found: Found, findings: Findings) -> dict[str, Any]:
    name = found.settings.space.variant.name
    best = found.best
    return {
        "name": name,
        "spent": spent(found),
        "counts": found.counts,
        "validation": min((trial.outcome.value or 0.0 for trial in finished(found.trials)), default=float("nan")),
        "default": findings.spreads.get(name),
        "tuned": findings.spreads.get(f"{name} tuned"),
        "best": {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in best.values.items()}
        if best
        else {},
    }
