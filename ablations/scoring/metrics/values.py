"""What the metrics work on: what the frozen classifier says of samples and of real images. No torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]
T = TypeVar("T")


@dataclass(frozen=True, eq=False, kw_only=True)
class Features:
    """The frozen classifier's view of n images."""

    features: NDArray[np.float32]
    """Penultimate activations, (n, features)."""
    probabilities: NDArray[np.float32]
    """Softmax outputs, (n, classes)."""

    def __len__(self) -> int:
        return len(self.features)

    @property
    def classes(self) -> int:
        return int(self.probabilities.shape[1])

    @cached_property
    def labels(self) -> Labels:
        """The predicted classes, (n,). Without meaning unless `finite`."""
        labels: Labels = self.probabilities.argmax(1).astype(np.int64)
        return labels

    @cached_property
    def finite(self) -> bool:
        """False if any image had a value that is not a number: the generator has diverged."""
        return bool(np.isfinite(self.features).all() and np.isfinite(self.probabilities).all())


@dataclass(frozen=True, eq=False, kw_only=True)
class Samples:
    """The images of a generator, as the classifier sees them, and the classes they were asked to show, (n,)."""

    seen: Features
    asked: Labels | None = None

    @property
    def wanted(self) -> Labels:
        assert self.asked is not None, "a conditional metric is computed only where classes were asked for"
        return self.asked


@dataclass(frozen=True, eq=False, kw_only=True)
class Reference:
    """The real images that samples are compared with."""

    test: Features
    load_training: Callable[[], Features]
    """Of all training images: they take a second, and few metrics ask for them."""
    digest: str
    """Of the dataset and the classifier: scores of different digests cannot be compared."""
    _kept: dict[Callable[[Reference], Any], Any] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def training(self) -> Features:
        return self.load_training()

    def once(self, compute: Callable[[Reference], T]) -> T:
        """What a function makes of the reference, such as its Gaussian: computed at the first call, then kept."""
        if compute not in self._kept:
            self._kept[compute] = compute(self)
        kept: T = self._kept[compute]
        return kept


def random_parts(count: int, parts: int) -> list[NDArray[np.intp]]:
    """The rows 0 to count - 1 in `parts` disjoint random parts of nearly equal size, always the same ones.

    Neither blocks nor every so-many-th row would do: the samples of a conditional generator come in the order of the
    labels asked for, and such a part could be of one class.
    """
    order = np.random.default_rng(count).permutation(count)
    return [order[start::parts] for start in range(parts)]
