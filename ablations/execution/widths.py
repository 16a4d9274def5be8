"""How many seeds one stack trains: a number that is the same everywhere, or the one that was measured to be fastest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablations.execution.schedule import schedule

DEFAULT_WIDTH = 16
"""The most seeds in one stack, unless asked otherwise."""
_LIMIT, _OTHERWISE = 1.5 * 1024, 1_000
"""MiB that a worker may hold, and that it holds beside its stack: libraries, data, scores (docs/speed.md)."""
LARGEST_STACK = _LIMIT - _OTHERWISE
_GAIN = 0.99
"""A width other than the cheapest is taken where it ends the whole by a hundredth sooner at least."""


@dataclass(frozen=True, kw_only=True)
class WidthOption:
    """A variant's seeds in stacks of one width."""

    width: int
    stacks: tuple[float, ...]
    """Seconds of each on one core."""
    stored: int
    """Runs of it that the archive has."""


def default_width(seeds: int) -> int:
    """All seeds in one stack, or the largest even share of at most `DEFAULT_WIDTH`."""
    divisors = [width for width in range(DEFAULT_WIDTH, 0, -1) if seeds % width == 0]
    return divisors[0] if divisors[0] > 1 or seeds == 1 else min(seeds, DEFAULT_WIDTH)


def possible_widths(
    seconds: Mapping[str, float], mebibytes: Mapping[str, float], seeds: int, limit: float = LARGEST_STACK
) -> list[int]:
    """Those measured that hold no seed in vain, within the limit of memory where that was measured too."""
    return [
        int(width) for width in seconds if int(width) <= seeds and not mebibytes.get(width, 0.0) > limit
    ]  # fmt: skip


def fastest_widths(options: Mapping[str, Sequence[WidthOption]], places: int) -> dict[str, int]:
    """By variant, so that all end soonest on so many places, and at equal ends at the least cost.

    A width of which the archive has runs already stays: another one would make them strangers. `options` may be empty
    for a variant, which is then not in the answer.
    """
    kept = {
        name: [item for item in items if item.stored == max(other.stored for other in items)]
        for name, items in options.items()
        if items
    }
    cheapest = {name: min(items, key=lambda item: (sum(item.stacks), -item.width)) for name, items in kept.items()}
    chosen, (ends, last) = cheapest, _ends(cheapest, places)
    soonest = ends[0]
    while last:
        trials = [{**chosen, last: item} for item in kept[last] if item.width != chosen[last].width]
        found = [(*_ends(trial, places), trial) for trial in trials]
        best = min(found, key=lambda item: item[0], default=None)
        if best is None or best[0] >= ends:
            break
        ends, last, chosen = best
    if ends[0] > _GAIN * soonest:
        chosen = cheapest
    return {name: item.width for name, item in chosen.items()}


def _ends(chosen: Mapping[str, WidthOption], places: int) -> tuple[list[float], str]:
    """When each place is free, the last first, the longest stacks begun first; and whose stack is the last."""
    stacks = sorted(((seconds, name) for name, item in chosen.items() for seconds in item.stacks), reverse=True)
    free, last = [0.0] * places, ""
    for span, (_, name) in zip(schedule([seconds for seconds, _ in stacks], places), stacks, strict=True):
        last = name if span.end > max(free) else last
        free[span.place] = span.end
    return sorted(free, reverse=True), last
