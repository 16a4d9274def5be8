"""What the metrics work on: what one extractor says of samples and of real images. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.features import Features, Labels
from ablations.scoring.metrics.array_types import Float
from ablations.scoring.metrics.reading import Reading

__all__ = ["Features", "Float", "Labels", "Reading", "Reference", "Samples", "random_parts", "reading_of"]

T = TypeVar("T")
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False, kw_only=True)
class Images:
    """Samples or real images, with what several metrics make of them."""

    read: Reading | None = None
    """What the reader reads in them, whichever extractor sees them; None where the data have no classes."""
    _kept: dict[Callable[[Any], Any], Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def reading(self) -> Reading:
        assert self.read is not None, "a metric of classes is computed only where the data have classes"
        return self.read

    def once(self, compute: Callable[[Self], T]) -> T:
        """What a function makes of the images, such as their Gaussian: computed at the first call, then kept."""
        if compute not in self._kept:
            self._kept[compute] = compute(self)
        kept: T = self._kept[compute]
        return kept


@dataclass(frozen=True, eq=False, kw_only=True)
class Samples(Images):
    """The images of a generator, as one extractor sees them."""

    seen: Features
    asked: Labels | None = None
    """The classes they were asked to show, (n,)."""

    @property
    def wanted(self) -> Labels:
        assert self.asked is not None, "a conditional metric is computed only where classes were asked for"
        return self.asked


@dataclass(frozen=True, eq=False, kw_only=True)
class Reference(Images):
    """The real images that samples are compared with, as one extractor sees them; `read` is of the test images."""

    test: Features
    load_training: Callable[[], Features]
    """Of all training images: they take a while, and few metrics ask for them."""
    keep: Callable[[str, Callable[[], Arrays]], Arrays] = lambda name, compute: compute()
    """Keeps arrays by their name from process to process; by default nothing is kept."""

    @cached_property
    def training(self) -> Features:
        return self.load_training()

    def stored(self, compute: Callable[[Reference], Arrays]) -> Arrays:
        """The arrays that a function makes of the reference: as `once`, and kept for the next process too."""
        name = f"{compute.__module__}.{compute.__qualname__}"
        return self.keep(name, lambda: compute(self))


def reading_of(seen: Features) -> Reading | None:
    """What an extractor reads in images; None where it has no classes. Without meaning unless `seen.finite`."""
    if seen.probabilities is None:
        return None
    return Reading(labels=seen.labels, readable=seen.readable, classes=int(seen.probabilities.shape[1]))


def random_parts(count: int, parts: int) -> list[NDArray[np.intp]]:
    """The rows 0 to count - 1 in `parts` disjoint random parts of nearly equal size, always the same ones.

    Neither blocks nor every so-many-th row would do: the samples of a conditional generator come in the order of the
    labels asked for, and such a part could be of one class.
    """
    order = np.random.default_rng(count).permutation(count)
    return [order[start::parts] for start in range(parts)]
