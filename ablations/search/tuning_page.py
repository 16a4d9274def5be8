"""The page of an axis whose levels were tuned alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ablations.catalog import Axis
from ablations.search.figures import budgets
from ablations.search.page import render, trials_csv, write
from ablations.search.search import Found, finished
from ablations.search.tuning import Ranking, rankings
from reports import words
from reports.findings import Findings


def write_tuning_page(axis: Axis, founds: Sequence[Found], findings: Findings, out: Path, study_page: Path) -> Path:
    """Write `report.html` and each level's trials as CSV into `out`.

    Raises:
        UserError: the folder cannot be written.
    """
    ranked = rankings(findings)
    searches = {found.settings.space.variant.name: found.trials for found in founds}
    values = {
        "axis": axis,
        "metric": findings.metric,
        "validation_metric": founds[0].metric,
        "words": words,
        "rankings": ranked,
        "summary": summary(ranked),
        "levels": [_level(found, findings) for found in founds],
        "figure": budgets(searches, founds[0].metric),
        "seeds": findings.study.seeds,
        "settings": founds[0].settings,
        "study_page": study_page,
        "study": findings.study.name,
    }
    contents = {"report.html": render("tuning.html.j2", values)}
    contents |= {f"{found.settings.name}-trials.csv": trials_csv(found) for found in founds}
    write(out, contents)
    return out / "report.html"


def summary(ranked: Sequence[Ranking]) -> str:
    """How many rankings flip, in words."""
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
    states = [trial.outcome.state for trial in found.trials]
    best = found.best
    return {
        "name": name,
        "trials": len(found.trials),
        "counts": ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(sorted(states))),
        "charged": found.charged_steps,
        "seconds": sum(trial.outcome.train_seconds + trial.outcome.evaluation_seconds for trial in found.trials),
        "validation": min((trial.outcome.value or 0.0 for trial in finished(found.trials)), default=float("nan")),
        "default": findings.spreads.get(name),
        "tuned": findings.spreads.get(f"{name} tuned"),
        "best": {key: f"{value:.4g}" if isinstance(value, float) else value for key, value in best.values.items()}
        if best
        else {},
    }
