"""Nearest neighbours among many rows, exactly, while most rows are never looked at.

The rows lie in cells around centres, and in each cell in shells by their distance from the centre. By the triangle
inequality a row in a shell between r and R is no nearer to x than |x - centre| - R and r - |x - centre|: where that is
more than x has found already, the shell is left out. Of 60,000 training images a fifth is looked at for the samples of
a GAN, and a fifteenth for real ones.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ablations.scoring.metrics.array_types import Float, Float64

CELLS = 256
ROWS = 60
"""Of a shell, about: fewer are left out more often, more make a faster product."""
LEARNT_FROM = 20_000
"""Rows that the centres are fitted to."""
ROUNDS = 5
CHUNK = 10_000
"""Rows that are searched for at a time."""
ROUNDING = 1e-5
"""Of squared lengths: more than the error of a squared distance in float32."""

Float32 = NDArray[np.float32]
Places = NDArray[np.intp]
T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, eq=False, kw_only=True)
class Shells:
    """Rows (m, d), ready to be searched; make it with `Shells.of`."""

    rows: Float
    """(m, d), as they were given."""
    order: Places
    """The rows cell by cell and shell by shell, (m,)."""
    centres: Float64
    """(cells, d), after `mean` is taken off."""
    cells: Places
    """The cell of each shell."""
    starts: Places
    """Where each shell begins in `order`; its end is the next one's beginning."""
    inner: Float64
    outer: Float64
    """How far from their centre the nearest and the farthest row of each shell lie."""

    @classmethod
    def of(cls, rows: Float) -> Shells:
        """Of rows (m, d), at least one."""
        wide = np.asarray(rows, dtype=np.float64)
        wide = wide - wide.mean(0)
        centres = _centres(wide)
        nearest = np.concatenate([_distances(centres, part).argmin(0) for part in _chunks(wide)])
        lengths = np.sqrt(((wide - centres[nearest]) ** 2).sum(1))
        order = np.lexsort((lengths, nearest))
        lengths, nearest = lengths[order], nearest[order]
        bounds = np.searchsorted(nearest, np.arange(len(centres) + 1))
        shells = [
            part
            for first, last in itertools.pairwise(bounds)
            if last > first
            for part in np.array_split(np.arange(first, last), max(1, round((last - first) / ROWS)))
        ]
        starts, ends = (np.array([part[place] for part in shells]) for place in (0, -1))
        return cls(
            rows=rows,
            order=order,
            centres=centres,
            cells=nearest[starts],
            starts=starts,
            inner=lengths[starts],
            outer=lengths[ends],
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All but the rows, to be kept: `Shells(rows=rows, **arrays)` is the way back."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "rows"}

    @cached_property
    def mean(self) -> Float64:
        """Products lose fewer digits where the rows lie around 0."""
        mean: Float64 = np.asarray(self.rows, dtype=np.float64).mean(0)
        return mean

    @cached_property
    def _right(self) -> Float32:
        """The rows in their order, as one factor of a product that gives squared distances."""
        near = _centred(self.rows, self.mean)[self.order]
        return np.column_stack([-2 * near, np.ones(len(near), np.float32), (near * near).sum(1)])

    def nearest(self, x: Float) -> tuple[Float64, Places]:
        """The distance of each row of x (n, d) to the nearest row, exact in float64, and its index; both (n,)."""
        return self._exact(x, np.concatenate([self._search(part, None) for part in _chunks(x)]))

    def spacing(self) -> Float64:
        """The distance of each row to the nearest other one, (m,).

        Raises:
            ValueError: there is no other row.
        """
        if len(self.rows) < 2:
            raise ValueError(f"a nearest other row needs at least 2 rows, not {len(self.rows)}")
        places = np.argsort(self.order)
        parts = zip(_chunks(self.rows), _chunks(places), strict=True)
        return self._exact(self.rows, np.concatenate([self._search(part, own) for part, own in parts]))[0]

    def _exact(self, x: Float, found: Places) -> tuple[Float64, Places]:
        difference = np.asarray(x, dtype=np.float64) - np.asarray(self.rows[found], dtype=np.float64)
        return np.sqrt((difference**2).sum(1)), found

    def _search(self, x: Float, own: Places | None) -> Places:
        """The index of the row nearest to each row of x; `own` is where x itself stands in `order`, to be passed by."""
        near = _centred(x, self.mean)
        lengths = (near * near).sum(1)
        left = np.column_stack([near, lengths, np.ones(len(near), np.float32)])
        apart = _distances(self.centres, np.asarray(x, dtype=np.float64) - self.mean)
        shortest, places = np.full(len(x), np.inf, dtype=np.float32), np.zeros(len(x), dtype=np.intp)
        ends = np.append(self.starts[1:], len(self.order))

        def look(rows: Places, first: int, last: int) -> None:
            """Compare some rows of x with the rows from place `first` to `last`."""
            # NumPy's product: oneDNN makes a kernel for each shape, and here nearly every product has its own.
            distances: Float32 = self._right[first:last] @ left[rows].T
            if own is not None:
                itself = np.flatnonzero((own[rows] >= first) & (own[rows] < last))
                distances[own[rows[itself]] - first, itself] = np.inf
            values = distances.min(0)
            closer = np.flatnonzero(values < shortest[rows])
            shortest[rows[closer]] = values[closer]
            places[rows[closer]] = distances[:, closer].argmin(0) + first

        present, first_shells = np.unique(self.cells, return_index=True)
        last_shells = np.append(first_shells[1:], len(self.cells))
        home = present[apart[present].argmin(0)]
        for cell, one, other in zip(present, first_shells, last_shells, strict=True):
            if len(rows := np.flatnonzero(home == cell)):
                look(rows, int(self.starts[one]), int(ends[other - 1]))
        for cell, one, other in zip(present, first_shells, last_shells, strict=True):
            reach = np.sqrt(np.maximum(shortest, 0) + ROUNDING * (2 * lengths + np.maximum(shortest, 0)))
            low, high = apart[cell] - reach, apart[cell] + reach
            low[home == cell] = np.inf
            for shell in range(one, other):
                if len(rows := np.flatnonzero((low <= self.outer[shell]) & (high >= self.inner[shell]))):
                    look(rows, int(self.starts[shell]), int(ends[shell]))
        return self.order[places]


def _centres(wide: Float64) -> Float64:
    """The means of Voronoi cells after a few rounds of Lloyd's; cells that lose all their rows stay where they are."""
    some = wide[np.random.default_rng(len(wide)).permutation(len(wide))[:LEARNT_FROM]]
    centres = some[: max(1, min(CELLS, len(wide) // ROWS))].copy()
    for _ in range(ROUNDS):
        nearest = _distances(centres, some).argmin(0)
        order = np.argsort(nearest, kind="stable")
        taken, starts = np.unique(nearest[order], return_index=True)
        centres[taken] = np.add.reduceat(some[order], starts) / np.diff(np.append(starts, len(some)))[:, None]
    return centres


def _distances(centres: Float64, x: Float64) -> Float64:
    """Of x (n, d) from centres (k, d): (k, n)."""
    squares = (centres**2).sum(1)[:, None] + (x**2).sum(1) - 2 * (centres @ x.T)
    distances: Float64 = np.sqrt(np.maximum(squares, 0, out=squares), out=squares)
    return distances


def _centred(rows: Float, mean: Float64) -> Float32:
    return (np.asarray(rows, dtype=np.float64) - mean).astype(np.float32)


def _chunks(rows: NDArray[T]) -> list[NDArray[T]]:
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]
