"""The extractors against each other: do they rank models alike? On samples of stored runs, of all kept steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import scipy.stats
from torch import Tensor

from ablations.data import Dataset
from ablations.scoring.certify.lines import Line, line
from ablations.scoring.metrics.array_types import Float64
from ablations.scoring.panel import LABEL_FREE, Panel
from ablations.scoring.suite import references_of, sample_count, score

LEAST_SETS = 30
AGREES = 0.9
PAIRS = ("frechet", "balanced_frechet")


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A set of samples: of a stored run's G at one step."""

    variant: str
    seed: int
    step: int
    steps: int
    scores: dict[str, float]
    """Of each of `PAIRS` by both extractors, without protocol, and `readable`."""


@dataclass(frozen=True, kw_only=True)
class SampleSet:
    """A stored run's G at one step."""

    variant: str
    seed: int
    step: int
    steps: int
    draw: Callable[[int], Tensor]
    """So many images (n, channels, height, width) in [0, 1]."""


def ranked(
    sets: Iterable[SampleSet], dataset: Dataset, panel: Panel, notify: Callable[[str], None] = lambda line: None
) -> tuple[Ranked, ...]:
    """Each set of samples, scored by all extractors."""
    references, count = references_of(dataset, panel), sample_count(dataset)
    found = []
    for one in sets:
        notify(f"samples of {one.variant}, seed {one.seed}, step {one.step:,}")
        scores = score(panel.views(one.draw(count)), references)
        wanted = {name: name.rsplit("_", 1)[0] if name != "readable" else name for name in scores}
        kept = {bare: scores[name] for name, bare in wanted.items() if bare in _names()}
        found.append(Ranked(variant=one.variant, seed=one.seed, step=one.step, steps=one.steps, scores=kept))
    return tuple(found)


def _names() -> tuple[str, ...]:
    return (*PAIRS, *(f"{LABEL_FREE}_{name}" for name in PAIRS), "readable")


def rank_correlation(found: tuple[Ranked, ...], name: str) -> tuple[float, float]:
    """Spearman's of a metric by both extractors: over all sets, and over the better half by the reader's features."""
    ours, theirs = (np.array([item.scores[key] for item in found]) for key in (name, f"{LABEL_FREE}_{name}"))
    better = ours <= np.median(ours)
    return _spearman(ours, theirs), _spearman(ours[better], theirs[better])


def _spearman(x: Float64, y: Float64) -> float:
    return float(scipy.stats.spearmanr(x, y).statistic)


def ranked_lines(found: tuple[Ranked, ...]) -> list[Line]:
    subject, claim = "Extractors against each other", f"rank {LEAST_SETS} sets or more alike, {AGREES:g} or more"
    if len(found) < LEAST_SETS:
        detail = f"{len(found)} sets of samples; name a store of runs with --runs"
        return [Line(subject=subject, metric=name, claim=claim, status="not checked", detail=detail) for name in PAIRS]
    lines = []
    for name in PAIRS:
        everything, better = rank_correlation(found, name)
        detail = f"{everything:.3f} over {len(found)} sets of samples; {better:.3f} over the better half of them"
        lines.append(line(subject, name, claim, everything >= AGREES, detail))
    return lines
