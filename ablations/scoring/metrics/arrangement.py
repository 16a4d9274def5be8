"""Local patches and the arrangement of the whole, told apart (S1-c): does a G that draws good pieces put them right?

`patch_frechet` is the Frechet distance between pieces of the samples and of the test images, all places together:
an image whose pieces are right and stand anywhere is as good as a real one. `layout_frechet` is that of the images
averaged to 8x8: what stands where, of whatever make. `disharmony` is the second in units of what becomes of real images
whose four quarters have changed places: 0 is as harmonious as the data, 1 as little as those. It moves with colours and
with how many different images there are too, more than with misplaced parts (docs/data.md has the figures), so it
compares arrangements only where these are equal, and no claim rests on it.
"""

from __future__ import annotations

import numpy as np

from ablations.scoring.extractors.pieces import PIECE, PIECES
from ablations.scoring.metrics.array_types import Float
from ablations.scoring.metrics.bindings import computes
from ablations.scoring.metrics.frechet import Gaussian, frechet_distance
from ablations.scoring.metrics.values import Reference, Samples


def layout_of(features: Float) -> Float:
    """(n, channels * 64)."""
    return features[:, : features.shape[1] // (1 + PIECES)]


def pieces_of(features: Float) -> Float:
    """(n * `PIECES`, channels * 64)."""
    width = features.shape[1] // (1 + PIECES)
    return features[:, width:].reshape(-1, width)


def with_quarters_swapped(layout: Float) -> Float:
    """Layouts whose four quarters each stand in the place of another: turned by one, by two or by three places."""
    tiles = layout.reshape(len(layout), -1, 2, PIECE // 2, 2, PIECE // 2)
    quarters = np.stack([tiles[:, :, place // 2, :, place % 2] for place in range(4)], 1)
    turned = (np.arange(4) + 1 + np.arange(len(layout))[:, None] % 3) % 4
    moved = quarters[np.arange(len(layout))[:, None], turned]
    rows = [np.concatenate([moved[:, 2 * row], moved[:, 2 * row + 1]], -1) for row in (0, 1)]
    return np.concatenate(rows, -2).reshape(layout.shape)


def _pieces(reference: Reference) -> Gaussian:
    return Gaussian.of(pieces_of(reference.test.features))


def _layout(reference: Reference) -> Gaussian:
    return Gaussian.of(layout_of(reference.test.features))


def _disorder(reference: Reference) -> float:
    """The distance of real images with their quarters swapped."""
    return frechet_distance(with_quarters_swapped(layout_of(reference.test.features)), reference.once(_layout))


@computes("patch_frechet", "layout_frechet", "disharmony")
def _arrangement(samples: Samples, reference: Reference) -> tuple[float, ...]:
    layout = frechet_distance(layout_of(samples.seen.features), reference.once(_layout))
    pieces = frechet_distance(pieces_of(samples.seen.features), reference.once(_pieces))
    disorder = reference.once(_disorder)
    return pieces, layout, layout / disorder if disorder else float("nan")
