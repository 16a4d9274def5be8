"""What stands in words beside a verdict. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from reports.analysis.comparison import Comparison
from reports.analysis.statuses import share_unscored, unscored
from reports.numbers import number


def power_in_words(item: Comparison, wanted: float = 0.8, minutes_per_seed: float | None = None) -> str:
    """What this study would have found, for a contrast without an answer; empty for one that has one.

    Args:
        item: the contrast.
        wanted: the power that `item.detectable` is for.
        minutes_per_seed: what one seed of the treatment and its share of the reference's cost, if that is known.
    """
    if item.verdict != "no difference shown" or math.isnan(item.detectable):
        return ""
    share = _of_reference(item.detectable, item)
    least, cases = number(item.detectable), f"{100 * wanted:.0f}%"
    found = f"This study would have found a difference of {least}{share} in {cases} of cases."
    if not item.margin > 0:
        return found
    size = f"a difference of {number(item.margin)}, the least that matters,"
    if item.more_seeds is None:
        return f"{found} To find {size} it would take more than 10,000 seeds."
    if item.more_seeds == 0:
        return f"{found} It had the seeds to find {size} as well."
    cost = "" if minutes_per_seed is None else f", about {_minutes(item.more_seeds * minutes_per_seed)}"
    return f"{found} To find {size} takes {item.more_seeds:,} more seed{'s' * (item.more_seeds > 1)}{cost}."


def pairing_in_words(items: Sequence[Comparison]) -> str:
    """What comparing seed by seed saved in a study: the median over its contrasts; empty where none is known."""
    saved = [item.pairing_saved for item in items if not math.isnan(item.pairing_saved)]
    if not saved:
        return ""
    percent = round(100 * float(np.median(saved)))
    if abs(percent) < 5:
        return "Comparing seed by seed neither saved nor cost seeds."
    if percent < 0:
        return f"Comparing seed by seed made intervals of this width take {-percent}% more seeds."
    return f"Comparing seed by seed saved {percent}% of the seeds that intervals of this width take otherwise."


def statuses_in_words(item: Comparison) -> str:
    """Runs that ended without a usable score, of either side; empty where there are none."""
    sides = ((item.contrast.treatment, item.treatment_counts), (item.contrast.reference, item.reference_counts))
    if not any(unscored(counts) for _, counts in sides):
        return ""
    said = "; ".join(f"{name}: {_ended(counts)}" for name, counts in sides)
    if item.rests_on == "statuses":
        return f"The verdict rests on how runs ended ({said}; p = {item.p_statuses:.2g})."
    more = share_unscored(item.treatment_counts) != share_unscored(item.reference_counts)
    return f"The score is of the finished runs alone ({said}{f'; p = {item.p_statuses:.2g}' if more else ''})."


def _ended(counts: Mapping[str, int]) -> str:
    other = ", ".join(f"{number} {status}" for status, number in counts.items() if status != "finished")
    return f"{other or 'none'} of {sum(counts.values())}"


def _of_reference(size: float, item: Comparison) -> str:
    if not item.reference_mean:
        return ""
    share = 100 * size / abs(item.reference_mean)
    return f" ({share:.2g}% of the reference's score)" if share < 100 else f" ({share:.0f}% of the reference's score)"


def _minutes(minutes: float) -> str:
    if minutes < 1.5:
        return "a minute"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.0f} hours"
