"""The verdicts of the study `axes` as it was once published, and what it would have cost until decided. Reads two CSV
files: of 20 seeds of 33 variants, by the first score of this project.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ablations.config import Contrast
from reports.analysis.comparison import Comparison
from reports.analysis.decision_rules import Rules
from reports.analysis.looks import DECISIONS, Plan, Progress, follow
from reports.analysis.verdicts import compare

FOLDER = Path(__file__).parents[1] / "published" / "statistics" / "axes"


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The study as it was published."""

    contrasts: tuple[Contrast, ...]
    verdicts: tuple[str, ...]
    """One a contrast, as published: paired t tests and Holm."""
    scores: Mapping[str, Mapping[int, float]]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """One look at all seeds against looks until decided; both on the stored scores."""

    at_once: tuple[Comparison, ...]
    progress: Progress
    runs_at_once: int
    runs: int
    """Until decided."""
    decided_at_once: tuple[str, ...]
    """Treatments."""
    kept: tuple[str, ...]
    """Of these, the ones with the same verdict until decided."""


def read(folder: Path = FOLDER) -> Stored:
    scores: dict[str, dict[int, float]] = {}
    for row in rows(folder / "runs.csv"):
        scores.setdefault(row["variant"], {})[int(row["seed"])] = float(row["score"])
    asked = rows(folder / "contrasts.csv")
    contrasts = tuple(
        Contrast(axis=row["axis"], question=row["question"], treatment=row["treatment"], reference=row["reference"])
        for row in asked
    )
    return Stored(contrasts=contrasts, verdicts=tuple(row["verdict"] for row in asked), scores=scores)


def replay(stored: Stored, plan: Plan, rules: Rules) -> Replay:
    """As if the stored runs were made block by block."""
    at_once = compare(stored.scores, stored.contrasts, rules)
    progress = follow(stored.scores, stored.contrasts, plan, rules)
    seeds: dict[str, int] = {}
    for path in progress.paths:
        if path.last is not None:
            for name, number in (
                (path.contrast.treatment, path.last.treatment_scores),
                (path.contrast.reference, path.last.reference_scores),
            ):
                seeds[name] = max(number, seeds.get(name, 0))
    by_treatment = {path.contrast.treatment: path.last.verdict for path in progress.paths if path.last is not None}
    decided = [item for item in at_once if item.verdict in DECISIONS]
    return Replay(
        at_once=at_once,
        progress=progress,
        runs_at_once=sum(len(by_seed) for by_seed in stored.scores.values()),
        runs=sum(seeds.values()),
        decided_at_once=tuple(item.contrast.treatment for item in decided),
        kept=tuple(
            item.contrast.treatment for item in decided if by_treatment[item.contrast.treatment] == item.verdict
        ),
    )


def moments_of(stored: Stored) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each variant's scores, the reference first, then by contrast."""
    names = [stored.contrasts[0].reference, *(contrast.treatment for contrast in stored.contrasts)]
    tables = [np.array([*stored.scores[name].values()]) for name in names]
    return [float(table.mean()) for table in tables], [float(table.std(ddof=1)) for table in tables]


def rows(path: Path) -> list[dict[str, str]]:
    """Of a table that was written as CSV."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
