"""Any two variants, or two single runs, held against each other. Pure: stored studies in, a comparison out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from ablations.config import Contrast
from ablations.errors import ConfigError, StoreError, unknown
from ablations.results import Result
from reports import words
from reports.comparable import check_comparable
from reports.findings import stated_floor
from reports.frames import WITHOUT_SCORE, primary_metric
from reports.statistics import Comparison, Rules, Verdict, compare

Better = Literal["lower", "higher", "neither"]
_MIRRORED: dict[Verdict, Verdict] = {"better": "worse", "worse": "better"}


@dataclass(frozen=True, kw_only=True)
class Duel:
    """Two variants on one metric, paired by seed."""

    metric: str
    better: Better
    comparison: Comparison
    """Its verdict and `wins` are by `better`; where that is neither, "better" stands for lower."""
    treatment_mean: float
    reference_mean: float
    left_out: int
    """Runs without this metric, where those cannot rank worst."""
    rules: Rules


def duel(
    treatment: Sequence[Result],
    reference: Sequence[Result],
    names: tuple[str, str],
    *,
    metric: str | None = None,
    difference: str | None = None,
) -> Duel:
    """Compare the runs of two variants by their last scores. `difference`, "5%" or a number, is what a reader would
    call a difference: it is the margin of equivalence, and what the number of seeds still needed is for.

    Raises:
        ConfigError: a metric that neither has (with the nearest name), or a difference that is no positive number.
        StoreError: no seed is shared, or the scores do not measure the same.
    """
    everyone = [*treatment, *reference]
    check_comparable(" against ".join(names), everyone)
    chosen = metric or primary_metric(everyone)
    known = {name for result in everyone for name in result.scores}
    if chosen not in known:
        raise unknown("metric", chosen, sorted(known))
    better = direction(chosen)
    ours, theirs = (_scores(runs, chosen, better) for runs in (treatment, reference))
    shared = sorted(set(ours) & set(theirs))
    if not shared:
        raise StoreError(f"{names[0]} and {names[1]} have {chosen} of no common seed; train them under the same seeds")
    scored = [seed for seed in shared if math.isfinite(ours[seed]) and math.isfinite(theirs[seed])]
    means = [float(np.mean([side[seed] for seed in scored])) if scored else math.nan for side in (ours, theirs)]
    rules = Rules(
        noise_floor=stated_floor(tuple(everyone)) if chosen == primary_metric(everyone) else 0.0,
        margin=margin_of(difference, means[1]),
    )
    contrast = Contrast(axis="", question=f"{names[0]} instead of {names[1]}", treatment="one", reference="other")
    (item,) = compare({"one": ours, "other": theirs}, [contrast], rules)
    return Duel(
        metric=chosen,
        better=better,
        comparison=_mirrored(item) if better == "higher" else item,
        treatment_mean=means[0],
        reference_mean=means[1],
        left_out=len({result.run.seed for result in everyone} - set(shared)),
        rules=rules,
    )


def direction(metric: str) -> Better:
    """Which way a metric is better, as its title's arrow says."""
    if metric.startswith("frechet_") or "\N{DOWNWARDS ARROW}" in words.title(metric):
        return "lower"
    return "higher" if "\N{UPWARDS ARROW}" in words.title(metric) else "neither"


def margin_of(difference: str | None, reference: float) -> float:
    """A difference as a share of the reference's mean; 10% unless said otherwise."""
    if difference is None:
        return Rules().margin
    try:
        value = float(difference.removesuffix("%"))
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ConfigError(f"--difference {difference}: it must be a positive number such as 0.5, or a share such as 5%")
    return value / 100 if difference.endswith("%") else value / abs(reference or math.nan)


def _scores(runs: Sequence[Result], metric: str, better: Better) -> dict[int, float]:
    """Seed to score; a run that ended without one ranks worst where lower is better, and is left out elsewhere."""
    found = {}
    for result in runs:
        value = float(result.scores.get(metric, math.nan)) if result.status == "finished" else math.nan
        if math.isfinite(value):
            found[result.run.seed] = value
        elif better == "lower" and result.status in (*WITHOUT_SCORE, "finished"):
            found[result.run.seed] = math.inf
    return found


def _mirrored(item: Comparison) -> Comparison:
    """Of a metric that is better when higher."""
    return replace(item, verdict=_MIRRORED.get(item.verdict, item.verdict), wins=item.pairs - item.wins)
