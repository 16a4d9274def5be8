"""A search as one self-contained HTML page, with its trials as CSV and its best as a study file beside it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from ablations.config import Contrast, Study
from ablations.search.generations import Found, finished
from ablations.search.optuna_figures import budgets, pareto
from ablations.search.trial_storage import Trial
from ablations.store.mirror.rows import text
from reports import words
from reports.pages.rendering import render, write_files

TITLES = {
    "history": "Best so far",
    "curves": "Scores along the training",
    "importance": "Which hyperparameters matter (fANOVA)",
    "slice 1": "Each hyperparameter against the score",
}


def write_page(founds: Sequence[Found], drawn: Mapping[str, Mapping[str, Markup]], out: Path, storage: str) -> Path:
    """Write `report.html`, the trials of each search as CSV, and of each a study that checks its best on test images.

    Raises:
        UserError: the folder cannot be written.
    """
    contents = {"report.html": render("search.html.j2", context(founds, drawn, out, storage))}
    for found in founds:
        contents[f"{found.settings.name}-trials.csv"] = trials_csv(found)
        if study := check_study(found):
            contents[f"{found.settings.name}-check.json"] = json.dumps(study.as_dict(), indent=1)
    write_files(out, contents)
    return out / "report.html"


def context(
    founds: Sequence[Found], drawn: Mapping[str, Mapping[str, Markup]], out: Path, storage: str
) -> dict[str, Any]:
    """What the template shows."""
    return {
        "searches": [search_view(found, drawn.get(found.settings.name, {}), out) for found in founds],
        "metric": founds[0].metric,
        "words": words,
        "titles": TITLES,
        "storage": storage,
    }


def search_view(found: Found, drawn: Mapping[str, Markup], out: Path) -> dict[str, Any]:
    settings, trials = found.settings, found.trials
    own = settings.space.settings
    best = found.best
    return {
        "name": settings.name,
        "settings": settings,
        "space": settings.space.as_dict(),
        "counts": found.counts,
        "saved": 1 - found.charged_steps / found.full_steps if found.full_steps else 0.0,
        "beyond": found.beyond,
        "best": best,
        "rows": [(key, text(own[key]), _short(value)) for key, value in best.values.items()] if best else [],
        "start": next((t for t in finished(trials) if t.number == 0), None),
        "finalists": found.finalists,
        "plots": drawn,
        "figures": {
            **({"pareto": pareto(trials, found.metric)} if len(finished(trials)) > 1 else {}),
            "budget": budgets({settings.name: trials}, found.metric),
        },
        "trials": [_trial_view(trial) for trial in trials],
        "keys": settings.space.keys,
        "check": f"ablations run {out / f'{settings.name}-check.json'}",
    }


def _trial_view(trial: Trial) -> dict[str, Any]:
    scores = trial.outcome.scores
    return {
        "number": trial.number,
        "state": trial.outcome.state,
        "reason": trial.outcome.reason,
        "value": scores[-1].mean if scores else float("nan"),
        "steps": trial.outcome.steps,
        "seconds": trial.outcome.train_seconds,
        "values": {key: _short(value) for key, value in trial.values.items()},
    }


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else text(value)


def trials_csv(found: Found) -> str:
    """One line a trial: what it tried, what became of it."""
    file = io.StringIO()
    steps = [str(step) for step in found.settings.evaluation_steps]
    fields = ["number", "state", "value", "steps", "charged_steps", "train_seconds", "evaluation_seconds"]
    names = [*fields, *(f"{found.metric} at {step}" for step in steps), *found.settings.space.keys, "reason"]
    writer = csv.DictWriter(file, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for trial in found.trials:
        row = trial.row
        row |= {f"{found.metric} at {step}": mean for step, mean in row["scores"].items()}
        seconds = {"train_seconds": trial.outcome.train_seconds, "evaluation_seconds": trial.outcome.evaluation_seconds}
        writer.writerow(row | {key: round(value, 3) for key, value in seconds.items()})
    return file.getvalue()


def check_study(found: Found) -> Study | None:
    """The variant as it is against its best settings, on fresh seeds and the test images; None without a best."""
    tuned = found.tuned
    if tuned is None:
        return None
    base = found.settings.space.variant
    return Study(
        name=f"{found.settings.name}-check",
        title=f"{base.name}: tuned against untuned",
        description=(
            f"The settings that the search {found.settings.name!r} found on the validation part of the training "
            "images, on seeds that had no part in it, scored on the test images."
        ),
        variants=(base, tuned),
        contrasts=(
            Contrast(
                axis="tuning", question="tuned settings instead of its own", treatment=tuned.name, reference=base.name
            ),
        ),
        seeds=5,
        evaluations=5,
    )
