"""What the tests of claims measure: numbers of stored runs, a number a seed. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from ablations.catalog.metrics import METRICS, facts, primary
from ablations.config.claim import D_LOSS, SCORE, WORST_LABEL_ACCURACY, Check, Curve, Measure, Value
from ablations.store.outcomes import FINISHED, outcome, outcome_at
from ablations.store.result import Evaluation, Result
from reports.analysis.statuses import INTERRUPTED

Runs = Mapping[str, Mapping[int, Result]]
"""What the claims call a variant to seed to run."""

Chooser = Callable[[Iterable[str]], str | None]
"""From the names of a result's metrics, the one that stands for the score."""

_DERIVED: Mapping[str, Callable[[Mapping[str, float]], float]] = {
    WORST_LABEL_ACCURACY: lambda metrics: min(
        (value for name, value in metrics.items() if facts(name).name == "label_accuracy_{}"), default=math.nan
    ),
}
_HALVES = {D_LOSS: ("d_loss_real", "d_loss_fake")}


def values(measure: Measure, runs: Runs, score: Chooser = primary) -> dict[int, float]:
    """Seed to number. Seeds that have none are left out; `score` says which metric stands for the score."""
    found = {}
    for seed, result in runs.get(measure.of, {}).items():
        number = _value(measure, seed, result, runs, score) if isinstance(measure, Value) else _curve(measure, result)
        if number is not None:
            found[seed] = number * measure.scale
    return found


def ended(measure: Measure | float, runs: Runs) -> dict[int, str]:
    """Seed to how its run counts where the score is measured: to have none there is an outcome, not a gap."""
    if not isinstance(measure, Value) or not is_score(measure):
        return {}
    found = {seed: _status(measure, result) for seed, result in runs.get(measure.of, {}).items()}
    return {seed: status for seed, status in found.items() if status not in (FINISHED, INTERRUPTED)}


def columns(test: Check, runs: Runs, score: Chooser) -> tuple[dict[int, float], dict[int, float]]:
    ours = values(test.measure, runs, score)
    if isinstance(test.against, float | int):
        return ours, dict.fromkeys(sorted({*ours, *ended(test.measure, runs)}), float(test.against))
    theirs = values(test.against, runs, score)
    lost = {*ended(test.measure, runs)}, {*ended(test.against, runs)}
    # A side of which no run has a score still has an answer, by how its runs ended: NaN keeps its place.
    return ours or dict.fromkeys(lost[0], math.nan), theirs or dict.fromkeys(lost[1], math.nan)


def lacking(measure: Measure | float, runs: Runs, score: Chooser = primary) -> str:
    """Why no run has the number, in words; empty where one has."""
    if isinstance(measure, float | int) or values(measure, runs, score) or ended(measure, runs):
        return ""
    if not runs.get(measure.of):
        return f"no run of {measure.of} is stored"
    if isinstance(measure, Curve):
        return f"no run of {measure.of} has {measure.curve} of this part of its training"
    at = "" if measure.step is None else f" at step {measure.step:,}"
    return f"no finished run of {measure.of} has {'this ' if is_score(measure) else ''}{measure.metric}{at}"


def is_score(measure: Measure) -> bool:
    return isinstance(measure, Value) and measure.metric == SCORE


def _value(measure: Value, seed: int, result: Result, runs: Runs, score: Chooser) -> float | None:
    if is_score(measure) and _status(measure, result) != FINISHED:
        return None
    if measure.same_seconds is not None:
        other = runs.get(measure.same_seconds, {}).get(seed)
        ready = other is not None and FINISHED == other.status == result.status
        return _at_seconds(measure.metric, result, other, score) if ready and other is not None else None
    there = _evaluation(measure, result)
    if there is not None:
        return _number(measure.metric, there, score)
    return None if result.status in (FINISHED, INTERRUPTED) else _least(measure.metric)


def _evaluation(measure: Value, result: Result) -> Evaluation | None:
    """The one that is measured; None where the run did not come so far."""
    if measure.step is None:
        return result.evaluations[-1] if result.evaluations and result.status == FINISHED else None
    return next((item for item in result.evaluations if item.step == measure.step), None)


def _status(measure: Value, result: Result) -> str:
    """How a run counts at the step that is measured: what can be read at its end says nothing of its start."""
    there = None if measure.step is None else _evaluation(measure, result)
    return outcome(result).status if there is None else outcome_at(there.metrics).status


def _least(name: str) -> float | None:
    """What a run that did not come so far is worth: 0 of a built-in metric where more is better (no class drawn,
    nothing covered or read), so that a run that diverges is no gap there either; else nothing.
    """
    if name == WORST_LABEL_ACCURACY:
        return 0.0
    row = METRICS.get(facts(name).name)
    return 0.0 if row is not None and row.of == "images" and row.better == "higher" else None


def _at_seconds(name: str, result: Result, other: Result, score: Chooser) -> float | None:
    """The score at the training seconds of the faster of two runs, linear between the evaluations."""
    if not (result.evaluations and other.evaluations):
        return None
    seconds = min(item.evaluations[-1].train_seconds for item in (result, other))
    points = [(item.train_seconds, _number(name, item, score)) for item in result.evaluations]
    known = np.array([(at, value) for at, value in points if value is not None])
    return float(np.interp(seconds, known[:, 0], known[:, 1])) if len(known) else None


def _number(name: str, evaluation: Evaluation, score: Chooser) -> float | None:
    """A metric by its name, with or without its number of samples; None where it was not taken or is not finite."""
    metrics = evaluation.metrics
    if name == SCORE:
        value = metrics.get(score(metrics) or "", math.nan)
    elif name in _DERIVED:
        value = _DERIVED[name](metrics)
    else:
        value = next((value for key, value in metrics.items() if name in (key, facts(key).name)), math.nan)
    return float(value) if math.isfinite(value) else None


def _curve(measure: Curve, result: Result) -> float | None:
    """The mean over the window; None where the run did not get through it."""
    names = _HALVES.get(measure.curve, (measure.curve,))
    steps = result.run.variant.steps
    first, last = round(measure.start * steps), max(round(measure.start * steps) + 1, round(measure.stop * steps))
    if result.last_step < last or any(name not in result.curves for name in names):
        return None
    mean = float(np.mean([np.asarray(result.curves[name][first:last], dtype=float).mean() for name in names]))
    return mean if math.isfinite(mean) else None
