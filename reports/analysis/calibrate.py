"""Write `critical_values.py`: python -m reports.analysis.calibrate. About ten minutes on one core.

For each number of seeds n, `DRAWS` samples of n differences with mean 0 are drawn from each of `DISTRIBUTIONS`, and the
statistic of `guarded` is computed. A critical value is the largest of the four quantiles, so that the error is at most
the stated one under each of them. The quantile is at `SAFETY` times the level: what is left covers the noise of this
simulation, the interpolation between the rows, and contrasts whose runs are not all pairs (lognormal scores with a
correlation of 0.7 and a reference of 2.8 times the seeds use up to 1.15 times the error that is spent on them).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from reports.analysis.distributions import DISTRIBUTIONS, Array, Draw
from reports.analysis.groups import LEAST_GROUP, moments

SEEDS = (LEAST_GROUP, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 25, 30, 35, 40, 50, 60, 80, 120)
LEVELS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 5e-3, 2e-3, 1e-3, 5e-4, 2e-4, 1e-4, 5e-5, 2e-5, 1e-5)
SAFETY = 0.8
DRAWS = 4_000_000
CHUNK = 100_000
TARGET = Path(__file__).with_name("critical_values.py")


def statistics(draw: Draw, random: np.random.Generator, seeds: int, draws: int) -> Array:
    """The guarded statistic of `draws` samples of `seeds` differences whose mean is 0, shape (draws,)."""
    parts = []
    for start in range(0, draws, CHUNK):
        found = moments(draw(random, (min(CHUNK, draws - start), seeds)))
        t = found.mean / np.sqrt(found.variance / seeds)
        against = np.maximum(0.0, -np.sign(t) * found.third / found.variance**1.5)
        parts.append(np.abs(t) / (1 + against))
    return np.concatenate(parts)


def row(seeds: int, draws: int = DRAWS) -> tuple[float, ...]:
    """The critical values of `LEVELS` for one number of seeds."""
    random = np.random.default_rng([seeds, 15])
    shares = 1 - SAFETY * np.array(LEVELS)
    worst = np.zeros(len(LEVELS))
    for draw in DISTRIBUTIONS.values():
        worst = np.maximum(worst, np.quantile(statistics(draw, random, seeds, draws), shares))
    return tuple(float(f"{value:.4g}") for value in worst)


def main() -> None:
    lines = [
        '"""Critical values of the guarded statistic. Written by `python -m reports.analysis.calibrate`: see there."""',
        "",
        f"SEEDS = {SEEDS}",
        f"LEVELS = {LEVELS}",
        "CRITICAL = (",
    ]
    for seeds in SEEDS:
        values = row(seeds)
        print(seeds, *values, file=sys.stderr, flush=True)
        lines.append(f"    ({', '.join(map(str, values))}),  # {seeds}")
    lines += [")", '"""One row for each of `SEEDS`, one column for each of `LEVELS`."""', ""]
    TARGET.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
