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

CHUNK = 10_000
"""Rows that all others are compared with at a time: with more, blocks of that size are too flat for a fast product."""

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


def nearest(x: Float, y: Float) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The distance of each row of x to the nearest row of y, exact in float64, and that row's index; both (n,)."""
    shortest = np.full(len(x), np.inf, dtype=np.float32)
    indices = np.zeros(len(x), dtype=np.intp)
    for start in range(0, len(y), CHUNK):
        for block, distances in distance_blocks(x, y[start : start + CHUNK]):
            where = distances.argmin(1)
            values = distances[np.arange(len(where)), where]
            closer = values < shortest[block]
            shortest[block][closer] = values[closer]
            indices[block][closer] = where[closer] + start
    difference = np.asarray(x, dtype=np.float64) - np.asarray(y, dtype=np.float64)[indices]
    return np.sqrt((difference**2).sum(1)), indices


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
        distances.partition(neighbours, axis=1)
        radii[block] = distances[:, neighbours]
    return radii


def second_nearest(x: Float, y: Float) -> NDArray[np.floating[Any]]:
    """The squared distance of each row of x (n, d), which y (m, d) has too, to the nearest other row of y: (n,).

    Raises:
        ValueError: y has no other row.
    """
    if len(y) < 2:
        raise ValueError(f"a nearest other row needs at least 2 rows, not {len(y)}")
    two = np.full((len(x), 2), np.inf, dtype=np.float32)
    for start in range(0, len(y), CHUNK):
        for block, distances in distance_blocks(x, y[start : start + CHUNK]):
            kept = np.concatenate(
                [two[block], np.partition(distances, min(1, distances.shape[1] - 1), axis=1)[:, :2]], 1
            )
            two[block] = np.sort(kept, axis=1)[:, :2]
    return two[:, 1]
