"""The parts of a report that are made of figures, pictures and configuration. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from ablations.catalog.metric_facts import SHARES
from ablations.catalog.metrics import facts
from ablations.config import Variant
from ablations.config.parts import LOSSES
from ablations.store.outcomes import outcome
from ablations.store.result import Result
from reports.analysis.aggregate import profile_frame
from reports.analysis.findings import Findings
from reports.figures.curves import Line, lines
from reports.figures.palette import styles
from reports.figures.sample_grids import data_uri, grid, png
from reports.figures.svg import nice_range
from reports.numbers import MINUS, number
from reports.words import ordinal

PICTURE_BYTES = 2_000_000
"""All sample grids together; beyond that, fewer steps along training are shown."""


@dataclass(frozen=True)
class Axis:
    name: str
    variants: list[str]
    figures: dict[str, Markup]
    """By a short name."""


@dataclass(frozen=True)
class Grid:
    """The samples of one variant at each shown point of its training, the last at the end."""

    variant: str
    caption: str
    pictures: list[tuple[int, str]]
    """Step and data URI."""
    width: int
    height: int


def axis(found: Findings, name: str, variants: list[str]) -> Axis:
    """Up to six figures of the variants that an axis compares: those that have something to show."""
    chosen = [found.study.variant(v) for v in variants]
    curves = {str(curve): own for curve, own in found.curves[found.curves.variant.isin(variants)].groupby("curve")}
    d_loss = _mean_of(curves, "d_loss_real", "d_loss_fake")
    score = [_score_line(found, v) for v in variants]
    two = [*_lines(found, variants, curves.get("d_real")), *_lines(found, variants, curves.get("d_fake"), faint=True)]
    along = partial(_drawn, x="step", x_label="step")
    figures = {
        "score": along(
            score,
            title="Score along training",
            y_label=f"{found.metric}, {facts(found.metric).better} is better",
            logarithmic=True,
        ),
        "score by time": _drawn(
            score,
            title="Score against time",
            x="train_seconds",
            x_label="training seconds a seed",
            y_label=found.metric,
            logarithmic=True,
        ),
        "d outputs": along(
            two,
            title="D(x), solid, and D(G(z)), dotted",
            y_label="mean probability",
            ideals={"0.5": 0.5},
            limits=(0.0, 1.0),
        ),
        "d loss": along(
            _lines(found, variants, d_loss),
            title="Loss of D (mean of its halves)",
            y_label="loss a term",
            ideals=ideals(chosen),
        ),
        "g loss": along(
            _lines(found, variants, curves.get("g_loss")),
            title="Loss of G",
            y_label="loss",
            ideals=ideals(chosen, generator=True),
        ),
        "g gradient": along(
            _lines(found, variants, curves.get("g_grad_norm")),
            title="Gradient of G",
            y_label="L2 norm",
            logarithmic=True,
        ),
    }
    return Axis(name, variants, {key: made for key, made in figures.items() if made is not None})


def _drawn(series: Sequence[Line], **options: Any) -> Markup | None:
    """None where no line has a point: an empty figure would show an axis that nothing is measured on."""
    return lines(series, **options) if any(len(line.frame) for line in series) else None


def profile_figure(found: Findings) -> Markup:
    """Performance profiles of all variants over the range of the scores."""
    finite = [v for by_seed in found.scores.values() for v in by_seed.values() if math.isfinite(v)]
    low, high = nice_range(finite, kind="log")
    thresholds = np.geomspace(low, high, 120)
    series = [
        Line(variant=name, style=styles(found.study)[name], frame=profile_frame(list(by_seed.values()), thresholds))
        for name, by_seed in found.scores.items()
    ]
    return lines(
        series,
        title="Performance profiles",
        x="score",
        x_label=f"{found.metric} (logarithmic)",
        y_label="share of runs at or below",
        limits=(0.0, 1.0),
        span=(low, high),
    )


def ideals(variants: Sequence[Variant], *, generator: bool = False) -> dict[str, float]:
    """Where a loss stands if D cannot tell real from fake: ln 2 for BCE, 0.25 for MSE; negative for a saturating G."""
    marks = {}
    for variant in variants:
        loss, saturating = LOSSES.get(variant.loss.criterion), variant.loss.generator == "saturating"
        if loss is None:
            continue  # of a user's own, and its source was not named
        ideal = loss.generator_ideal if generator and not saturating else loss.ideal
        if ideal is None:
            continue
        sign = -1 if generator and saturating else 1
        name = "ln 2" if ideal == math.log(2) else f"{ideal:g}"
        marks[("" if sign > 0 else MINUS) + name] = sign * ideal
    return marks


def grids(found: Findings) -> tuple[list[Grid], int]:
    """The sample grids of the typical seed, and how many points of training each shows."""
    ordered = [*found.pictured.values()]
    if not ordered:
        return [], 0
    size = sum(len(png(grid(result.samples[max(result.samples)], found.columns))) for result in ordered) * 4 / 3
    points = max(1, min(6, int(PICTURE_BYTES / max(1, size)), max(len(result.samples) for result in ordered)))
    return [_grid(found, result, points) for result in ordered], points


def _grid(found: Findings, result: Result, points: int) -> Grid:
    steps = sorted(result.samples)
    kept = (
        [steps[round(k * (len(steps) - 1) / max(1, points - 1))] for k in range(points)] if points > 1 else steps[-1:]
    )
    pictures = [(step, grid(result.samples[step], found.columns)) for step in kept]
    height, width = pictures[-1][1].shape[:2]
    name, seed = result.run.variant.name, result.run.seed
    if math.isfinite(found.scores.get(name, {}).get(seed, math.inf)):
        place, of = found.rank(name, seed)
        caption = f"{found.metric} {number(found.scores[name][seed])}, {ordinal(place)} of {of} seeds"
    else:
        caption = f"{outcome(result).status} at step {result.last_step:,}"
    return Grid(name, caption, [(step, data_uri(png(picture))) for step, picture in pictures], width, height)


@dataclass(frozen=True)
class Table:
    """Means over runs: a column for each metric, a row for each variant; NaN where a variant lacks one."""

    metrics: list[str]
    rows: list[tuple[str, list[float]]]


def class_shares(found: Findings) -> Table:
    """How often the samples show each class, as the classifier sees them, after how much of them it can read.

    Over all runs that were scored: what a collapsed one draws is what its collapse is.
    """
    shares = [name for name in found.runs.columns if facts(name).group == SHARES]
    read = [name for name in found.runs.columns if facts(name).name == "readable"]
    return _means(found.runs, [*read[:1], *shares] if shares and read else [])


def other_metrics(found: Findings) -> Table:
    """Every metric but the score, what is of single classes, and the bounds and errors of other metrics.

    Over the runs with a score: a mean over good and collapsed ones would describe neither.
    """
    first = list(found.runs.columns).index("weights_sha256") + 1
    names = [name for name in found.runs.columns[first:] if not facts(name).detail]
    return _means(found.runs[found.runs.score.notna()], names)


def drawn(found: Findings, variant: str, *, scored: bool = False) -> dict[str, float]:
    """What the samples of all runs of a variant, or of those with a score, show in the mean: "classes", and "readable",
    a share; NaN if unknown.

    Class shares decide half of the verdicts, and the score, from which they are taken out, does not tell them.
    """
    own = found.runs[found.runs.variant == variant]
    own = own[own.score.notna()] if scored else own
    columns = {facts(name).name: name for name in found.runs.columns}
    named = {"classes": "mode_count", "readable": "readable"}
    return {key: float(own[columns[metric]].mean()) if metric in columns else math.nan for key, metric in named.items()}


def _means(runs: pd.DataFrame, metrics: list[str]) -> Table:
    means = runs.groupby("variant", sort=False)[metrics].mean() if metrics else pd.DataFrame()
    return Table(metrics, [(str(name), [float(v) for v in row]) for name, row in means.iterrows()])


def _score_line(found: Findings, variant: str) -> Line:
    ends = tuple(v for v in found.scores.get(variant, {}).values() if math.isfinite(v))
    frame = found.along[found.along.variant == variant]
    return Line(variant=variant, style=styles(found.study)[variant], frame=frame, ends=ends)


def _lines(found: Findings, variants: Sequence[str], table: pd.DataFrame | None, *, faint: bool = False) -> list[Line]:
    """Of a table with a row for each bin and variant; None where nothing was recorded."""
    if table is None:
        return []
    own = styles(found.study)
    return [Line(variant=v, style=own[v], frame=table[table.variant == v], faint=faint) for v in variants]


def _mean_of(curves: Mapping[str, pd.DataFrame], *names: str) -> pd.DataFrame | None:
    """The mean of several curves; its band is the mean of their bands."""
    chosen = [curves[name] for name in names if name in curves]
    if not chosen:
        return None
    columns: Mapping[str, Any] = {key: (key, "mean") for key in ("mean", "low", "high", "seeds")}
    return pd.DataFrame(pd.concat(chosen).groupby(["variant", "step"], sort=False).agg(**columns).reset_index())
