"""What a document prints along its training, of the runs of its recipe, with what it prints beside. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablations.catalog.printed import TRACES, Quantity, Trace
from ablations.config import Study, Variant
from ablations.store.result import Result

POINTS = 160
"""Of a drawn trace."""


@dataclass(frozen=True)
class Line:
    """A row of the table: where, and for each quantity the mean over seeds, the lowest and the highest, and the
    document's number, or None.
    """

    at: str
    values: tuple[tuple[float, float, float], ...]
    printed: tuple[float | None, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class Traced:
    """One variant's trace."""

    variant: str
    trace: Trace
    seeds: int
    unit: str
    """What the frames are drawn against: "step" or "epoch"."""
    frames: dict[str, pd.DataFrame]
    """By the label of the quantity: columns at, mean, low, high, seeds."""
    lines: tuple[Line, ...]


def traces(study: Study, results: Sequence[Result]) -> tuple[Traced, ...]:
    """Of every variant that carries on a recipe with a trace and has a run that came far enough."""
    return tuple(_traces(study, results))


def _traces(study: Study, results: Sequence[Result]) -> Iterator[Traced]:
    for variant in study.variants:
        own = [result for result in results if result.run.variant.name == variant.name and result.status == "finished"]
        for trace in TRACES:
            if variant.recipe in trace.recipes and own and (made := _trace(variant, trace, own)) is not None:
                yield made


def _trace(variant: Variant, trace: Trace, results: Sequence[Result]) -> Traced | None:
    length = min(result.last_step for result in results)
    per = 1 if trace.window else epoch_steps(variant, results[0])
    ends = running_ends(length, trace.window) if trace.window else np.arange(per, length + 1, per)
    if not len(ends):
        return None
    span = trace.window or (1 if trace.last_batch else per)
    tables = {item.label: _table(item, results, ends, span) for item in trace.quantities}
    places = ends if trace.window else ends // per
    frames = {label: _frame(table, places) for label, table in tables.items()}
    lines = _running_lines(trace, results, length) if trace.window else _epoch_lines(trace, results, tables, per)
    unit = "step" if trace.window else "epoch"
    return Traced(variant=variant.name, trace=trace, seeds=len(results), unit=unit, frames=frames, lines=lines)


def epoch_steps(variant: Variant, result: Result) -> int:
    """Steps of an epoch: its whole batches, or one where a variant is updated once an epoch."""
    if variant.update.once_an_epoch:
        return 1
    there = int(result.environment.get("training_images", variant.training_images))
    return max(1, min(variant.training_images, there) // (variant.batch_size * variant.update.discriminator_steps))


def running_ends(length: int, window: int) -> NDArray[np.int64]:
    """The steps at which a running mean is drawn: from the first whole window to the last step."""
    if length < window:
        return np.empty(0, dtype=np.int64)
    return np.unique(np.linspace(window, length, POINTS).round().astype(np.int64))


def means_before(values: NDArray[np.floating], ends: NDArray[np.int64], span: int) -> NDArray[np.float64]:
    """The mean of the `span` values up to each end, which counts steps from 1: (ends,)."""
    return np.array([values[end - span : end].mean(dtype=np.float64) for end in ends])


def _values(quantity: Quantity, result: Result) -> NDArray[np.float64]:
    summed = np.sum([result.curves[name].astype(np.float64) for name in quantity.curves], axis=0)
    scaled: NDArray[np.float64] = quantity.factor * summed
    return scaled


def _table(quantity: Quantity, results: Sequence[Result], ends: NDArray[np.int64], span: int) -> NDArray[np.float64]:
    """(seeds, ends)."""
    return np.stack([means_before(_values(quantity, result), ends, span) for result in results])


def _frame(table: NDArray[np.float64], places: NDArray[np.int64]) -> pd.DataFrame:
    low, high = table.min(0), table.max(0)
    return pd.DataFrame({"at": places, "mean": table.mean(0), "low": low, "high": high, "seeds": len(table)})


def _running_lines(trace: Trace, results: Sequence[Result], length: int) -> tuple[Line, ...]:
    """At the steps that the document prints and the runs reached, and at the end."""
    steps = sorted({mark.step for mark in trace.marks if mark.step <= length} | {length})
    printed = {(mark.step, mark.quantity): mark.value for mark in trace.marks}
    return tuple(
        Line(
            f"{step:,}",
            tuple(_spread(_table(item, results, np.array([step]), trace.window)[:, 0]) for item in trace.quantities),
            tuple(printed.get((step, item.label)) for item in trace.quantities),
        )
        for step in steps
    )


def _epoch_lines(
    trace: Trace, results: Sequence[Result], tables: dict[str, NDArray[np.float64]], per: int
) -> tuple[Line, ...]:
    """At the first epoch and every so many; of a quantity that evaluations take, at their steps."""
    nothing = (None,) * len(trace.quantities)
    if all(item.metric for item in trace.quantities):
        steps = [item.step for item in results[0].evaluations]
        rows = [(step, [_evaluated(results, step, item.metric) for item in trace.quantities]) for step in steps]
        return tuple(
            Line(f"{step / per:.3g}", tuple(_spread(values) for values in row), nothing)
            for step, row in rows
            if all(len(values) for values in row)
        )
    count = next(iter(tables.values())).shape[1]
    chosen = [epoch for epoch in range(1, count + 1) if epoch == 1 or epoch % trace.epochs == 0]
    return tuple(
        Line(str(epoch), tuple(_spread(table[:, epoch - 1]) for table in tables.values()), nothing) for epoch in chosen
    )


def _evaluated(results: Sequence[Result], step: int, metric: str) -> NDArray[np.float64]:
    return np.array(
        [
            item.metrics[metric]
            for r in results
            for item in r.evaluations
            if item.step == step and metric in item.metrics
        ]
    )


def _spread(values: NDArray[np.float64]) -> tuple[float, float, float]:
    return float(values.mean()), float(values.min()), float(values.max())
