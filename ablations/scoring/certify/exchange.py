"""The exchange rate: what skewed class shares of real images cost in the score, and where that part of it lands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from ablations.catalog.metric_facts import of_extractor
from ablations.catalog.metrics import METRICS
from ablations.scoring.certify.lines import Line, line
from ablations.scoring.metrics.balanced_frechet import balanced_frechet
from ablations.scoring.metrics.frechet import Gaussian
from ablations.scoring.metrics.reading import mode_kl, present
from ablations.scoring.metrics.values import reading_of
from ablations.scoring.panel import READER, Views

CONCENTRATIONS = (1000.0, 100.0, 30.0, 10.0, 3.0, 1.0)
"""Of the symmetric Dirichlet distribution that shares are drawn from: from nearly even to a few classes."""
DRAWS = 5
FOLLOWS = 0.9
"""Rank correlation of the part that is owed to class shares with their divergence."""
LEAK = 0.1
"""Share of the whole distance that the image part may grow by, where all classes are still there."""


@dataclass(frozen=True, kw_only=True)
class Skewed:
    """Real images with skewed class shares, as the features of one extractor see them."""

    extractor: str
    concentration: float
    divergence: float
    """KL of the shares to the data's, in nats."""
    classes: int
    """Those that are drawn at least a tenth as often as in the data."""
    whole: float
    images: float
    class_shares: float


def skewed(train: Views, test: Views, labels: NDArray[np.integer], samples: int) -> tuple[Skewed, ...]:
    """Training images drawn with Dirichlet shares, `samples` at a time; of a class that has fewer, some repeatedly."""
    real = {name: Gaussian.of(seen.features) for name, seen in test.items()}
    read_test = reading_of(test[READER])
    assert read_test is not None, "the reader knows classes"
    generator = np.random.default_rng(0)
    by_class = [np.flatnonzero(labels == label) for label in range(read_test.classes)]
    found = []
    for concentration in CONCENTRATIONS:
        for _ in range(DRAWS):
            shares = generator.dirichlet(np.full(read_test.classes, concentration))
            counts = generator.multinomial(samples, shares)
            drawn = zip(by_class, counts, strict=True)
            rows = np.concatenate([np.resize(generator.permutation(rows), count) for rows, count in drawn])
            read = reading_of(train[READER].rows(rows))
            assert read is not None, "the reader knows classes"
            for name, seen in train.items():
                parts = balanced_frechet(
                    seen.features[rows], read, test[name].features, read_test, real_gaussian=real[name]
                )
                found.append(
                    Skewed(
                        extractor=name,
                        concentration=concentration,
                        divergence=mode_kl(read, read_test),
                        classes=int(present(read, read_test).sum()),
                        whole=parts.whole,
                        images=parts.images,
                        class_shares=parts.class_shares,
                    )
                )
    return tuple(found)


def exchange_lines(found: tuple[Skewed, ...], floor: Mapping[str, float]) -> list[Line]:
    """`floor`: the distance of undamaged real images by each extractor, which skewed shares must not add to."""
    lines = []
    for name, undamaged in floor.items():
        rows = [item for item in found if item.extractor == name]
        follows = float(
            scipy.stats.spearmanr([item.class_shares for item in rows], [item.divergence for item in rows]).statistic
        )
        subject = "Skewed class shares"
        lines.append(
            line(
                subject,
                of_extractor(METRICS["class_share_frechet"], name).name,
                f"follows their divergence with a rank correlation of {FOLLOWS:g} or more",
                follows >= FOLLOWS,
                f"{follows:.3f} over {len(rows)} draws",
            )
        )
        complete = [item for item in rows if item.classes == max(one.classes for one in rows)]
        leaks = [(item.images - undamaged) / item.whole for item in complete if item.whole > 2 * undamaged]
        worst = max(leaks, default=0.0)
        lines.append(
            line(
                subject,
                of_extractor(METRICS["balanced_frechet"], name).name,
                f"takes up at most {LEAK:.0%} of the distance while all classes are there",
                worst <= LEAK,
                f"at most {worst:.1%} over {len(leaks)} draws",
            )
        )
    return lines


def rate(found: tuple[Skewed, ...], extractor: str) -> float:
    """How much of the distance a nat of divergence costs: the slope through 0 over draws with all classes."""
    rows = [item for item in found if item.extractor == extractor]
    rows = [item for item in rows if item.classes == max(one.classes for one in rows)]
    x, y = (np.array([getattr(item, key) for item in rows]) for key in ("divergence", "class_shares"))
    return float((x * y).sum() / (x * x).sum())
