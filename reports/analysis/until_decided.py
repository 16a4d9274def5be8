"""The answers of a study with looks: each contrast as the look that closed it left it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reports.analysis.agreement import Answer, Measures, assemble
from reports.analysis.decision_rules import Rules
from reports.analysis.looks import Path, Progress
from reports.analysis.statuses import Statuses
from reports.analysis.verdicts import Scores, judge, side


def answers_by_looks(
    progress: Progress, tables: Mapping[str, Scores], measures: Measures, rules: Rules, statuses: Statuses | None
) -> tuple[Answer, ...]:
    """One for each path, by all scores at the seeds and at the level of its last look.

    Before the first look no seed counts, so there the verdict is `too few scores`.
    """
    return tuple(_answer(path, progress, tables, measures, rules, statuses) for path in progress.paths)


def _answer(
    path: Path,
    progress: Progress,
    tables: Mapping[str, Scores],
    measures: Measures,
    rules: Rules,
    statuses: Statuses | None,
) -> Answer:
    look = max(len(path.comparisons) - 1, 0)
    level = progress.plan.level(look, rules.alpha, len(progress.paths))
    ours, theirs = path.asked[-1] if path.asked else (0, 0)
    bare = replace(rules, noise_floor=0.0)
    contrast = path.contrast
    found = {
        name: judge(
            contrast,
            side(table, statuses, contrast.treatment, ours),
            side(table, statuses, contrast.reference, theirs),
            rules if name == measures.primary else bare,
            level,
        )
        for name, table in tables.items()
    }
    return assemble(found, measures)
