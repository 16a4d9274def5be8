"""What of a result becomes a tag, a parameter or a metric: pure functions to plain values. No mlflow."""

from __future__ import annotations

import json
import math
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ablations.catalog.metric_facts import SCORES
from ablations.catalog.metrics import METRICS, facts
from ablations.config import Study, Variant, sha256_of
from ablations.store.outcomes import COLLAPSED, FINISHED, outcome
from ablations.store.result import STATUSES, Array, Result

CURVE_POINTS = 50
"""A quantity's points in MLflow, which are half of what it costs to write a run; the stored files have every step."""

NOTE, TAG = 20_000, 8_000
"""Characters that MLflow takes of a description and of a tag."""
MEAN = "_mean"
"""After a score's name, in a variant's run: its mean over seeds."""
VERDICT = "verdict"
"""The tag of a variant's run that says how it compares."""

VIEW_KEY = "summary"


def view(metric: str) -> Mapping[str, str]:
    """Tags of an experiment that MLflow's pages read: what it is, and the columns of its table under a shared link.

    `metric` is the one that the study's verdicts are given on.
    """
    summaries = (f"metrics.`{metric}_{summary}`" for summary in ("mean", "median", "std"))
    table = {
        "selectedColumns": ["attributes.`Created`", "tags.`status`", "tags.`verdict`", *summaries],
        # Only a variant's run has this metric, so the variants come first, the best at the top, and the seeds last.
        "orderByKey": f"metrics.`{metric}{MEAN}`",
        "orderByAsc": True,
    }
    return {
        "mlflow.experimentKind": "custom_model_development",
        f"mlflow.sharedViewState.{VIEW_KEY}": json.dumps(table),
    }


class Point(NamedTuple):
    """A metric's value after `step` iterations."""

    name: str
    value: float
    step: int


def run_tags(result: Result, variant: Variant, digests: Mapping[str, str]) -> dict[str, str]:
    """All of a child run's tags but those that say where it stands and that it is complete.

    `variant` is what the study calls it; `digests` are those of the run's files.
    """
    run, ended = result.run, outcome(result)
    tags = {
        "kind": "seed",
        "run_key": result.key,
        "variant": variant.name,
        "variant_digest": variant.digest,
        "seed": str(run.seed),
        "status": ended.status,
        "last_step": str(result.last_step),
        "data_sha256": run.data_digest,
        "scorer": result.scorer,
        "numerics": str(run.numerics),
        **digests,
        "mlflow.source.type": "LOCAL",
        "mlflow.source.name": result.environment.get("command") or "gan-ablations",
    }
    if "git_commit" in result.environment:
        tags["mlflow.source.git.commit"] = result.environment["git_commit"]
    if problem := not_finite(result):
        tags["not_finite"] = problem[:4000]
    if ended.reason:
        tags["reason"] = ended.reason[:4000]
        tags["mlflow.note.content"] = f"**{ended.status}** after {result.last_step:,} steps: {ended.reason[:4000]}"
    return tags | {f"environment.{key}": value[:4000] for key, value in result.environment.items()}


def run_params(result: Result, variant: Variant) -> dict[str, str]:
    run = result.run
    facts = {
        "seed": run.seed,
        "stack.width": run.width,
        "stack.slot": run.slot,
        "dataset": run.dataset,
        "split": run.split,
        "engine.device": run.engine.device,
        "engine.threads": run.engine.threads,
        "engine.precision": run.engine.precision,
        "engine.matmul": run.engine.matmul,
    }
    return variant_params(variant) | {key: text(value) for key, value in facts.items()}


def variant_params(variant: Variant) -> dict[str, str]:
    return {("variant" if key == "name" else key): text(value) for key, value in variant.flat().items()}


