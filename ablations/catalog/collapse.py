"""When a run that was trained to a step has collapsed: a written rule over its metrics there. No torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class CollapseRule:
    """When a finished run has collapsed. Then its score says which heap it fell into, not how good its images are."""

    least_readable: float = 0.1
    """Of its images, the share in which a digit is read; below, there is nothing to score. In [0, 1]."""
    most_classes: int = 2
    """It has collapsed if it draws no more classes than this, where the data have at least three times as many."""
    readable: str = "readable"
    """The metric of the first, by its name before the protocol: "readable_10k" counts too."""
    classes: str = "mode_count"
    """The metric of the second. Where it was not taken, at all evaluations but the last, classes are counted by their
    shares."""
    least_drawn: float = 0.1
    """Of its fair share of all images, what a class must have to count as drawn. As in `mode_count`, which knows how
    frequent a class is in the data; here all are taken for equally frequent."""


def why_collapsed(metrics: Mapping[str, float], rule: CollapseRule | None = None, classes: int = 10) -> str | None:
    """The reason why a run with these metrics has collapsed; None if it has not. A missing metric speaks for nothing.

    Args:
        metrics: of one evaluation.
        rule: the thresholds.
        classes: how many classes the data have.
    """
    rule = rule or CollapseRule()
    readable, drawn = _metric(metrics, rule.readable), _metric(metrics, rule.classes)
    if drawn is None:
        drawn = _drawn(metrics, 1.0 if readable is None else readable, rule.least_drawn / classes)
    if readable is not None and readable < rule.least_readable:
        return f"{100 * readable:.3g}% of the images are readable, fewer than {100 * rule.least_readable:.3g}%"
    if drawn is not None and drawn <= rule.most_classes and classes >= 3 * rule.most_classes:
        return f"{drawn:.0f} of {classes} classes are drawn, no more than {rule.most_classes}"
    return None


def _drawn(metrics: Mapping[str, float], readable: float, least: float) -> float | None:
    """How many classes have at least this share of all images; None without class shares, which are of the readable."""
    shares = [value for name, value in metrics.items() if re.fullmatch(r"class_\d+", name)]
    return float(sum(readable * share >= least for share in shares)) if shares else None


def _metric(metrics: Mapping[str, float], name: str) -> float | None:
    for key, value in metrics.items():
        if key == name or key.startswith(f"{name}_"):
            return float(value)
    return None
