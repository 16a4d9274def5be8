"""Stored results as tidy frames: one row a run, an evaluation, a bin of a curve. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ablations.catalog.quantities import CURVES
from ablations.store.outcomes import FINISHED, outcome, outcome_at
from ablations.store.result import Result
from reports.analysis.scored import score_of

if TYPE_CHECKING:
    from ablations.store.stored_study import StoredStudy

BINS = 80
"""Points of a drawn curve: each is the mean over 1/80 of the steps."""
BAND = (0.1, 0.9)
"""The quantiles over seeds that a band spans."""


def runs_frame(stored: StoredStudy, metric: str) -> pd.DataFrame:
    """One row a run, by the study's variants and then the seeds; `score` is NaN for a run that has none.

    `status` is how the run counts: see `outcomes`.
    """
    order = {variant.name: index for index, variant in enumerate(stored.study.variants)}
    rows = []
    for result in sorted(stored.results, key=lambda item: (order[item.run.variant.name], item.run.seed)):
        variant, scores, ended = result.run.variant, dict(result.scores), outcome(result)
        rows.append(
            {
                "study": stored.study.name,
                "variant": variant.name,
                "seed": result.run.seed,
                "status": ended.status,
                "score": score_of(result, metric),
                "last_step": result.last_step,
                "steps": variant.steps,
                "train_seconds": result.train_seconds,
                "evaluation_seconds": result.evaluation_seconds,
                "reason": ended.reason,
                "key": result.key,
                "weights_sha256": stored.digests.get(result.key, {}).get("weights_sha256", ""),
            }
            | {name: value for name, value in scores.items() if name != metric}
        )
    return pd.DataFrame(rows)


def evaluations_frame(results: Iterable[Result]) -> pd.DataFrame:
    """One row a metric of an evaluation: variant, seed, step, train_seconds, metric, value."""
    rows = [
        (result.run.variant.name, result.run.seed, item.step, item.train_seconds, name, float(value))
        for result in results
        for item in result.evaluations
        for name, value in item.metrics.items()
    ]
    frame = pd.DataFrame(rows, columns=["variant", "seed", "step", "train_seconds", "metric", "value"])
    return frame.astype({"train_seconds": float, "value": float})


def curves_frame(results: Iterable[Result], bins: int = BINS) -> pd.DataFrame:
    """One row a bin of a curve: variant, curve, step (the bin's last), and over the seeds: seeds, mean, low, high.

    A run that ended early counts in the bins it reached, and values that are not finite count in none.
    """
    by_variant: dict[str, list[Result]] = {}
    for result in results:
        by_variant.setdefault(result.run.variant.name, []).append(result)
    parts = []
    for variant, group in by_variant.items():
        edges = bin_edges(group[0].run.variant.steps, bins)
        for curve in CURVES:
            table = np.stack([binned(result.curves.get(curve, np.empty(0)), edges) for result in group])
            size = len(edges) - 1
            parts.append({"variant": [variant] * size, "curve": [curve] * size, "step": edges[1:], **_summary(table)})
    names = ("variant", "curve", "step", "seeds", "mean", "low", "high")
    columns: dict[str, Any] = {name: np.concatenate([part[name] for part in parts]) if parts else [] for name in names}
    frame = pd.DataFrame(columns)
    return frame[frame.seeds > 0].reset_index(drop=True)


def score_frame(results: Iterable[Result], metric: str) -> pd.DataFrame:
    """One row an evaluation of a variant: variant, step, runs, seeds, train_seconds, mean, low, high.

    The score of a step at which a run's samples are collapsed counts no more than that of a collapsed run: `seeds` is
    how many of the `runs` of the variant have one there. Where that is less than half of them, mean and band are NaN,
    since the few that are left stand for themselves.
    """
    table = evaluations_frame(_readable(result) for result in results)
    runs = evaluations_frame(results).groupby("variant", sort=False).seed.nunique()
    chosen = table[(table.metric == metric) & np.isfinite(table.value)]
    grouped = chosen.groupby(["variant", "step"], sort=False)
    frame = grouped.agg(train_seconds=("train_seconds", "mean"), seeds=("value", "size"), mean=("value", "mean"))
    frame["low"], frame["high"] = (grouped["value"].quantile(q) for q in BAND)
    found = frame.reset_index()
    found["runs"] = found.variant.map(runs)
    found.loc[2 * found.seeds < found.runs, ["mean", "low", "high"]] = np.nan
    return pd.DataFrame(found)


def _readable(result: Result) -> Result:
    kept = tuple(item for item in result.evaluations if outcome_at(item.metrics).status == FINISHED)
    return dataclasses.replace(result, evaluations=kept)


def bin_edges(steps: int, bins: int) -> NDArray[np.int64]:
    """Step numbers 0 = e0 < e1 < ... = `steps`, at most `bins` bins."""
    return np.unique(np.linspace(0, steps, min(bins, steps) + 1).round().astype(np.int64))


def binned(curve: NDArray[np.floating], edges: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean of a per-step curve over each bin; NaN for a bin with no finite value."""
    values = np.full(edges[-1], np.nan)
    values[: len(curve)] = curve[: edges[-1]]
    finite = np.isfinite(values)
    sums = np.add.reduceat(np.where(finite, values, 0.0), edges[:-1])
    counts = np.add.reduceat(finite.astype(float), edges[:-1])
    means: NDArray[np.float64] = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
    return means


def typical_seed(table: Mapping[str, Mapping[int, float]]) -> int | None:
    """The seed whose scores are nearest to each variant's median, by rank; ties go to the worse one. None: no scores.

    One seed for all variants, because only the same seed gives the same latents.
    """
    distance: dict[int, float] = {}
    for by_seed in table.values():
        ranked = sorted(by_seed, key=lambda seed: by_seed[seed])
        for rank, seed in enumerate(ranked):
            offset = rank - (len(ranked) - 1) / 2
            distance[seed] = distance.get(seed, 0.0) + abs(offset) - 1e-3 * offset
        for seed in {s for other in table.values() for s in other} - set(by_seed):
            distance[seed] = distance.get(seed, 0.0) + len(ranked)
    return min(sorted(distance), key=lambda seed: distance[seed]) if distance else None


def _summary(table: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Mean and band over the first axis (seeds), NaN left out."""
    seeds = np.isfinite(table).sum(axis=0)
    filled = np.where(seeds > 0, table, 0.0)
    low, high = (_quantile(filled, q) for q in BAND)
    return {"seeds": seeds, "mean": np.nanmean(filled, axis=0), "low": low, "high": high}


def _quantile(table: NDArray[np.float64], q: float) -> NDArray[np.float64]:
    """Over the first axis, as `np.nanquantile`, which goes through the columns one by one; none may be all NaN."""
    ordered = np.sort(table, axis=0)
    place = q * ((~np.isnan(table)).sum(axis=0) - 1)
    below = np.floor(place).astype(int)
    above = np.ceil(place).astype(int)
    columns = np.arange(table.shape[1])
    low, high = ordered[below, columns], ordered[above, columns]
    found: NDArray[np.float64] = low + (place - below) * (high - low)
    return found
