"""Where the variance of a score comes from: the training seed, the samples drawn, the real images. Pure.

Each finished run holds its score again, as `repeat_{j}_{k}`: of sets j of samples, against disjoint parts k of the real
images. Sets are nested in the training seed; the parts are the same for all runs, so they cross it:

    y_ijk = mean + seed_i + samples_ij + real_k + (seed x real)_ik + rest_ijk

The variances of the five terms are estimated by equating mean squares with their expectations (analysis of variance,
all terms random) and set to 0 where that gives less.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from reports.analysis.comparison import NO_INTERVAL, Interval
from reports.analysis.distributions import Array

NAME = re.compile(r"repeat_(\d+)_(\d+)")
"""The set of samples and the part of the real images, in the name of a repeated score."""
MINIMUM_SEEDS = 3
"""Below, nothing is said of the variance over seeds."""

SOURCES = ("training seed", "samples drawn", "seed \N{MULTIPLICATION SIGN} real images", "real images")

LEAST_FREEDOM = 0.5
"""With fewer degrees of freedom an interval says nothing."""


@dataclass(frozen=True, kw_only=True)
class Components:
    """The variance of each term, for one set of samples against one part of the real images; NaN if unknown."""

    seeds: int
    parts: int
    seed: float
    samples: float
    real: float
    seed_by_real: float
    rest: float
    seed_interval: Interval
    """95%, of `seed` before it is truncated; its lower bound is truncated too."""

    def of_score(self) -> dict[str, float]:
        """The variance of one score by source, in the order of `SOURCES`.

        The score is of one set of samples against all real images, which are the mean of `parts` parts: what varies
        from part to part counts one `parts`-th. The last source is the same for all runs, so it cancels in every
        contrast; the others are what scatters from seed to seed.
        """
        own = self.samples + self.rest / self.parts
        variances = (self.seed, own, self.seed_by_real / self.parts, self.real / self.parts)
        return dict(zip(SOURCES, variances, strict=True))

    def shares(self) -> dict[str, float]:
        """The parts of the whole, by source; NaN where nothing varies."""
        variances = self.of_score()
        total = sum(variances.values())
        return {name: value / total if total > 0 else math.nan for name, value in variances.items()}

    @property
    def deviation_interval(self) -> Interval:
        """95%, of the standard deviation that the training seed gives to a score."""
        low, high = (math.sqrt(bound) for bound in (self.seed_interval.low, self.seed_interval.high))
        return Interval(low, high)

    @property
    def seed_share(self) -> float:
        """The training seed's part of what scatters from seed to seed."""
        variances = self.of_score()
        scatter = sum(variances[name] for name in SOURCES[:-1])
        return variances[SOURCES[0]] / scatter if scatter > 0 else math.nan


def components(table: Array) -> Components:
    """Of repeated scores of shape (seeds, sets, parts), all finite, with at least two sets and two parts."""
    a, b, c = table.shape
    if a < MINIMUM_SEEDS:
        nan = math.nan
        return Components(
            seeds=a, parts=c, seed=nan, samples=nan, real=nan, seed_by_real=nan, rest=nan, seed_interval=NO_INTERVAL
        )
    whole, of_seed, of_set = table.mean(), table.mean(axis=(1, 2)), table.mean(axis=2)
    of_part, of_cell = table.mean(axis=(0, 1)), table.mean(axis=1)
    crossed = of_cell - of_seed[:, None] - of_part + whole
    left = table - of_set[:, :, None] - of_cell[:, None, :] + of_seed[:, None, None]
    seed = b * c * float(((of_seed - whole) ** 2).sum()) / (a - 1)
    samples = c * float(((of_set - of_seed[:, None]) ** 2).sum()) / (a * (b - 1))
    real = a * b * float(((of_part - whole) ** 2).sum()) / (c - 1)
    seed_by_real = b * float((crossed**2).sum()) / ((a - 1) * (c - 1))
    rest = float((left**2).sum()) / (a * (b - 1) * (c - 1))
    freedoms = ((seed, a - 1), (samples, a * (b - 1)), (seed_by_real, (a - 1) * (c - 1)), (rest, a * (b - 1) * (c - 1)))
    estimate = (seed - samples - seed_by_real + rest) / (b * c)
    return Components(
        seeds=a,
        parts=c,
        seed=max(0.0, estimate),
        samples=max(0.0, (samples - rest) / c),
        real=max(0.0, (real - seed_by_real) / (a * b)),
        seed_by_real=max(0.0, (seed_by_real - rest) / b),
        rest=rest,
        seed_interval=_satterthwaite(estimate, sum((m / (b * c)) ** 2 / n for m, n in freedoms)),
    )


def by_variant(runs: pd.DataFrame) -> Mapping[str, Components]:
    """Of the variants in a frame of runs that have repeated scores, in its order; over their finished runs."""
    found = {column: match for column in runs.columns if (match := NAME.fullmatch(column))}
    sets = 1 + max((int(match[1]) for match in found.values()), default=0)
    parts = 1 + max((int(match[2]) for match in found.values()), default=0)
    if len(found) != sets * parts or sets < 2 or parts < 2:
        return {}
    columns = sorted(found, key=lambda column: (int(found[column][1]), int(found[column][2])))
    finite = np.isfinite(runs[columns].to_numpy(dtype=float)).all(axis=1)
    usable = runs[finite & (runs.status == "finished").to_numpy()]
    return {
        str(name): components(own[columns].to_numpy(dtype=float).reshape(len(own), sets, parts))
        for name, own in usable.groupby("variant", sort=False)
    }


def variance_frame(found: Mapping[str, Components]) -> pd.DataFrame:
    """One row a variant and source: the variance of one score that comes from it, its root, and its share."""
    rows = []
    for variant, item in found.items():
        shares = item.shares()
        for source, variance in item.of_score().items():
            row = {"variant": variant, "seeds": item.seeds, "source": source, "variance": variance}
            rows.append(row | {"deviation": math.sqrt(variance), "share": shares[source]})
    return pd.DataFrame(rows)


def _satterthwaite(estimate: float, error: float) -> Interval:
    """95%, as if the estimate were one mean square of the degrees of freedom that give its variance (1946).

    `error` is half the variance of the estimate.
    """
    freedom = estimate**2 / error if error > 0 else 0.0
    if estimate <= 0 or freedom < LEAST_FREEDOM:
        return Interval(0.0, math.inf)
    low, high = (freedom / float(stats.chi2.ppf(q, freedom)) for q in (0.975, 0.025))
    return Interval(estimate * low, estimate * high)
