"""Where the time of a training step goes: operations of PyTorch's profiler, put under what the step does with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from torch.profiler import ProfilerActivity, profile

from ablations.catalog import BASELINE, RECIPES
from ablations.data import Dataset
from ablations.training.engine import choose_engine, set_up
from ablations.training.seed_group import SeedGroup

PARTS: Mapping[str, tuple[str, ...]] = {
    "products": (
        *("mm", "addmm", "bmm", "baddbmm", "_linear_pointwise"),
        *("convolution", "mkldnn_convolution", "convolution_backward"),
    ),
    "optimizer": ("_fused_adam_", "_fused_sgd_"),
    "draws": ("random_", "normal_", "uniform_", "randperm", "ge", "index_select", "index"),
    "copies": ("copy_", "cat", "clone", "contiguous", "col2im", "im2col", "stack"),
}
"""What the step does, and the operations that do it; any other is elementwise or a sum."""
ELEMENTWISE, OUTSIDE = "elementwise and sums", "outside operations"
WARM = 20


@dataclass(frozen=True, kw_only=True)
class Profile:
    """Of one recipe at one width."""

    name: str
    width: int
    milliseconds: float
    """Wall time of one step of one seed, with the profiler's own cost."""
    shares: Mapping[str, float]
    """Part to its share of that time; "outside operations" is Python, autograd and the profiler."""
    longest: Mapping[str, float]
    """The single operations that take most, with their shares."""


def profile_step(name: str, width: int, dataset: Dataset, *, steps: int) -> Profile:
    """Train some steps under PyTorch's profiler, in this process, on its one thread."""
    engine = choose_engine("cpu")
    set_up(engine)
    group = SeedGroup({**RECIPES, BASELINE.name: BASELINE}[name], range(width), dataset, engine)
    group.advance(WARM)
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        group.advance(steps)
    spent: Counter[str] = Counter()
    for item in recorded.key_averages():
        spent[item.key.rpartition("::")[2]] += item.self_cpu_time_total
    events = recorded.events()
    total = max(event.time_range.end for event in events) - min(event.time_range.start for event in events)
    return Profile(
        name=name,
        width=width,
        milliseconds=total / 1e3 / steps / width,
        shares=shares(spent, total),
        longest={operation: time / total for operation, time in spent.most_common(5)},
    )


def shares(spent: Mapping[str, float], total: float) -> dict[str, float]:
    """Operation to its own time, summed by part, over the whole time; they add up to 1."""
    parts = {operation: part for part, operations in PARTS.items() for operation in operations}
    found = dict.fromkeys((*PARTS, ELEMENTWISE), 0.0)
    for operation, time in spent.items():
        found[parts.get(operation, ELEMENTWISE)] += time / total
    return found | {OUTSIDE: max(0.0, 1 - sum(found.values()))}
