"""Nearest neighbours in feature space, by brute force in blocks: exact, and in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ablations.scoring.metrics.values import Float

BLOCK_BYTES = 8 * 2**20
"""Of the distances that are held at a time: they are looked at several times, so they should stay in the cache."""

GROUPS = 128
"""Of columns, among which the smallest values are sought."""

Float32 = NDArray[np.float32]


def distance_blocks(x: Float, y: Float) -> Iterator[tuple[slice, Float32]]:
    """Squared distances of all rows of x (n, d) to all rows of y (m, d): rows of x, and their block of distances.

    In float32, from |a|^2 + |b|^2 - 2ab: the error is about 1e-6 of the spread of the features, so a distance below
    that (of copies) may come out as anything of that size, also below 0.
    """
    centre = np.asarray(y, dtype=np.float64).mean(0)
    near, far = ((np.asarray(rows, dtype=np.float64) - centre).astype(np.float32) for rows in (x, y))
    # |a|^2 and |b|^2 ride along as two more columns: one matrix product does it all.
    left = np.column_stack([near, (near * near).sum(1), np.ones(len(near), np.float32)])
    right = torch.from_numpy(np.column_stack([-2 * far, np.ones(len(far), np.float32), (far * far).sum(1)]).T.copy())
    rows = max(1, BLOCK_BYTES // (4 * len(far)))
    for start in range(0, len(near), rows):
        block = slice(start, start + rows)
        yield block, (torch.from_numpy(left[block]) @ right).numpy()  # NumPy's own product takes twice the time


def squared_radii(x: Float, neighbours: int) -> NDArray[np.floating[Any]]:
    """The squared distance of each row to its k-th nearest other row: (n,).

    Raises:
        ValueError: there are not k other rows.
    """
    if len(x) <= neighbours:
        raise ValueError(f"{neighbours} neighbours need at least {neighbours + 1} samples, not {len(x)}")
    radii = np.empty(len(x), dtype=np.float32)
    for block, distances in distance_blocks(x, x):
        # The nearest is the row itself, at 0.
        radii[block] = smallest(distances, neighbours)
    return radii


def smallest(distances: Float32, place: int) -> Float32:
    """The value at a place, from 0, of each row (n, m), as sorting gives it; m is more than the place.

    A full partition moves every value. Here the least values of groups of columns are told first: so many of them are
    no larger than the one at that place, and what is larger than that is out.
    """
    width = max(GROUPS, place + 1)
    depth = distances.shape[1] // width
    if depth < 2:
        return np.asarray(np.partition(distances, place, axis=1)[:, place])
    least = distances[:, : depth * width].reshape(len(distances), depth, width).min(1)
    least.partition(place, axis=1)
    left = distances <= least[:, place, None]
    counts = np.count_nonzero(left, axis=1)
    kept = np.full((len(distances), counts.max()), np.inf, dtype=np.float32)
    kept[np.arange(kept.shape[1]) < counts[:, None]] = distances[left]
    kept.partition(place, axis=1)
    return kept[:, place]
