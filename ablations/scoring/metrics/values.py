"""What the metrics work on: what the frozen classifier says about images. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Features:
    """The frozen classifier's view of n images."""

    features: NDArray[np.float32]
    """Penultimate activations, (n, 64)."""
    probabilities: NDArray[np.float32]
    """Softmax outputs, (n, 10)."""

    def __len__(self) -> int:
        return len(self.features)

    @cached_property
    def labels(self) -> Labels:
        """The predicted classes, (n,). Without meaning unless `finite`."""
        labels: Labels = self.probabilities.argmax(1).astype(np.int64)
        return labels

    @cached_property
    def finite(self) -> bool:
        """False if any image had a value that is not a number: the generator has diverged."""
        return bool(np.isfinite(self.features).all() and np.isfinite(self.probabilities).all())


def random_parts(count: int, parts: int) -> list[NDArray[np.intp]]:
    """The rows 0 to count - 1 in `parts` disjoint random parts of nearly equal size, always the same ones.

    Neither blocks nor every so-many-th row would do: the samples of a conditional generator come in the order of the
    labels asked for, and such a part could be of one class.
    """
    order = np.random.default_rng(count).permutation(count)
    return [order[start::parts] for start in range(parts)]
