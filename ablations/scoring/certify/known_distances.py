"""The estimates against what is known: real against real, few samples against many, Gaussians of a known distance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from ablations.scoring.certify.lines import Line, line
from ablations.scoring.metrics.frechet import Gaussian, frechet_distance
from ablations.scoring.metrics.frechet_inf import GROUPS, frechet_inf
from ablations.scoring.metrics.values import Features

SHARES = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Of the samples of a score: 500 to 10,000."""
SUBSETS = 10
FLOORS = 1.5
"""Times the noise floor that real images may score."""
NEW = 0.05
COVERED = 0.9
SPREAD = 4.0
"""Standard errors that two means of the same quantity may lie apart."""


def real_lines(scores: Sequence[Mapping[str, float]], sets: Sequence[Features], floor: float) -> list[Line]:
    """Real images against the test images, and against each other."""
    values = [row["frechet"] for row in scores]
    pairs = list(zip(sets[::2], sets[1::2], strict=True))
    found = [frechet_inf(x.features, y.features) for x, y in pairs]
    inside = sum(item.low <= 0 <= item.high for item in found)
    intervals = ", ".join(f"[{item.low:.2g}, {item.high:.2g}]" for item in found)
    new = [row["memorization"] for row in scores]
    return [
        line(
            "Real images",
            "frechet",
            "lands on the noise floor",
            max(values) <= FLOORS * floor,
            f"{len(values)} sets against the test images: {min(values):.3g} to {max(values):.3g}; the floor, of the "
            f"first images of the file, is {floor:.3g} (allowed: {FLOORS:g} times that)",
        ),
        line(
            "Real images",
            "frechet_inf",
            "is 0 between sets of the same images",
            inside >= len(found) - 1,
            f"0 lies in {inside} of {len(found)} intervals: {intervals}",
        ),
        line(
            "Real images",
            "memorization",
            "is 0.5 for images that are no copies",
            all(abs(value - 0.5) <= NEW for value in new),
            f"{min(new):.3g} to {max(new):.3g} (allowed: {NEW:g} from 0.5)",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class Bias:
    """The two Frechet distances by the number of samples, against all test images: means over disjoint subsets."""

    title: str
    counts: tuple[int, ...]
    frechet: tuple[float, ...]
    frechet_inf: tuple[float, ...]
    error: tuple[float, ...]
    """The standard error of `frechet_inf`'s mean."""
    low: tuple[float, ...]
    high: tuple[float, ...]
    """The mean ends of its 95% interval."""


def bias(title: str, features: Features, test: Features, samples: int) -> Bias:
    """Up to `SUBSETS` disjoint subsets of each of `SHARES` of `samples`, drawn from the features."""
    rows = np.random.default_rng(0).permutation(len(features))
    reference = Gaussian.of(test.features)
    counts = [count for share in SHARES if (count := round(share * samples)) >= 2 * GROUPS]
    table = []
    for count in counts:
        subsets = [rows[i * count : (i + 1) * count] for i in range(min(SUBSETS, len(rows) // count))]
        plain = [frechet_distance(features.features[subset], reference) for subset in subsets]
        found = [frechet_inf(features.features[subset], test.features) for subset in subsets]
        distances = [item.distance for item in found]
        error = float(np.std(distances, ddof=1)) / len(distances) ** 0.5
        ends = [float(np.mean([getattr(item, end) for item in found])) for end in ("low", "high")]
        table.append((float(np.mean(plain)), float(np.mean(distances)), error, *ends))
    frechet, infinite, error_, low, high = (tuple(column) for column in zip(*table, strict=True))
    return Bias(
        title=title, counts=tuple(counts), frechet=frechet, frechet_inf=infinite, error=error_, low=low, high=high
    )


def bias_lines(measured: Bias) -> list[Line]:
    first, last = measured.counts[0], measured.counts[-1]
    falls = bool((np.diff(measured.frechet) < 0).all())
    apart = [
        abs(value - measured.frechet_inf[-1]) / np.hypot(error, measured.error[-1])
        for value, error in zip(measured.frechet_inf[:-1], measured.error[:-1], strict=True)
    ]
    return [
        line(
            f"Bias, {measured.title}",
            "frechet",
            "falls with the number of samples",
            falls,
            f"{measured.frechet[0]:.4g} at {first:,}, {measured.frechet[-1]:.4g} at {last:,}",
        ),
        line(
            f"Bias, {measured.title}",
            "frechet_inf",
            "does not depend on it",
            max(apart) <= SPREAD,
            f"{measured.frechet_inf[0]:.4g} at {first:,}, {measured.frechet_inf[-1]:.4g} at {last:,}; at most "
            f"{max(apart):.2g} standard errors apart",
        ),
    ]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How often the interval of `frechet_inf` holds the distance of two known Gaussians."""

    title: str
    samples: int
    truth: float
    repeats: int
    held: int
    mean: float
    """Of the estimates."""
    plain: float
    """The mean of the Frechet distances of the same draws, for comparison."""


def coverage(title: str, features: Features, test: Features, repeats: int) -> Coverage:
    """Draws of as many as there are features, from the two Gaussians that were fitted to the features."""
    known = [Gaussian.of(item.features) for item in (features, test)]
    truth = frechet_distance(*known)
    generator = np.random.default_rng(0)
    found, plain = [], []
    for _ in range(repeats):
        x, y = (_draw(gaussian, len(features), generator) for gaussian in known)
        found.append(frechet_inf(x, y))
        plain.append(frechet_distance(x, y))
    return Coverage(
        title=title,
        samples=len(features),
        truth=truth,
        repeats=repeats,
        held=sum(item.low <= truth <= item.high for item in found),
        mean=float(np.mean([item.distance for item in found])),
        plain=float(np.mean(plain)),
    )


def coverage_line(measured: Coverage) -> Line:
    share = measured.held / measured.repeats
    bounds = scipy.stats.binomtest(measured.held, measured.repeats).proportion_ci(method="wilson")
    return line(
        f"Known Gaussians, {measured.title}",
        "frechet_inf",
        f"holds the truth in {COVERED:.0%} of draws or more",
        share >= COVERED,
        f"{measured.held} of {measured.repeats} intervals, Wilson 95% {bounds.low:.0%} to {bounds.high:.0%}",
    )


def _draw(gaussian: Gaussian, count: int, generator: np.random.Generator) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(gaussian.covariance)
    root = vectors * np.sqrt(values.clip(min=0))
    drawn: NDArray[np.float64] = generator.standard_normal((count, len(values))) @ root.T + gaussian.mean
    return drawn
