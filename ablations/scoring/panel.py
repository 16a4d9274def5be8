"""The panel: the extractors that look at every model, and what they all say of the same images."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from ablations.config.digest import sha256_of
from ablations.scoring.extractors import load_extractor
from ablations.scoring.features import Extractor, Features

READER, LABEL_FREE = "reader", "contrastive"
PANEL = (READER, LABEL_FREE)
"""By default: one that knows the classes, and one of another kind, trained without labels."""

Views = Mapping[str, Features]
"""What each extractor says of the same n images, by its name."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Extractors that look at the same images; make it with `load_panel`."""

    extractors: tuple[Extractor, ...]

    @functools.cached_property
    def digest(self) -> str:
        """Of all of their weights: scores of different panels cannot be compared."""
        return sha256_of([[one.name, one.digest] for one in self.extractors])

    def views(self, images: Tensor) -> Views:
        """Of images (n, channels, height, width), uint8 or float in [0, 1]; raises what `Extractor.features` does."""
        return {one.name: one.features(images) for one in self.extractors}

    def only(self, *names: str) -> Panel:
        """Some of the extractors."""
        return Panel(tuple(one for one in self.extractors if one.name in names))


@functools.lru_cache(maxsize=4)
def load_panel(names: tuple[str, ...] = PANEL, device: str = "cpu") -> Panel:
    """The extractors of these names, loaded once a process.

    Raises:
        ConfigError: no such extractor.
        DataError: a file of weights is missing or altered.
    """
    return Panel(tuple(load_extractor(name, device=device) for name in names))


def finite(views: Views) -> bool:
    """False if any image had a value that is not a number."""
    return all(one.finite for one in views.values())
