"""What a study cost, in seconds of training and of evaluation. Pure.

The seconds of a seed are its share of the stack in which it trained: the stack's seconds over its width.
"""

from __future__ import annotations

import math

import pandas as pd

COLUMNS = (
    "variant", "runs", "steps_done", "train_seconds_a_seed", "step_ms", "step_ms_low", "step_ms_high",
    "evaluation_seconds_a_seed", "total_seconds",
)  # fmt: skip


def cost_frame(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a variant, in the order of the runs.

    Runs count whatever became of them. `step_ms` is milliseconds for one step of one seed, which is seconds for a
    thousand steps, over all runs; low and high are those of the single runs. A seed's training seconds are the mean
    over the finished runs, for others stopped early; NaN where there is none.
    """
    rows = []
    for variant, own in runs.groupby("variant", sort=False):
        finished, moved = own[own.status == "finished"], own[own.last_step > 0]
        each = 1_000 * moved.train_seconds / moved.last_step
        steps, seconds = int(own.last_step.sum()), float(own.train_seconds.sum())
        total = seconds + float(own.evaluation_seconds.sum())
        step_ms = 1_000 * seconds / steps if steps else math.nan
        rows.append(
            (str(variant), len(own), steps, float(finished.train_seconds.mean()), step_ms, float(each.min()),
             float(each.max()), float(finished.evaluation_seconds.mean()), total)
        )  # fmt: skip
    return pd.DataFrame(rows, columns=list(COLUMNS))


def total_seconds(runs: pd.DataFrame) -> tuple[float, float]:
    """Of all runs together, one after the other: training and evaluation."""
    return float(runs.train_seconds.sum()), float(runs.evaluation_seconds.sum())