def text(value: Any) -> str:
    """As on the command line of `--set`: true, 1e-4 as 0.0001, lists with commas."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def run_points(result: Result) -> list[Point]:
    """Scores at their steps, the seconds, and the curves in bins: every finite value.

    MLflow would store an infinity as 1.8e308, which no chart survives, and its pages leave out a metric whose last
    value is NaN, with all that came before. So a curve ends where it diverged; `not_finite` says so in a tag, and the
    stored files keep every value.
    """
    return [item for item in _all_points(result) if math.isfinite(item.value)]


def not_finite(result: Result) -> str:
    """The quantities with a value that is not finite, each with the first step it was seen at; empty if none has."""
    first: dict[str, int] = {}
    for item in _all_points(result):
        if not math.isfinite(item.value):
            first[item.name] = min(item.step, first.get(item.name, item.step))
    return ", ".join(f"{name} from step {step:,}" for name, step in first.items())


def _all_points(result: Result) -> list[Point]:
    points: list[Point] = []
    for item in result.evaluations:
        points += [Point(score_name(name), value, item.step) for name, value in item.metrics.items()]
        points.append(Point("train_seconds", item.train_seconds, item.step))
    if not result.evaluations or result.evaluations[-1].step != result.last_step:
        points.append(Point("train_seconds", result.train_seconds, result.last_step))
    points.append(Point("evaluation_seconds", result.evaluation_seconds, result.last_step))
    for name, values in result.curves.items():
        points += [Point(f"training/{name}", value, step) for step, value in binned(values)]
    return points


def score_name(name: str) -> str:
    """The part before the slash becomes a section of MLflow's charts, and sections are sorted: what counts comes first.

    Ten class shares would crowd out the scores, so they have a section of their own, and so have repeated scores.
    """
    return f"{facts(name).group}/{name}"


def unit_tags() -> dict[str, str]:
    """What each metric is, its unit, and which way is better, by the name of its row; of those that are summarized."""
    rows = [row for row in METRICS.values() if row.group == SCORES]
    better = {"neither": "", "lower": "; lower is better", "higher": "; higher is better"}
    return {f"unit.{row.name}": f"{row.about} In: {row.unit}{better[row.better]}." for row in rows}


def binned(values: Array, points: int = CURVE_POINTS) -> list[tuple[int, float]]:
    """Means over at most `points` bins of nearly equal length, each at the number of steps done at the bin's end.

    A bin with a value that is not finite has no finite mean: divergence is not averaged away.
    """
    count = min(points, len(values))
    if not count:
        return []
    ends = np.arange(1, count + 1) * len(values) // count
    starts = np.concatenate([[0], ends[:-1]])
    with np.errstate(invalid="ignore", over="ignore"):
        means = np.add.reduceat(np.asarray(values, dtype=np.float64), starts) / (ends - starts)
    return [(int(end), float(mean)) for end, mean in zip(ends, means, strict=True)]


def summary_points(results: Sequence[Result]) -> list[Point]:
    """A variant over its seeds: how many ended how, the mean curves, and mean, median and deviation of the last scores.

    Means are over the finished seeds; the counts beside them say how many those are and what became of the others. A
    mean over a value that is not finite is left out, as the value itself is for a run.
    """
    counts = Counter(outcome(result).status for result in results)
    finished = [result for result in results if outcome(result).status == FINISHED]
    last = max((result.last_step for result in results), default=0)
    points = [Point(f"n_{status}", float(counts[status]), last) for status in (*STATUSES, COLLAPSED)]
    series: dict[tuple[str, int], list[float]] = {}
    for result in finished:
        for name, value, step in _all_points(result):
            series.setdefault((name, step), []).append(value)
    points += [Point(name, statistics.fmean(values), step) for (name, step), values in series.items()]
    for name in sorted({name for result in finished for name in result.scores}):
        if facts(name).group != SCORES:
            continue
        values = [result.scores[name] for result in finished if name in result.scores]
        points.append(Point(name + MEAN, statistics.fmean(values), last))
        points.append(Point(f"{name}_median", float(np.median(values)), last))
        if len(values) > 1 and np.isfinite(values).all():
            points.append(Point(f"{name}_std", float(np.std(values, ddof=1)), last))
    return [item for item in points if math.isfinite(item.value)]


def summary_digest(results: Sequence[Result]) -> str:
    """Of all that `summary_points` reads; SHA-256."""
    return sha256_of([summary_points(results), sorted(result.key for result in results)])


def study_note(study: Study) -> str:
    """The study in Markdown, as the experiment's description, within the 20,000 characters that MLflow takes."""
    lines = [f"## {study.title}", "", study.description[:8000], ""]
    if study.contrasts:
        lines += ["| axis | question | variant | against | claims |", "| --- | --- | --- | --- | --- |"]
        lines += [
            f"| {item.axis} | {item.question} | {item.treatment} | {item.reference} | {', '.join(item.claims)} |"
            for item in study.contrasts
        ]
        lines.append("")
    lines.append(f"{len(study.variants)} variants, {study.seeds} seeds each. Again: `ablations run {study.name}`")
    note = "\n".join(lines)
    return note if len(note) <= NOTE else f"{note[: NOTE - 2]} …"


def sample_grid(images: Array) -> Array:
    """uint8 images, as a result has them, to one uint8 picture at twice the size, (height, width) or (height, width,
    3); ten columns, a class each where ten labels were asked.
    """
    if images.ndim == 4:
        images = images[:, 0] if images.shape[1] == 1 else np.moveaxis(images, 1, -1)
    columns = 10 if len(images) % 10 == 0 else math.ceil(math.sqrt(len(images)))
    rows = math.ceil(len(images) / columns)
    height, width = images.shape[1] + 1, images.shape[2] + 1
    grid = np.full((rows * height + 1, columns * width + 1, *images.shape[3:]), 96, dtype=np.uint8)
    for index, image in enumerate(images):
        top, left = (index // columns) * height + 1, (index % columns) * width + 1
        grid[top : top + image.shape[0], left : left + image.shape[1]] = image
    return grid.repeat(2, axis=0).repeat(2, axis=1)
