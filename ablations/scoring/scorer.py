"""The one scorer: from a model's images to every metric of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from ablations.catalog.metric_facts import Tier
from ablations.catalog.metrics import primary
from ablations.config.parts import EXTRACTOR_PARTS, METRIC_PARTS
from ablations.data import Dataset
from ablations.data.splits import load_split
from ablations.scoring.identity import scorer_identity
from ablations.scoring.metrics.repeats import SETS, parts_of, repeats
from ablations.scoring.panel import Panel, panel_of
from ablations.scoring.suite import noise_floor, references_of, sample_count, score


class Scorer:
    """Scores images of a model against the test images of a dataset."""

    def __init__(self, dataset: Dataset, panel: Panel) -> None:
        self._panel = panel
        self._references = references_of(dataset, panel)
        self._repeated = next(iter(self._references))
        """By whose features the score is taken again: the reader's."""
        self._parts = parts_of(self._references[self._repeated].test)
        self.identity = scorer_identity(panel)
        self.count = sample_count(dataset)
        """How many images the metrics are taken of."""
        floors = noise_floor(dataset, panel)
        self.noise_floor = floors[primary(floors)]
        """The primary metric of real training images against the test images."""

    def __call__(
        self, draw: Callable[[int], Tensor], asked: NDArray[Any] | None, tier: Tier = "quick"
    ) -> dict[str, float]:
        """The metrics of a tier.

        `draw(number)` gives `count` images (n, channels, height, width) in [0, 1], of other latents for each number;
        number 0 is what is scored. `asked` are the classes that were asked for, (n,), or None.
        """
        views = self._panel.views(draw(0))
        scores = score(views, self._references, asked, tier=tier)
        if tier == "full" and self._parts:
            one = self._panel.only(self._repeated)
            more = [one.views(draw(number))[self._repeated] for number in range(1, SETS)]
            scores |= repeats([views[self._repeated], *more], self._parts)
        return scores


def own_sources() -> str:
    """What of a user's own takes part in every score, each with the digest of its source: empty where nothing does."""
    digests = [
        f"{registry.kind} {name} (SHA-256 {part.origin.sha256[:12]})"
        for registry in (EXTRACTOR_PARTS, METRIC_PARTS)
        for name in registry
        if (part := registry[name]).origin
    ]
    return ", ".join(digests)


def own_files() -> tuple[str, ...]:
    """Names of the sources that these come from."""
    parts = [registry[name] for registry in (EXTRACTOR_PARTS, METRIC_PARTS) for name in registry]
    return tuple(dict.fromkeys(part.origin.name for part in parts if part.origin))


@functools.lru_cache(maxsize=2)
def load_scorer(name: str, split: str, folder: Path | None, device: str, own: str) -> Scorer:
    """The scorer on a split of a dataset; kept for the next job of this process, while `own`, the `own_sources`,
    stay the same.
    """
    return Scorer(load_split(name, split, folder)[0], panel_of(name, folder, device))
