"""The scores again, by extractors of other seeds: how far do they move, and do the verdicts?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from torch import Tensor

from ablations.data import Dataset
from ablations.scoring.extractors import load_extractor
from ablations.scoring.panel import LABEL_FREE, READER, Panel
from ablations.scoring.suite import References, evaluate, references_of, sample_count

DISTANCES = ("frechet", "balanced_frechet", "class_share_frechet")


def panels(folder: Path) -> dict[int, Panel]:
    """By seed, those of the files `reader-SEED.safetensors` and `contrastive-SEED.safetensors` of a folder; a seed
    needs both. Seed 0 are the frozen ones, by which results are scored already.

    Raises:
        DataError: a file is altered.
    """
    found = {}
    for file in sorted(folder.glob(f"{READER}-*.safetensors")):
        seed = file.stem.removeprefix(f"{READER}-")
        other = file.with_name(f"{LABEL_FREE}-{seed}.safetensors")
        if seed.isdigit() and int(seed) and other.exists():
            found[int(seed)] = Panel((load_extractor(f"{READER}:{file}"), load_extractor(f"{LABEL_FREE}:{other}")))
    return found


class ScoredAgain:
    """Scores images by several panels against the same test images."""

    def __init__(self, dataset: Dataset, by_seed: Mapping[int, Panel]) -> None:
        self._panels = by_seed
        self.shape = dataset.shape
        self.count = sample_count(dataset)
        """Images of a model."""
        self._references: dict[int, References] = {seed: references_of(dataset, one) for seed, one in by_seed.items()}

    def __call__(self, images: Tensor, seeds: Iterable[int]) -> Iterator[tuple[int, dict[str, float]]]:
        """The distances by the panels of some seeds; the names are those of results."""
        for seed in seeds:
            scores = evaluate(images, self._panels[seed], self._references[seed])
            yield seed, {name: value for name, value in scores.items() if _bare(name) in DISTANCES}


def _bare(name: str) -> str:
    return name.removeprefix(f"{LABEL_FREE}_").rsplit("_", 1)[0]
