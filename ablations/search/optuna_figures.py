"""The figures of a search as SVG markup: Optuna's own, and those it has none for."""

from __future__ import annotations

import functools
import io
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import optuna
from markupsafe import Markup
from optuna.visualization import matplotlib as plots

from ablations.search.budget import expected_best, front, scored
from ablations.search.judge import quiet
from ablations.search.trial_storage import Trial
from reports.figures.svg import Scale, figure, levels, nice_range, path, short, spread_out, tag, text

_STYLE: Any = {"svg.fonttype": "none", "font.size": 9, "figure.autolayout": True}


SLICES = 5
"""Hyperparameters side by side in one figure."""


def optuna_figures(study: optuna.Study, metric: str, seed: int = 0) -> dict[str, Markup]:
    """History, curves, importance and slices; those that the trials so far allow."""
    single = len(study.directions) == 1
    target: Callable[[Any], float] | None = None if single else (lambda trial: trial.values[0])
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    named: Any = {"target": target, "target_name": metric}
    drawn: dict[str, Callable[[], Any]] = {
        "history": lambda: plots.plot_optimization_history(study, **named),
        "curves": lambda: plots.plot_intermediate_values(study),
        "importance": lambda: plots.plot_param_importances(study, evaluator=evaluator, **named),
    }
    keys = sorted({key for trial in study.get_trials(deepcopy=False) for key in trial.params})
    for number, first in enumerate(range(0, len(keys), SLICES), start=1):
        drawn[f"slice {number}"] = functools.partial(plots.plot_slice, study, keys[first : first + SLICES], **named)
    figures: dict[str, Markup] = {}
    ended = sum(trial.state == optuna.trial.TrialState.COMPLETE for trial in study.get_trials(deepcopy=False))
    for name, draw in drawn.items():
        if (name == "importance" and ended < 2) or not ended:
            continue
        figures[name] = _drawn(draw, salt=name)
    return figures


def _drawn(draw: Callable[[], Any], salt: str) -> Markup:
    """A figure of Matplotlib as markup, without a display or a trace in its settings; `salt` makes its ids its own."""
    from matplotlib import pyplot as plt

    with mpl.rc_context({**_STYLE, "svg.hashsalt": salt}), quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of layouts that have little room
        plt.switch_backend("agg")
        axes = draw()
        sheet = np.ravel(axes)[0].figure
        try:
            width = sheet.get_size_inches()[0]
            sheet.set_size_inches(max(width, 8.0), 3.8)
            file = io.StringIO()
            sheet.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
        finally:
            plt.close(sheet)
    markup = file.getvalue()
    return Markup(
        re.sub(r' width="[\d.]+pt" height="[\d.]+pt"', ' class="plot"', markup[markup.index("<svg") :], count=1)
    )


def pareto(trials: Sequence[Trial], metric: str) -> Markup:
    """Score against training seconds of the finished trials; the line joins those that no other beats in both."""
    ended = [trial for trial in trials if trial.outcome.value is not None]
    seconds = [trial.outcome.train_seconds for trial in ended]
    values = [trial.outcome.value or 0.0 for trial in ended]
    across, up = _scales(seconds, values)
    best = front(trials)
    line = [(across(t.outcome.train_seconds), up(t.outcome.value or 0.0)) for t in best]
    body = _axes(across, up, "training seconds of the whole stack", metric)
    body += [
        tag("circle", tag("title", f"trial {t.number}"), cx=across(s), cy=up(v), r=4.0, class_="dot c1")
        for t, s, v in zip(ended, seconds, values, strict=True)
    ]
    if line:
        body.append(tag("path", d=path(line), class_="mean c0"))
    return figure(640, 320, f"{metric} against training seconds", *body)


def budgets(searches: Mapping[str, Sequence[Trial]], metric: str) -> Markup:
    """The expected best score against the number of trials, a line for each search."""
    lines = {name: expected_best(scored(trials)) for name, trials in searches.items() if trials}
    lines = {name: line for name, line in lines.items() if np.isfinite(line).all()}
    counts = [float(n) for line in lines.values() for n in (1, len(line))]
    across, up = _scales(counts, [float(v) for line in lines.values() for v in line])
    body = _axes(across, up, "trials", f"expected best {metric}")
    for index, (name, line) in enumerate(lines.items()):
        points = [(across(n + 1), up(float(value))) for n, value in enumerate(line)]
        style = f"c{index % 8}"
        body.append(tag("g", tag("path", d=path(points), class_="mean"), class_=style))
        body.append(tag("g", tag("circle", cx=560.0, cy=24.0 + 16 * index, r=4.0, class_="dot"), class_=style))
        body.append(text(name, 568, 28 + 16 * index, "tick"))
    return figure(720, 320, f"Expected best {metric} against the number of trials", *body)


def _scales(across: Sequence[float], up: Sequence[float]) -> tuple[Scale, Scale]:
    low, high = nice_range(across)
    kind = "log" if spread_out(up) else "linear"
    bottom, top = nice_range(up, kind="log" if kind == "log" else "linear")
    return (
        Scale(low=low, high=high, start=64, end=540),
        Scale(low=bottom, high=top, start=270, end=16, kind="log" if kind == "log" else "linear"),
    )


def _axes(across: Scale, up: Scale, label: str, title: str) -> list[Markup]:
    body = []
    for tick in across.ticks(7):
        body.append(tag("line", x1=across(tick), x2=across(tick), y1=16, y2=270, class_="grid"))
        body.append(text(short(tick), across(tick), 286, anchor="middle"))
    body += levels(up, 5, 64, 540)
    body.append(text(label, 302, 308, "label", "middle"))
    body.append(text(title, 64, 10, "label"))
    return body
