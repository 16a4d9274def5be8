"""One trial: a stack of seeds trained and scored on the validation part, until it ends or is pruned.

A trial is trained like any group; its runs go to an archive of its own. So a worker or a whole search that is killed
loses at most the training since the last checkpoint, and never a trial that had ended.

The rules: a trial's value is the mean score of its seeds at its end. A trial in which any seed diverges ends there and
failed, without a value; it counts as one of the trials and is charged all of its steps. A pruned trial is charged the
steps that it trained.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ablations.execution.job import GroupJob
from ablations.search.judge import Judge
from ablations.store.archive import Archive
from ablations.store.result import Result
from ablations.store.search_record import State


@dataclass(frozen=True, kw_only=True)
class Score:
    """Of one trial at one step."""

    step: int
    mean: float
    """Over the seeds; not finite where a seed has no score."""
    seeds: tuple[float, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one trial."""

    state: State
    reason: str = ""
    scores: tuple[Score, ...] = ()
    steps: int = 0
    """Trained, of each seed."""
    charged_steps: int = 0
    """Of each seed, by the rules of this module."""
    train_seconds: float = 0.0
    """Of the whole stack."""
    evaluation_seconds: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)
    """The pruner's."""

    @property
    def seconds(self) -> float:
        """Of training and evaluation: what a budget of seconds is charged."""
        return self.train_seconds + self.evaluation_seconds

    @property
    def value(self) -> float | None:
        """The objective; None unless the trial finished."""
        return self.scores[-1].mean if self.state == "finished" else None


def trial_folder(searches: Path, name: str, runs: str, judge: Judge | None) -> Path:
    """The archive of a trial: its name has a digest of everything that decides the outcome.

    `runs` identifies what is trained: see `GroupJob.identity`.
    """
    past = sorted(judge.history.items()) if judge else []
    known = [[n, t.state.name, t.params, t.intermediate_values, t.values, t.system_attrs] for n, t in past]
    facts = [runs, judge and [judge.pruner, judge.number, judge.steps], known]
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:20]
    return searches / f"{name}-{digest}"


def outcome_of(job: GroupJob, metric: str) -> Outcome | None:
    """What a trial left, in this life or an earlier one; None where it was interrupted, or left nothing yet."""
    archive = Archive.reopened(job.archive)
    keys = [run.key for run in job.runs]
    if not set(keys) <= set(archive.keys()):
        return None
    results = [archive.get(key, weights=False) for key in keys]
    if any(result.status == "interrupted" for result in results):
        return None
    return _outcome(results, metric, job.variant.steps)


def _outcome(results: Sequence[Result], metric: str, steps: int) -> Outcome:
    scores = tuple(_scores(results, metric))
    state, reason = _state(results, scores)
    # Which other seeds diverged by now depends on when a tick came; the first that did does not.
    trained = min(result.last_step for result in results)
    return Outcome(
        state=state,
        reason=reason,
        scores=scores,
        steps=trained,
        charged_steps=trained if state in ("finished", "pruned") else steps,
        train_seconds=sum(result.train_seconds for result in results),
        evaluation_seconds=sum(result.evaluation_seconds for result in results),
        notes=dict(results[0].notes),
    )


def _state(results: Sequence[Result], scores: Sequence[Score]) -> tuple[State, str]:
    failed = next((result for result in results if result.status in ("failed", "timed_out")), None)
    if failed is not None:
        return "failed", failed.reason
    lost = min(((r.last_step, r.run.seed, r.reason) for r in results if r.status == "diverged"), default=None)
    if lost is not None:
        return "diverged", f"seed {lost[1]}: {lost[2]}"
    if scores and not math.isfinite(scores[-1].mean):
        return "diverged", results[0].reason
    return ("pruned" if any(result.status == "pruned" for result in results) else "finished"), ""


def _scores(results: Sequence[Result], metric: str) -> list[Score]:
    found = []
    for items in zip(*(result.evaluations for result in results), strict=False):
        seeds = tuple(item.metrics.get(metric, math.nan) for item in items)
        found.append(Score(step=items[0].step, mean=math.fsum(seeds) / len(seeds), seeds=seeds))
    return found
