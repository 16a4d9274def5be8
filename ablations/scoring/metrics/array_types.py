"""The arrays that metrics work on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.floating[Any]]
Float64 = NDArray[np.float64]
Labels = NDArray[np.int64]
Mask = NDArray[np.bool_]


def seeded_rows(count: int, most: int) -> NDArray[np.intp]:
    """`most` random rows of so many, always the same ones, in order; all rows if there are no more than that.

    Neither the first ones nor every so-many-th would do: the samples of a conditional generator come in the order of
    the labels asked for.
    """
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(count).permutation(count)[:most])
